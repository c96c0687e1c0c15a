package storestest

import (
	"fmt"
	"slices"

	"thalamus/stores"
)

func (w *world) neighborhood(q stores.NeighborhoodQuery) *stores.Neighborhood {
	w.t.Helper()
	n, err := w.set.Relationships.Neighborhood(w.ctx(), w.scope, q)
	noError(w.t, err)
	if n == nil {
		w.t.Fatalf("no neighborhood for %+v", q)
	}
	return n
}

// surrounds wants a neighborhood to hold the nearest nodes at their right distances, and the edges among them.
func surrounds(b edges, n network, q stores.NeighborhoodQuery, got *stores.Neighborhood) {
	b.t.Helper()
	far := n.distances(q.Of, q.Types)
	delete(far, q.Of)
	var want []int
	for _, d := range far {
		if d <= q.Depth {
			want = append(want, d)
		}
	}
	slices.Sort(want)
	same(b.t, fmt.Sprintf("%+v is truncated", q), len(want) > q.First, got.Truncated)
	want = want[:min(q.First, len(want))]

	members := map[stores.ID]bool{q.Of: true}
	var depths []int
	for _, near := range got.Nodes {
		same(b.t, "kind of a neighbour", stores.KindEntity, near.Node.Kind)
		same(b.t, "distance of a neighbour", far[near.Node.ID], near.Depth)
		if members[near.Node.ID] {
			b.t.Errorf("%+v: node %s comes twice, or is the one in the middle", q, near.Node.ID)
		}
		members[near.Node.ID] = true
		depths = append(depths, near.Depth)
	}
	same(b.t, fmt.Sprintf("distances in %+v, nearest first", q), want, depths)

	var among []*stores.Relationship
	for _, r := range n.edges {
		if counts(r, q.Types) && members[r.Source.ID] && members[r.Target.ID] {
			among = append(among, r)
		}
	}
	byID := func(list []*stores.Relationship) map[stores.ID]*stores.Relationship {
		m := map[stores.ID]*stores.Relationship{}
		for _, r := range list {
			m[r.ID] = r
		}
		return m
	}
	same(b.t, fmt.Sprintf("edges in %+v", q), byID(among), byID(got.Edges))
	same(b.t, "edges that come twice", 0, len(got.Edges)-len(byID(got.Edges)))
}

func testNeighborhood(b edges) {
	ends := b.entities(8)
	var n network
	for i := range 6 { // a star of three with a chain on one of its points
		from, to := ends[0], ends[i+1]
		if i >= 3 {
			from = ends[i]
		}
		n.edges = append(n.edges, b.edge(from, to))
	}
	n.edges = append(n.edges, b.edge(ends[2], ends[1]))
	b.save(n.edges...)
	for _, q := range []stores.NeighborhoodQuery{
		{Of: ends[0], Depth: 1, First: 10},
		{Of: ends[0], Depth: 1, First: 3},
		{Of: ends[0], Depth: 1, First: 2},
		{Of: ends[0], Depth: 5, First: 100},
		{Of: ends[6], Depth: 4, First: 1},
		{Of: ends[6], Depth: 5, First: 6},
		{Of: ends[7], Depth: 5, First: 6},
		{Of: ends[0], Depth: 2, First: 10, Types: []stores.RelationType{"CAUSES"}},
	} {
		surrounds(b, n, q, b.neighborhood(q))
	}
}

func testNeighborhoodRefusals(b edges) {
	id := b.entities(1)[0]
	foreign := b.at(newScope()).entities(1)[0]
	for _, of := range []stores.ID{stores.NewID(), foreign, "x"} {
		_, err := b.set.Relationships.Neighborhood(b.ctx(), b.scope, stores.NeighborhoodQuery{Of: of, Depth: 1, First: 1})
		refused(b.t, "neighborhood of an unknown node", err, stores.ErrNotFound)
	}
	for _, q := range []stores.NeighborhoodQuery{
		{Of: id, Depth: 0, First: 1}, {Of: id, Depth: 6, First: 1}, {Of: id, Depth: -1, First: 1}, {Of: id, Depth: 1, First: 0}, {Of: id, Depth: 1, First: -1},
	} {
		_, err := b.set.Relationships.Neighborhood(b.ctx(), b.scope, q)
		refused(b.t, fmt.Sprintf("neighborhood of depth %d, first %d", q.Depth, q.First), err, stores.ErrInvalid)
	}
}

func testRandomNeighborhoods(b edges) {
	for _, edges := range []int{25, 50, 120} {
		b := b.at(newScope())
		n := randomNetwork(b, 40, edges)
		for range 60 {
			q := stores.NeighborhoodQuery{
				Of: pick(b.world, b.ends), Depth: 1 + b.rand.IntN(5), Types: pick(b.world, typeChoices), First: 1 + b.rand.IntN(45),
			}
			surrounds(b, n, q, b.neighborhood(q))
		}
	}
}
