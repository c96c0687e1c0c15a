package neo4j

import (
	"context"
	"slices"
	"strconv"

	"thalamus/stores"
)

// maxNeighborhoodDepth is how far a neighborhood may reach.
const maxNeighborhoodDepth = 5

// maxTies is how many shortest paths are looked at to find the first of them. Between two hubs there may be millions.
const maxTies = 10_000

// within holds of paths p that do not leave the scope.
const within cypher = "all(n IN nodes(p) WHERE n.scope = $p.scope) AND all(e IN relationships(p) WHERE e.scope = $p.scope)"

// Path finds a shortest path, or nil when there is none. Of several it is the one whose node ids, in the order of the path,
// come first, and then whose edge ids do. An end that does not exist is [stores.ErrNotFound].
func (r relationships) Path(ctx context.Context, s stores.Scope, p stores.PathQuery) (*stores.Path, error) {
	return whole(ctx, func() (*stores.Path, error) { return r.shortest(ctx, s, p) })
}

func (r relationships) shortest(ctx context.Context, s stores.Scope, p stores.PathQuery) (*stores.Path, error) {
	if err := r.db.usable(ctx); err != nil {
		return nil, err
	}
	if p.MaxDepth < 1 || p.MaxDepth > stores.MaxPathDepth {
		return nil, stores.Invalid("maxDepth", "must be between 1 and %d", stores.MaxPathDepth)
	}
	columns := r.selection(nil)
	q := newQuery(s).with(map[string]any{"source": string(p.From), "target": string(p.To), "ties": int64(maxTies)})
	q.add(findNode("a", "$p.source"), findNode("b", "$p.target"), "WITH a, b LIMIT 1 ")
	if p.From == p.To || noneOf(p.Types) {
		q.add("RETURN labels(a), labels(b), null")
	} else {
		q.add("RETURN labels(a), labels(b), CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN COLLECT {",
			" MATCH p = allShortestPaths((a)-[:", typesOf(p.Types), "*..", depth(p.MaxDepth), "]-(b)) WHERE ", within,
			" WITH p LIMIT $p.ties WITH p ORDER BY [n IN nodes(p) | n.id], [e IN relationships(p) | e.id] LIMIT 1",
			" RETURN [t IN relationships(p) | ", r.read(q, columns), "] } END")
	}
	rows, err := r.db.read(ctx, q)
	if err != nil {
		return nil, err
	}
	return r.path(rows, s, p)
}

// findNode finds a node of any noun by its id, if there is one.
func findNode(name, id cypher) cypher {
	return "OPTIONAL MATCH (" + name + ":Memory) WHERE " + name + ".scope = $p.scope AND " + name + ".id = " + id + " "
}

// noneOf says that types are named of which there is none.
func noneOf(types []stores.RelationType) bool {
	return len(types) > 0 && !slices.ContainsFunc(types, func(t stores.RelationType) bool { return slices.Contains(stores.RelationTypes, t) })
}

// depth is a checked number of edges; a bound of a path cannot be a parameter.
func depth(n int) cypher { return cypher(strconv.Itoa(n)) }

// path reads the answer: the labels of both ends, and the paths found.
func (r relationships) path(rows [][]any, s stores.Scope, p stores.PathQuery) (*stores.Path, error) {
	ids := []stores.ID{p.From, p.To}
	out := &stores.Path{}
	for i, id := range ids {
		var kind stores.Kind
		if len(rows) > 0 {
			kind = kindOf(rows[0][i])
		}
		if kind == "" {
			return nil, stores.Missing("node", id)
		}
		if i == 0 {
			out.Nodes = []stores.Ref{{Kind: kind, ID: id}}
		}
	}
	if p.From == p.To {
		return out, nil
	}
	found, _ := rows[0][2].([]any)
	if len(found) == 0 {
		return nil, nil
	}
	var err error
	if out.Edges, err = r.edges(found[0], s); err != nil {
		return nil, err
	}
	for i, e := range out.Edges {
		out.Nodes = append(out.Nodes, e.Other(out.Nodes[i].ID))
	}
	return out, nil
}

// kindOf is the noun that a list of labels stands for, empty when it is of none.
func kindOf(list any) stores.Kind {
	names, _ := list.([]any)
	for _, kind := range stores.EndpointKinds {
		if slices.Contains(names, any(string(labels[kind]))) {
			return kind
		}
	}
	return ""
}

// edges reads a list of edges.
func (r relationships) edges(list any, s stores.Scope) ([]*stores.Relationship, error) {
	entries, ok := list.([]any)
	if !ok {
		return nil, unexpected(list, "a list of edges")
	}
	columns := r.selection(nil)
	out := make([]*stores.Relationship, len(entries))
	for i, e := range entries {
		var err error
		if out[i], err = r.scan(e, s, columns); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Neighborhood walks outwards from a node level by level. Within a level the nodes are ordered by id. A node that does not
// exist is [stores.ErrNotFound].
func (r relationships) Neighborhood(ctx context.Context, s stores.Scope, n stores.NeighborhoodQuery) (*stores.Neighborhood, error) {
	return whole(ctx, func() (*stores.Neighborhood, error) { return r.around(ctx, s, n) })
}

func (r relationships) around(ctx context.Context, s stores.Scope, n stores.NeighborhoodQuery) (*stores.Neighborhood, error) {
	if err := r.db.usable(ctx); err != nil {
		return nil, err
	}
	switch {
	case n.Depth < 1 || n.Depth > maxNeighborhoodDepth:
		return nil, stores.Invalid("depth", "must be between 1 and %d", maxNeighborhoodDepth)
	case n.First < 1:
		return nil, stores.Invalid("first", "must be a positive number")
	}
	types := typesOf(n.Types)
	q := newQuery(s).with(map[string]any{"id": string(n.Of), "first": int64(n.First), "limit": int64(n.First) + 1})
	q.add("MATCH (of:Memory) WHERE of.scope = $p.scope AND of.id = $p.id WITH of LIMIT 1 ",
		"CALL (of) { MATCH p = (of)-[:", types, "*1..", depth(n.Depth), "]-(x) WHERE x <> of AND ", within,
		" WITH x, min(length(p)) AS far ORDER BY far, x.id LIMIT $p.limit RETURN collect([x, far]) AS near } ",
		"WITH of, near[..$p.first] AS nodes, size(near) > $p.first AS more ",
		"CALL (of, nodes) { WITH [of] + [x IN nodes | x[0]] AS members UNWIND members AS a MATCH (a)-[t:", types, "]->(b)",
		" WHERE t.scope = $p.scope AND b IN members WITH t ORDER BY t.weight DESC, t.id RETURN collect(", r.read(q, r.selection(nil)), ") AS edges } ",
		"RETURN [x IN nodes | [labels(x[0]), x[0].id, x[1]]], edges, more")
	if noneOf(n.Types) {
		q = newQuery(s).with(map[string]any{"id": string(n.Of)}).add("MATCH (of:Memory) WHERE of.scope = $p.scope AND of.id = $p.id RETURN [], [], false LIMIT 1")
	}
	rows, err := r.db.read(ctx, q)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, stores.Missing("node", n.Of)
	}
	return r.neighborhood(rows[0], s)
}

// neighborhood reads the answer: the nodes with their labels and distances, the edges, and whether there are more nodes.
func (r relationships) neighborhood(row []any, s stores.Scope) (*stores.Neighborhood, error) {
	nodes, ok := row[0].([]any)
	if !ok {
		return nil, unexpected(row[0], "a list of nodes")
	}
	out := &stores.Neighborhood{}
	out.Truncated, _ = row[2].(bool)
	for _, node := range nodes {
		parts, _ := node.([]any)
		if len(parts) != 3 {
			return nil, unexpected(node, "a node")
		}
		id, _ := parts[1].(string)
		far, _ := parts[2].(int64)
		out.Nodes = append(out.Nodes, stores.Neighbor{Node: stores.Ref{Kind: kindOf(parts[0]), ID: stores.ID(id)}, Depth: int(far)})
	}
	var err error
	out.Edges, err = r.edges(row[1], s)
	return out, err
}
