package neo4j_test

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	driver "github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"thalamus/stores"
	"thalamus/stores/neo4j"
	"thalamus/stores/storestest"
)

// fences is a scope that holds nothing, and a saga that writes there.
type fences struct {
	*testing.T
	db    *neo4j.DB
	scope stores.Scope
	saga  stores.ID
	sent  func() (text string, params map[string]any) // the last statement
}

func newFences(t *testing.T) fences {
	db := open(t)
	var text string
	var params map[string]any
	db.Observe(func(_ driver.AccessMode, t string, p map[string]any) { text, params = t, maps.Clone(p) })
	return fences{t, db, stores.NewScope("u-"+string(stores.NewID()), "", ""), stores.NewID(), func() (string, map[string]any) { return text, params }}
}

func (f fences) ctx(token int) context.Context {
	return stores.Fenced(f.Context(), stores.Fence{Saga: f.saga, Token: token})
}

func (f fences) create(token int, id stores.ID) error {
	e := &stores.Entity{ID: id, Scope: f.scope, Name: "late"}
	e.SetDefaults(stores.Now())
	return f.db.Entities().Put(f.ctx(token), f.scope, []*stores.Entity{e})
}

func (f fences) undo(token int, id stores.ID) error {
	_, err := f.db.Entities().Delete(f.ctx(token), f.scope, []stores.ID{id})
	return err
}

// begin sends a statement in a transaction that stays open until commit is called.
func (f fences) begin(text string, params map[string]any) (commit func()) {
	f.Helper()
	tx, err := f.db.Begin(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	result, err := tx.Run(f.Context(), text, map[string]any{"p": params})
	if err == nil {
		_, err = result.Consume(f.Context())
	}
	if err != nil {
		f.Fatal(err)
	}
	return func() {
		if err := tx.Commit(f.Context()); err != nil {
			f.Fatal(err)
		}
	}
}

// waits wants a write not to end before commit is called, and gives its error.
func (f fences) waits(commit func(), write func() error) error {
	f.Helper()
	done := make(chan error, 1)
	go func() { done <- write() }()
	select {
	case err := <-done:
		f.Errorf("the write did not wait for the one before it (%v)", err)
		commit()
		return err
	case <-time.After(300 * time.Millisecond):
		commit()
		return <-done
	}
}

func (f fences) entities(want int) {
	f.Helper()
	if n, err := f.db.Entities().Count(f.Context(), f.scope, stores.Filter{}); n != want || err != nil {
		f.Errorf("%d entities are stored (%v), want %d", n, err, want)
	}
}

// TestUndoWaitsForItsWrite wants an undo to find what a write that has not ended yet leaves, in a scope without a node.
func TestUndoWaitsForItsWrite(t *testing.T) {
	f, id := newFences(t), stores.NewID()
	if err := f.create(1, id); err != nil {
		t.Fatal(err)
	}
	text, params := f.sent()
	if err := f.undo(1, id); err != nil {
		t.Fatal(err)
	}
	if err := f.waits(f.begin(text, params), func() error { return f.undo(2, id) }); err != nil {
		t.Error(err)
	}
	f.entities(0)
}

// TestWriteWaitsForItsUndo wants a write to see the fence of an undo that has not ended yet.
func TestWriteWaitsForItsUndo(t *testing.T) {
	f, id := newFences(t), stores.NewID()
	if err := f.undo(2, id); err != nil {
		t.Fatal(err)
	}
	text, params := f.sent()
	f.saga = stores.NewID()
	params["saga"] = string(f.saga)
	if err := f.waits(f.begin(text, params), func() error { return f.create(1, id) }); !errors.Is(err, stores.ErrFenced) {
		t.Errorf("the late write got %v", err)
	}
	f.entities(0)
}

// TestOldFencesAreForgotten wants a fence to go once it was kept for long enough, and another to stay.
func TestOldFencesAreForgotten(t *testing.T) {
	f, kept := newFences(t), stores.NewID()
	old := f.saga
	age := func(saga stores.ID, by time.Duration) {
		t.Helper()
		f.saga = saga
		if err := f.undo(2, stores.NewID()); err != nil {
			t.Fatal(err)
		}
		f.begin("MATCH (f:ThalamusFence {saga: $p.saga}) SET f.at = $p.at", map[string]any{
			"saga": string(saga), "at": stores.Now().Add(-by).UnixMicro(),
		})()
	}
	age(old, stores.FenceKept+time.Minute)
	age(kept, stores.FenceKept-time.Minute)
	f.db = open(t) // which has not looked for old fences yet
	f.saga = stores.NewID()
	if err := f.undo(2, stores.NewID()); err != nil {
		t.Fatal(err)
	}
	f.saga = kept
	if err := f.create(1, stores.NewID()); !errors.Is(err, stores.ErrFenced) {
		t.Errorf("a write against a fence that is kept got %v", err)
	}
	f.saga = old
	if err := f.create(1, stores.NewID()); err != nil {
		t.Errorf("a write against a fence that was forgotten got %v", err)
	}
	f.entities(1)
}

// TestFencesAreNoMemory wants a database that holds nothing but fences to count as empty.
func TestFencesAreNoMemory(t *testing.T) {
	url := storestest.Server(t, stores.RoleGraph) + "?namespace=" + string(stores.NewID())
	db, err := neo4j.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	f := newFences(t)
	f.db = db
	if err := f.undo(2, stores.NewID()); err != nil {
		t.Fatal(err)
	}
	if err := f.create(1, stores.NewID()); !errors.Is(err, stores.ErrFenced) {
		t.Errorf("a late write got %v", err)
	}
	if facts, err := db.Facts(t.Context()); err != nil || !facts.Empty {
		t.Errorf("facts %+v (%v), want none of a memory", facts, err)
	}
}
