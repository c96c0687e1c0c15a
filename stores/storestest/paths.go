package storestest

import (
	"fmt"
	"slices"

	"thalamus/stores"
)

// network is a graph kept in memory, to know the right answers.
type network struct {
	edges []*stores.Relationship
}

// distances are the lengths of the shortest ways from a node along edges of the given types, in both directions.
func (n network) distances(from stores.ID, types []stores.RelationType) map[stores.ID]int {
	far := map[stores.ID]int{from: 0}
	for queue := []stores.ID{from}; len(queue) > 0; queue = queue[1:] {
		for _, r := range n.edges {
			at := queue[0]
			if !counts(r, types) || r.Source.ID != at && r.Target.ID != at {
				continue
			}
			next := r.Other(at).ID
			if _, seen := far[next]; !seen {
				far[next] = far[at] + 1
				queue = append(queue, next)
			}
		}
	}
	return far
}

func counts(r *stores.Relationship, types []stores.RelationType) bool {
	return len(types) == 0 || slices.Contains(types, r.Type)
}

// randomNetwork stores a sparse random graph, so that long ways, loops, parallel edges and islands all occur.
func randomNetwork(b edges, nodes, edges int) network {
	ends := b.entities(nodes)
	var n network
	for i := range edges {
		from, to := b.rand.IntN(nodes), b.rand.IntN(nodes)
		if from == to {
			continue
		}
		r := b.edge(ends[from], ends[to])
		r.Type, r.Label = pick(b.world, stores.RelationTypes[:4]), fmt.Sprint(i)
		r.Metadata = map[string]any{"i": float64(i)}
		n.edges = append(n.edges, r)
	}
	b.save(n.edges...)
	return n
}

// typeChoices are filters by type for walks.
var typeChoices = [][]stores.RelationType{nil, nil, {}, stores.RelationTypes[:2], stores.RelationTypes[1:4], {"TEMPORAL_AFTER"}}

func (w *world) path(q stores.PathQuery) *stores.Path {
	w.t.Helper()
	p, err := w.set.Relationships.Path(w.ctx(), w.scope, q)
	noError(w.t, err)
	return p
}

// leads wants a path to be sound and as long as it must be.
func leads(b edges, n network, q stores.PathQuery, p *stores.Path) {
	b.t.Helper()
	want, reachable := n.distances(q.From, q.Types)[q.To]
	if !reachable || want > q.MaxDepth {
		if p != nil {
			b.t.Errorf("path %+v has %d edges, want none: the distance is %d (reachable: %v)", q, len(p.Edges), want, reachable)
		}
		return
	}
	if p == nil {
		b.t.Errorf("no path %+v, want one of %d edges", q, want)
		return
	}
	if len(p.Edges) != want || len(p.Nodes) != want+1 {
		b.t.Errorf("path %+v has %d nodes and %d edges, want %d edges", q, len(p.Nodes), len(p.Edges), want)
		return
	}
	if p.Nodes[0] != entity(q.From) || p.Nodes[want] != entity(q.To) {
		b.t.Errorf("path %+v leads from %v to %v", q, p.Nodes[0], p.Nodes[want])
	}
	for i, r := range p.Edges {
		known := slices.IndexFunc(n.edges, func(e *stores.Relationship) bool { return e.ID == r.ID })
		if known < 0 {
			b.t.Errorf("path %+v uses the unknown edge %s", q, r.ID)
			continue
		}
		same(b.t, "edge of a path", n.edges[known], r)
		here, there := p.Nodes[i], p.Nodes[i+1]
		if !counts(r, q.Types) || !(r.Source == here && r.Target == there || r.Source == there && r.Target == here) {
			b.t.Errorf("path %+v: edge %d (%s) does not join nodes %d and %d", q, i, r.Type, i, i+1)
		}
	}
}

func testPath(b edges) {
	ends := b.entities(14)
	var n network
	for i := range 12 {
		from, to := ends[i], ends[i+1]
		if i%3 == 0 {
			from, to = to, from // direction does not count
		}
		n.edges = append(n.edges, b.edge(from, to))
	}
	b.save(n.edges...)
	for _, q := range []stores.PathQuery{
		{From: ends[0], To: ends[1], MaxDepth: 1},
		{From: ends[0], To: ends[2], MaxDepth: 1},
		{From: ends[0], To: ends[10], MaxDepth: 10},
		{From: ends[10], To: ends[0], MaxDepth: 10},
		{From: ends[0], To: ends[10], MaxDepth: 9},
		{From: ends[0], To: ends[11], MaxDepth: 10},
		{From: ends[0], To: ends[13], MaxDepth: 10},
		{From: ends[4], To: ends[4], MaxDepth: 1},
		{From: ends[13], To: ends[13], MaxDepth: 10},
		{From: ends[0], To: ends[1], MaxDepth: 3, Types: []stores.RelationType{"CAUSES"}},
	} {
		leads(b, n, q, b.path(q))
	}
	if b.set.Episodes != nil {
		testMixedPath(b)
	}
}

// testMixedPath walks over nodes of two kinds.
func testMixedPath(b edges) {
	ends := b.entities(2)
	episode := stores.Ref{Kind: stores.KindEpisode, ID: b.mentioning().ID}
	in, out := b.edge(ends[0], ends[1]), b.edge(ends[0], ends[1])
	in.Target, out.Source, in.Type, out.Type = episode, episode, "PRODUCES", "PRODUCES"
	b.save(in, out)
	types := []stores.RelationType{"PRODUCES"}
	got := b.path(stores.PathQuery{From: ends[0], To: ends[1], MaxDepth: 2, Types: types})
	want := &stores.Path{Nodes: []stores.Ref{entity(ends[0]), episode, entity(ends[1])}, Edges: []*stores.Relationship{in, out}}
	same(b.t, "path over an episode", want, got)
	near, err := b.set.Relationships.Neighborhood(b.ctx(), b.scope, stores.NeighborhoodQuery{Of: ends[0], Depth: 2, Types: types, First: 5})
	noError(b.t, err)
	same(b.t, "neighbours over an episode", []stores.Neighbor{{Node: episode, Depth: 1}, {Node: entity(ends[1]), Depth: 2}}, near.Nodes)
}

func testPathRefusals(b edges) {
	ends := b.entities(2)
	b.save(b.edge(ends[0], ends[1]))
	foreign := b.at(newScope()).entities(1)[0]
	for what, q := range map[string]stores.PathQuery{
		"from an unknown node":     {From: stores.NewID(), To: ends[0], MaxDepth: 3},
		"to an unknown node":       {From: ends[0], To: stores.NewID(), MaxDepth: 3},
		"from a foreign node":      {From: foreign, To: ends[0], MaxDepth: 3},
		"to a foreign node":        {From: ends[0], To: foreign, MaxDepth: 3},
		"from no node to the same": {From: "x", To: "x", MaxDepth: 3},
	} {
		_, err := b.set.Relationships.Path(b.ctx(), b.scope, q)
		refused(b.t, "path "+what, err, stores.ErrNotFound)
	}
	for _, depth := range []int{-1, 0, stores.MaxPathDepth + 1} {
		_, err := b.set.Relationships.Path(b.ctx(), b.scope, stores.PathQuery{From: ends[0], To: ends[1], MaxDepth: depth})
		refused(b.t, fmt.Sprintf("path of at most %d edges", depth), err, stores.ErrInvalid)
	}
}

func testRandomPaths(b edges) {
	for _, edges := range []int{25, 50, 120} {
		b := b.at(newScope())
		n := randomNetwork(b, 40, edges)
		for range 80 {
			q := stores.PathQuery{
				From: pick(b.world, b.ends), To: pick(b.world, b.ends), MaxDepth: 1 + b.rand.IntN(stores.MaxPathDepth), Types: pick(b.world, typeChoices),
			}
			leads(b, n, q, b.path(q))
		}
	}
}
