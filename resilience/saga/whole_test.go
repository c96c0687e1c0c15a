package saga_test

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"thalamus/stores"
)

// whole wants every node of the scope to have its copies and its record, nothing to be there without its node, and no
// claim to be held.
func (m memory) whole(t testing.TB) {
	t.Helper()
	for _, bad := range m.halves(t) {
		t.Error(bad)
	}
}

// halves names what is not whole.
func (m memory) halves(t testing.TB) (bad []string) {
	t.Helper()
	nodes := map[stores.Kind][]stores.ID{
		stores.KindEpisode:   idsOf(t, m.scope, m.Set.Episodes.List),
		stores.KindEntity:    idsOf(t, m.scope, m.Set.Entities.List),
		stores.KindProcedure: idsOf(t, m.scope, m.Set.Procedures.List),
		stores.KindTodo:      idsOf(t, m.scope, m.Set.Todos.List),
	}
	for kind, c := range stores.Collections {
		points, err := m.Set.Vectors.Scroll(context.Background(), m.scope, c, stores.Filter{}, "", 100_000)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(points)
		if d := cmp.Diff(nodes[kind], points, cmpopts.EquateEmpty()); d != "" {
			bad = append(bad, string(kind)+": points (-nodes +points):\n"+d)
		}
	}
	page, err := m.Set.EntityRecords.List(context.Background(), m.scope, stores.Query{Page: stores.Page{First: 100_000}})
	if err != nil {
		t.Fatal(err)
	}
	records := map[stores.ID]*stores.EntityRecord{}
	for _, r := range page.Items {
		records[r.ID] = r
	}
	if d := cmp.Diff(nodes[stores.KindEntity], slices.Sorted(maps.Keys(records)), cmpopts.EquateEmpty()); d != "" {
		bad = append(bad, "records (-entities +records):\n"+d)
	}
	entities, err := m.Set.Entities.ByID(context.Background(), m.scope, nodes[stores.KindEntity], nil)
	if err != nil {
		t.Fatal(err)
	}
	for id, e := range entities {
		r := records[id]
		if r != nil && (r.Name != e.Name || r.Version != e.Version || r.Before != nil || r.Current != (e.SupersededBy == "")) {
			bad = append(bad, "the record of "+e.Name+" belongs to another version: "+cmp.Diff(e, r))
		}
	}
	return bad
}

// idsOf lists the ids of a noun, in order.
func idsOf[T stores.Node](t testing.TB, s stores.Scope, list func(context.Context, stores.Scope, stores.Query) (stores.Slice[T], error)) []stores.ID {
	t.Helper()
	page, err := list(context.Background(), s, stores.Query{Page: stores.Page{First: 100_000}})
	if err != nil {
		t.Fatal(err)
	}
	ids := []stores.ID{}
	for _, n := range page.Items {
		ids = append(ids, n.Ref().ID)
	}
	slices.Sort(ids)
	return ids
}
