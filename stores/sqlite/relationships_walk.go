package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"thalamus/stores"
	"thalamus/stores/relational"
)

// maxWalk is how many edges a walk may follow in all. It keeps a walk through a hub (a node with very many edges) within
// about a second and a hundred megabytes. A path search that reaches it is refused; a neighborhood is cut and says so.
const maxWalk = 200_000

// maxNeighborhoodDepth is how far a neighborhood may reach.
const maxNeighborhoodDepth = 5

// errTooFar says that a walk met maxWalk.
var errTooFar = errors.New("too many edges")

// walk follows edges in both directions, one query per level.
type walk struct {
	q     querier
	scope string
	types []stores.RelationType // nil: any
	left  int                   // edges it may still follow
}

// hop is one edge followed from a node of the frontier.
type hop struct {
	from stores.ID
	edge stores.ID
	to   stores.Ref
}

// step follows every edge of the frontier. With errTooFar come the hops that were still allowed.
func (w *walk) step(ctx context.Context, frontier []stores.ID) (hops []hop, err error) {
	st := &relational.Statement{}
	from := array(frontier)
	for i, way := range [][2]string{{"source", "target"}, {"target", "source"}} {
		if i > 0 {
			st.Add(" UNION ALL ")
		}
		here, there := "e."+way[0], "e."+way[1]
		st.Add("SELECT asked.value, e.id, "+there+", "+there+"_kind FROM json_each(?) AS asked"+
			" CROSS JOIN relationships AS e ON e.scope = ? AND "+here+" = asked.value", from, w.scope)
		if len(w.types) > 0 {
			st.Add(" AND e.type IN (SELECT value FROM json_each(?))", array(w.types))
		}
	}
	st.Add(" LIMIT ?", w.left+1)
	err = st.Each(ctx, w.q, func(rows *sql.Rows) error {
		if w.left == 0 {
			return errTooFar
		}
		w.left--
		var h hop
		err := rows.Scan(&h.from, &h.edge, &h.to.ID, &h.to.Kind)
		hops = append(hops, h)
		return err
	})
	return hops, err
}

// Path finds a shortest path by two searches that grow towards each other, or nil when there is none. An end that does
// not exist is [stores.ErrNotFound]; a search that would follow more than 200 000 edges is refused.
func (r relationships) Path(ctx context.Context, s stores.Scope, q stores.PathQuery) (*stores.Path, error) {
	if q.MaxDepth < 1 || q.MaxDepth > stores.MaxPathDepth {
		return nil, stores.Invalid("maxDepth", "must be between 1 and %d", stores.MaxPathDepth)
	}
	var path *stores.Path
	err := r.db.snapshot(ctx, func(tx querier) error {
		from, err := find(ctx, tx, s, q.From)
		if err != nil {
			return err
		}
		if q.From == q.To {
			path = &stores.Path{Nodes: []stores.Ref{from}}
			return nil
		}
		if _, err := find(ctx, tx, s, q.To); err != nil {
			return err
		}
		w := &walk{q: tx, scope: s.Key(), types: q.Types, left: r.db.maxWalk}
		nodes, edges, err := w.shortest(ctx, q)
		if errors.Is(err, errTooFar) {
			return stores.Invalid("maxDepth", "the search followed more than %d edges without an answer; lower maxDepth or name the types of edges to follow", r.db.maxWalk)
		}
		if err != nil || nodes == nil {
			return err
		}
		found, err := r.Find(ctx, tx, s, edges, nil)
		if err == nil {
			path = trail(nodes, edges, found)
		}
		return err
	})
	return path, err
}

// find gives the noun of a node.
func find(ctx context.Context, q querier, s stores.Scope, id stores.ID) (stores.Ref, error) {
	for _, kind := range stores.EndpointKinds {
		err := exist(ctx, q, s, kind, []stores.ID{id})
		if err == nil {
			return stores.Ref{Kind: kind, ID: id}, nil
		}
		if !errors.Is(err, stores.ErrNotFound) {
			return stores.Ref{}, err
		}
	}
	return stores.Ref{}, stores.Missing("node", id)
}

// search is one of the two searches: how each node was reached, and those reached last.
type search struct {
	reached  map[stores.ID]arrival
	frontier []stores.ID
	depth    int
}

// arrival is how a search came to a node.
type arrival struct {
	from, edge stores.ID
	depth      int
}

func newSearch(from stores.ID) *search {
	return &search{reached: map[stores.ID]arrival{from: {}}, frontier: []stores.ID{from}}
}

// shortest gives the nodes and edges of a shortest path, nothing when there is none.
func (w *walk) shortest(ctx context.Context, q stores.PathQuery) (nodes, edges []stores.ID, err error) {
	ahead, back := newSearch(q.From), newSearch(q.To)
	for range q.MaxDepth {
		grow, other := ahead, back
		if len(back.frontier) < len(ahead.frontier) {
			grow, other = back, ahead
		}
		hops, err := w.step(ctx, grow.frontier)
		if err != nil {
			return nil, nil, err
		}
		if meeting := grow.level(hops, other); meeting != "" {
			nodes, edges = ahead.wayBack(meeting)
			slices.Reverse(nodes)
			slices.Reverse(edges)
			rest, more := back.wayBack(meeting)
			return append(nodes, rest[1:]...), append(edges, more...), nil
		}
		if len(grow.frontier) == 0 {
			break
		}
	}
	return nil, nil, nil
}

// level takes in one level of hops and gives the node where it meets the other search on the shortest way, or nothing.
func (g *search) level(hops []hop, other *search) (meeting stores.ID) {
	g.depth++
	g.frontier = nil
	best := 0
	for _, h := range hops {
		if _, seen := g.reached[h.to.ID]; seen {
			continue
		}
		g.reached[h.to.ID] = arrival{from: h.from, edge: h.edge, depth: g.depth}
		g.frontier = append(g.frontier, h.to.ID)
		if there, ok := other.reached[h.to.ID]; ok && (meeting == "" || there.depth < best) {
			meeting, best = h.to.ID, there.depth
		}
	}
	return meeting
}

// wayBack lists the nodes from one back to where the search began, and the edges between them.
func (g *search) wayBack(id stores.ID) (nodes, edges []stores.ID) {
	for {
		nodes = append(nodes, id)
		a := g.reached[id]
		if a.depth == 0 {
			return nodes, edges
		}
		edges = append(edges, a.edge)
		id = a.from
	}
}

// trail puts a path together.
func trail(nodes, edges []stores.ID, found map[stores.ID]*stores.Relationship) *stores.Path {
	p := &stores.Path{}
	for i, edge := range edges {
		e := found[edge]
		p.Edges = append(p.Edges, e)
		p.Nodes = append(p.Nodes, e.Other(nodes[i+1]))
		if i == len(edges)-1 {
			p.Nodes = append(p.Nodes, e.Other(nodes[i]))
		}
	}
	return p
}

// Neighborhood walks outwards from a node level by level. Within a level the nodes are ordered by id. A walk that
// follows more than 200 000 edges stops there and is truncated. A node that does not exist is [stores.ErrNotFound].
func (r relationships) Neighborhood(ctx context.Context, s stores.Scope, q stores.NeighborhoodQuery) (*stores.Neighborhood, error) {
	switch {
	case q.Depth < 1 || q.Depth > maxNeighborhoodDepth:
		return nil, stores.Invalid("depth", "must be between 1 and %d", maxNeighborhoodDepth)
	case q.First < 1:
		return nil, stores.Invalid("first", "must be a positive number")
	}
	n := &stores.Neighborhood{}
	err := r.db.snapshot(ctx, func(tx querier) error {
		if _, err := find(ctx, tx, s, q.Of); err != nil {
			return err
		}
		w := &walk{q: tx, scope: s.Key(), types: q.Types, left: r.db.maxWalk}
		if err := w.outwards(ctx, q, n); err != nil || len(n.Nodes) == 0 {
			return err
		}
		ids := []stores.ID{q.Of}
		for _, node := range n.Nodes {
			ids = append(ids, node.Node.ID)
		}
		var err error
		n.Edges, err = r.among(ctx, tx, s, ids, q.Types)
		return err
	})
	if err != nil {
		return nil, err
	}
	return n, nil
}

// outwards collects the nodes of a neighborhood, nearest first.
func (w *walk) outwards(ctx context.Context, q stores.NeighborhoodQuery, n *stores.Neighborhood) error {
	seen := map[stores.ID]bool{q.Of: true}
	frontier := []stores.ID{q.Of}
	for depth := 1; depth <= q.Depth && len(frontier) > 0 && !n.Truncated; depth++ {
		hops, err := w.step(ctx, frontier)
		n.Truncated = errors.Is(err, errTooFar)
		if err != nil && !n.Truncated {
			return err
		}
		slices.SortFunc(hops, func(a, b hop) int { return strings.Compare(string(a.to.ID), string(b.to.ID)) })
		frontier = nil
		for _, h := range hops {
			if seen[h.to.ID] {
				continue
			}
			if len(n.Nodes) == q.First {
				n.Truncated = true
				break
			}
			seen[h.to.ID] = true
			frontier = append(frontier, h.to.ID)
			n.Nodes = append(n.Nodes, stores.Neighbor{Node: h.to, Depth: depth})
		}
	}
	return nil
}

// among reads the edges between nodes of a set, the strongest first.
func (r relationships) among(ctx context.Context, q querier, s stores.Scope, ids []stores.ID, types []stores.RelationType) (edges []*stores.Relationship, err error) {
	set := array(ids)
	columns := r.Projection(nil)
	st := r.Select(columns).Add(" FROM json_each(?) AS asked CROSS JOIN relationships AS t ON t.scope = ? AND t.source = asked.value"+
		" WHERE t.target IN (SELECT value FROM json_each(?))", set, s.Key(), set)
	if len(types) > 0 {
		st.Add(" AND t.type IN (SELECT value FROM json_each(?))", array(types))
	}
	st.Add(" ORDER BY t.weight DESC, t.id")
	err = st.Each(ctx, q, func(rows *sql.Rows) error {
		e, err := r.Scan(rows, s, columns)
		edges = append(edges, e)
		return err
	})
	return edges, err
}
