package loaders_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"thalamus/graph/graphtest"
	"thalamus/loaders"
	"thalamus/resilience"
	"thalamus/resilience/saga"
	"thalamus/stores"
)

func TestMain(m *testing.M) { graphtest.Main(m) }

// fixture is a response's loaders over some entities, and the calls that they make.
type fixture struct {
	*loaders.Loaders
	entities []stores.ID
	log      *graphtest.Log

	mu    sync.Mutex
	calls []string
	fault error
	boom  bool
}

func start(t *testing.T, n int) *fixture {
	t.Helper()
	g := graphtest.New(t)
	f := &fixture{log: &graphtest.Log{}}
	b := saga.Batch{}
	for i := range n {
		e := saga.EntityParts{Entity: &stores.Entity{ID: stores.NewID(), Name: fmt.Sprintf("%02d", i)}, Record: &stores.EntityRecord{Content: "c"}}
		b.Entities = append(b.Entities, e)
		f.entities = append(f.entities, e.Entity.ID)
	}
	if err := g.Writes.Import(t.Context(), graphtest.Scope, b); err != nil {
		t.Fatal(err)
	}
	g.Break(func(op resilience.Op) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.calls = append(f.calls, fmt.Sprintf("%s %d", op.Name, op.Keys))
		if f.boom {
			panic("boom")
		}
		return f.fault
	})
	f.Loaders = loaders.New(g.Set, graphtest.Scope, slog.New(f.log))
	return f
}

// place is a place that remembers what arrived at it.
func place(key string) (*loaders.Place, *map[stores.Kind]int) {
	arrived := &map[stores.Kind]int{}
	return &loaders.Place{
		Key: key, Path: key, Select: func(stores.Kind) []stores.Field { return nil },
		Arrived: func(n map[stores.Kind]int) { *arrived = n },
	}, arrived
}

// together loads ids at a place, each on a goroutine.
func (f *fixture) together(at *loaders.Place, ids ...stores.ID) ([]*stores.Entity, []error) {
	out, errs := make([]*stores.Entity, len(ids)), make([]error, len(ids))
	var wg sync.WaitGroup
	for i, id := range ids {
		wg.Go(func() { out[i], errs[i] = f.Entity(context.Background(), at, id) })
	}
	wg.Wait()
	return out, errs
}

func (f *fixture) made(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(f.calls, want) {
		t.Errorf("calls %v, want %v", f.calls, want)
	}
	if lines := f.log.Lines(slog.LevelWarn); len(lines) > 0 {
		t.Error(lines)
	}
	f.calls = nil
}

// TestAnnouncedLoadsLeaveTogether wants one call with the distinct keys, and every load its own value.
func TestAnnouncedLoadsLeaveTogether(t *testing.T) {
	f := start(t, 3)
	at, arrived := place("x")
	f.Expect("x", 5)
	got, errs := f.together(at, f.entities[0], f.entities[1], f.entities[0], "", stores.NewID())
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if got[0].Name != "00" || got[1].Name != "01" || got[2] != got[0] || got[3] != nil || got[4] != nil {
		t.Errorf("%v", got)
	}
	if (*arrived)[stores.KindEntity] != 3 {
		t.Errorf("arrived %v: each load that found something counts", *arrived)
	}
	f.made(t, "entities.byId 3")
}

// TestPlacesShareABatch wants one call for two places of one key, each told of its own nodes.
func TestPlacesShareABatch(t *testing.T) {
	f := start(t, 2)
	a, atA := place("x")
	b, atB := place("x")
	f.Expect("x", 2)
	f.Expect("x", 1)
	var wg sync.WaitGroup
	wg.Go(func() { f.together(a, f.entities...) })
	wg.Go(func() { f.together(b, f.entities[0]) })
	wg.Wait()
	if (*atA)[stores.KindEntity] != 2 || (*atB)[stores.KindEntity] != 1 {
		t.Errorf("arrived %v and %v", *atA, *atB)
	}
	f.made(t, "entities.byId 2")
}

// TestBatchesOfOtherKeys wants a call for each key, and a second batch after the first.
func TestBatchesOfOtherKeys(t *testing.T) {
	f := start(t, 2)
	x, _ := place("x")
	y, _ := place("y")
	for range 2 {
		f.Expect("x", 2)
		f.Expect("y", 1)
		f.together(x, f.entities...)
		f.together(y, f.entities[0])
	}
	f.made(t, "entities.byId 2", "entities.byId 1", "entities.byId 2", "entities.byId 1")
}

// TestUnannouncedLoadsLeaveAlone wants no wait for others that may never come.
func TestUnannouncedLoadsLeaveAlone(t *testing.T) {
	f := start(t, 2)
	at, _ := place("x")
	for _, id := range f.entities {
		if got, errs := f.together(at, id); errs[0] != nil || got[0].ID != id {
			t.Errorf("%v %v", got, errs)
		}
	}
	f.made(t, "entities.byId 1", "entities.byId 1")
}

// TestNobodysIDCostsNothing wants no call for the empty id.
func TestNobodysIDCostsNothing(t *testing.T) {
	f := start(t, 1)
	at, _ := place("x")
	f.Expect("x", 2)
	if got, errs := f.together(at, "", ""); got[0] != nil || errors.Join(errs...) != nil {
		t.Errorf("%v %v", got, errs)
	}
	f.made(t)
}

// TestNamesLeaveTogether wants one call for the distinct names of a batch, and nothing for a name that nobody has.
func TestNamesLeaveTogether(t *testing.T) {
	f := start(t, 2)
	at, arrived := place("x")
	f.Expect("x", 4)
	var wg sync.WaitGroup
	for _, name := range []string{"00", "01", "00", "nobody"} {
		wg.Go(func() {
			e, err := f.EntityByName(context.Background(), at, name)
			if err != nil || (e != nil) != (name != "nobody") || e != nil && e.Name != name {
				t.Errorf("%s: %v %v", name, e, err)
			}
		})
	}
	wg.Wait()
	if (*arrived)[stores.KindEntity] != 3 {
		t.Errorf("arrived %v", *arrived)
	}
	f.made(t, "entities.byName 3")
}

// TestErrorsReachEveryLoad wants the store's error at each load, nothing announced, and the next batch unharmed.
func TestErrorsReachEveryLoad(t *testing.T) {
	f := start(t, 2)
	at, arrived := place("x")
	f.fault = stores.Unavailable("sqlite", nil)
	f.Expect("x", 2)
	_, errs := f.together(at, f.entities...)
	for _, err := range errs {
		if !errors.Is(err, stores.ErrUnavailable) {
			t.Errorf("%v", err)
		}
	}
	if len(*arrived) != 0 {
		t.Errorf("arrived %v", *arrived)
	}
	f.fault, f.calls = nil, nil
	f.Expect("x", 2)
	if _, errs := f.together(at, f.entities...); errors.Join(errs...) != nil {
		t.Errorf("%v", errs)
	}
	f.made(t, "entities.byId 2")
}

// TestPanicsAreErrors wants a panic in a batch to be an error of its loads, with the words of the panic.
func TestPanicsAreErrors(t *testing.T) {
	f := start(t, 1)
	at, _ := place("x")
	f.boom = true
	if _, errs := f.together(at, f.entities[0]); errs[0] == nil || !strings.Contains(errs[0].Error(), "boom") {
		t.Errorf("%v", errs)
	}
}

// TestOnlySelectedColumns wants heavy fields to stay in the store unless a place of the batch selects them.
func TestOnlySelectedColumns(t *testing.T) {
	f := start(t, 1)
	a, _ := place("x")
	b, _ := place("y")
	b.Select = func(k stores.Kind) []stores.Field { return []stores.Field{"summary"} }
	a.Select = func(k stores.Kind) []stores.Field { return []stores.Field{} }
	light, _ := f.together(a, f.entities[0])
	heavy, _ := f.together(b, f.entities[0])
	if light[0].Summary != "" || heavy[0].Summary == "" {
		t.Errorf("summaries %q and %q", light[0].Summary, heavy[0].Summary)
	}
}

// TestCountsOncePerBatch wants the parents of a list to share its count.
func TestCountsOncePerBatch(t *testing.T) {
	f := start(t, 3)
	at, _ := place("x")
	f.Expect("x", 4)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			page, err := f.EntitiesOfScope(context.Background(), at, stores.Query{Page: stores.Page{First: 1}})
			if err != nil || len(page.Items) != 1 {
				t.Errorf("%v %v", page, err)
				return
			}
			if n, err := page.Count(); n != 3 || err != nil {
				t.Errorf("%d %v", n, err)
			}
		})
	}
	wg.Wait()
	f.made(t, "entities.list 0", "entities.count 0")
}

// TestListsKeepTheirOrder wants entities in the order of their ids, those that are gone left out.
func TestListsKeepTheirOrder(t *testing.T) {
	f := start(t, 3)
	at, _ := place("x")
	got, err := f.Entities(context.Background(), at, []stores.ID{f.entities[2], stores.NewID(), f.entities[0], f.entities[2]})
	if err != nil || len(got) != 3 || got[0].Name != "02" || got[1].Name != "00" || got[2].Name != "02" {
		t.Errorf("%v %v", got, err)
	}
}
