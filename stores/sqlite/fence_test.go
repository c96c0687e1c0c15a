package sqlite

import (
	"context"
	"errors"
	"testing"
	"time"

	"thalamus/stores"
)

// TestFences wants a delayed write in the name of a saga to be refused once a newer one was seen, in every contract.
func TestFences(t *testing.T) {
	db, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the test is over
	s, saga := stores.NewScope("u", "", ""), stores.NewID()
	put := func(name string, f stores.Fence) error {
		e := &stores.Entity{Scope: s, Name: name}
		e.SetDefaults(stores.Now())
		return db.Entities().Put(stores.Fenced(t.Context(), f), s, []*stores.Entity{e})
	}
	upsert := func(f stores.Fence) error {
		ctx := stores.Fenced(t.Context(), f)
		if err := db.Vectors().Bind(ctx, stores.Model{Name: "m", Dimension: 2}); err != nil {
			return err
		}
		return db.Vectors().Upsert(ctx, s, stores.CollectionEntities, []stores.Point{{ID: stores.NewID(), Vector: []float32{1, 0}}})
	}
	for i, c := range []struct {
		token   int
		refused bool
	}{{1, false}, {1, false}, {2, false}, {1, true}, {2, false}, {5, false}, {4, true}, {5, false}, {1, true}} {
		for what, err := range map[string]error{"entities": put("of the saga", stores.Fence{Saga: saga, Token: c.token}),
			"vectors": upsert(stores.Fence{Saga: saga, Token: c.token})} {
			if got := errors.Is(err, stores.ErrFenced) && errors.Is(err, stores.ErrConflict); got != c.refused || !got && err != nil {
				t.Errorf("write %d with token %d to the %s gave %v", i, c.token, what, err)
			}
		}
		if err := put("of another", stores.Fence{Saga: stores.NewID(), Token: 1}); err != nil {
			t.Errorf("write of another saga: %v", err)
		}
	}
	n, err := db.Entities().Count(t.Context(), s, stores.Where("name", stores.Eq, "of the saga"))
	if err != nil || n != 6 {
		t.Errorf("%d entities were written, %v; want 6", n, err)
	}
	if err := db.Atomic(stores.Fenced(t.Context(), stores.Fence{Saga: saga, Token: 1}), func(context.Context) error { return nil }); err != nil {
		t.Errorf("a transaction of several writes: %v", err)
	}
}

// TestFenceOfFailure wants a fence to be remembered together with the write only, and those of long ago to be forgotten.
func TestFenceOfFailure(t *testing.T) {
	db, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the test is over
	write := func(f stores.Fence, fail error) error {
		return db.write(stores.Fenced(t.Context(), f), func(context.Context, querier) error { return fail })
	}
	count := func() (n int) {
		if err := db.readers.QueryRow("SELECT count(*) FROM fences").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	sorry, saga := errors.New("sorry"), stores.NewID()
	if err := write(stores.Fence{Saga: saga, Token: 3}, sorry); !errors.Is(err, sorry) || count() != 0 {
		t.Errorf("a failed write gave %v and left %d fences", err, count())
	}
	if err := errors.Join(write(stores.Fence{Saga: saga, Token: 3}, nil), write(stores.Fence{Saga: stores.NewID(), Token: 1}, nil)); err != nil || count() != 1 {
		t.Errorf("two writes gave %v and left %d fences, want 1", err, count())
	}
	if _, err := db.writer.Exec("UPDATE fences SET at = ?", time.Now().Add(-stores.FenceKept-time.Minute).UnixMicro()); err != nil {
		t.Fatal(err)
	}
	if err := write(stores.Fence{Saga: stores.NewID(), Token: 2}, nil); err != nil || count() != 1 {
		t.Errorf("a write after a day gave %v and left %d fences, want its own", err, count())
	}
}
