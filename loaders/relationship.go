package loaders

import (
	"context"

	"thalamus/stores"
)

// Relationship loads one edge; nil when there is none.
func (l *Loaders) Relationship(ctx context.Context, at *Place, id stores.ID) (*stores.Relationship, error) {
	return byID(ctx, l, at, stores.KindRelationship, id, l.set.Relationships.ByID)
}

// Edges loads one page of the edges of a node.
func (l *Loaders) Edges(ctx context.Context, at *Place, node stores.ID, flow stores.Flow, q stores.Query) (stores.Slice[*stores.Relationship], error) {
	return load(ctx, l, at, node, func(ctx context.Context, ids []stores.ID, places []*Place) (map[stores.ID]stores.Slice[*stores.Relationship], error) {
		q.Fields = selected(places, stores.KindRelationship)
		return l.set.Relationships.ByNode(ctx, l.scope, ids, flow, q)
	}, page)
}

// Neighbors loads the nodes at the other ends of one page of the edges of a node, each once, in the order of the edges.
func (l *Loaders) Neighbors(ctx context.Context, at *Place, node stores.ID, flow stores.Flow, q stores.Query) ([]stores.Node, error) {
	return load(ctx, l, at, node, func(ctx context.Context, ids []stores.ID, places []*Place) (map[stores.ID][]stores.Node, error) {
		q.Fields = []stores.Field{}
		edges, err := l.set.Relationships.ByNode(ctx, l.scope, ids, flow, q)
		if err != nil {
			return nil, err
		}
		var refs []stores.Ref
		for id, page := range edges {
			for _, e := range page.Items {
				refs = append(refs, e.Other(id))
			}
		}
		nodes, err := l.nodes(ctx, refs, places)
		out := make(map[stores.ID][]stores.Node, len(ids))
		for id, page := range edges {
			seen := map[stores.Ref]bool{}
			for _, e := range page.Items {
				ref := e.Other(id)
				if n := nodes[ref]; n != nil && !seen[ref] {
					seen[ref] = true
					out[id] = append(out[id], n)
				}
			}
		}
		return out, err
	}, many)
}
