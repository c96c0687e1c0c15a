package sqlite_test

import (
	"errors"
	"fmt"
	"testing"

	"thalamus/stores"
)

// TestEdgeThatMeetsTwoOthers puts an edge with the id of one stored edge and the ends of another: the ends decide, as
// they do for a new id, and the edge whose id was used stays.
func TestEdgeThatMeetsTwoOthers(t *testing.T) {
	db := open(t, t.TempDir())
	s, ctx := newScope(), t.Context()
	var ends []*stores.Entity
	for i := range 3 {
		ends = append(ends, newEntity(s, fmt.Sprint("end ", i)))
	}
	must(t, db.Entities().Put(ctx, s, ends))
	edge := func(to int) *stores.Relationship {
		r := &stores.Relationship{Scope: s, Source: ends[0].Ref(), Target: ends[to].Ref(), Weight: 0.5}
		r.SetDefaults(stores.Now())
		return r
	}
	one, two := edge(1), edge(2)
	must(t, db.Relationships().Put(ctx, s, []*stores.Relationship{one, two}))
	both := edge(2)
	both.ID, both.Weight = one.ID, 0.75
	must(t, db.Relationships().Put(ctx, s, []*stores.Relationship{both}))
	if both.ID != two.ID || !both.CreatedAt.Equal(two.CreatedAt) {
		t.Errorf("the edge was given id %s, want %s, that of the edge with its ends", both.ID, two.ID)
	}
	got, err := db.Relationships().ByID(ctx, s, []stores.ID{one.ID, two.ID}, nil)
	must(t, err)
	if len(got) != 2 || got[one.ID].Target != ends[1].Ref() || got[two.ID].Weight != 0.75 {
		t.Errorf("stored: %+v", got)
	}

	moved := *one
	moved.Target, moved.Version = ends[2].Ref(), 2
	if err := db.Relationships().Swap(ctx, s, &moved); !errors.Is(err, stores.ErrConflict) {
		t.Errorf("moving an edge onto another gave %v", err)
	}
	moved.Target = ends[1].Ref()
	moved.Label = "free"
	must(t, db.Relationships().Swap(ctx, s, &moved))
}

// TestFailedPutTakesBackWhatItGave keeps a refused write from leaving ids and positions in its items.
func TestFailedPutTakesBackWhatItGave(t *testing.T) {
	db := open(t, t.TempDir())
	s, ctx := newScope(), t.Context()
	fine, bad := &stores.Episode{Scope: s, SessionID: "s", Content: "c"}, &stores.Episode{Scope: s, SessionID: "s", Content: "c"}
	fine.SetDefaults(stores.Now())
	bad.SetDefaults(stores.Now())
	bad.Stability = 1 / zero
	if err := db.Episodes().Put(ctx, s, []*stores.Episode{fine, bad}); !errors.Is(err, stores.ErrInvalid) {
		t.Fatalf("an infinite stability gave %v", err)
	}
	if fine.Position != nil || bad.Position != nil {
		t.Errorf("positions %v and %v were given by a write that failed", fine.Position, bad.Position)
	}
}

var zero float64

// TestWalkThroughAHub wants a node with more edges than a walk may follow to be refused or cut, not waited for.
func TestWalkThroughAHub(t *testing.T) {
	db := open(t, t.TempDir())
	db.SetMaxWalk(50)
	s, ctx := newScope(), t.Context()
	nodes := []*stores.Entity{newEntity(s, "hub"), newEntity(s, "far")}
	var edges []*stores.Relationship
	join := func(a, b *stores.Entity) {
		r := &stores.Relationship{Scope: s, Source: a.Ref(), Target: b.Ref()}
		r.SetDefaults(stores.Now())
		edges = append(edges, r)
	}
	for i := range 100 {
		leaf := newEntity(s, fmt.Sprint("leaf ", i))
		nodes = append(nodes, leaf)
		join(nodes[0], leaf)
		join(leaf, nodes[1])
	}
	must(t, db.Entities().Put(ctx, s, nodes))
	must(t, db.Relationships().Put(ctx, s, edges))
	_, err := db.Relationships().Path(ctx, s, stores.PathQuery{From: nodes[0].ID, To: nodes[1].ID, MaxDepth: 3})
	if !errors.Is(err, stores.ErrInvalid) {
		t.Errorf("a path through a hub gave %v", err)
	}
	near, err := db.Relationships().Neighborhood(ctx, s, stores.NeighborhoodQuery{Of: nodes[0].ID, Depth: 2, First: 1000})
	must(t, err)
	if !near.Truncated || len(near.Nodes) != 50 {
		t.Errorf("the neighborhood of a hub has %d nodes, truncated %v; want 50 and true", len(near.Nodes), near.Truncated)
	}
}
