package resilience

import (
	"context"
	"time"

	"thalamus/stores"
)

type relationships struct {
	next stores.Relationships
	gate gate
}

var _ stores.Relationships = relationships{}

func (d relationships) ByID(ctx context.Context, s stores.Scope, ids []stores.ID, fields []stores.Field) (map[stores.ID]*stores.Relationship, error) {
	return each3(ctx, d.gate.read("relationships.byId", len(ids)), keyed, d.next.ByID, s, ids, fields)
}

func (d relationships) List(ctx context.Context, s stores.Scope, q stores.Query) (stores.Slice[*stores.Relationship], error) {
	return kept2(ctx, d.gate.read("relationships.list", 0), page, d.next.List, s, q)
}

func (d relationships) Count(ctx context.Context, s stores.Scope, where stores.Filter) (int, error) {
	return kept2(ctx, d.gate.read("relationships.count", 0), one, d.next.Count, s, where)
}

func (d relationships) ByNode(ctx context.Context, s stores.Scope, nodes []stores.ID, flow stores.Flow, q stores.Query) (map[stores.ID]stores.Slice[*stores.Relationship], error) {
	return each4(ctx, d.gate.read("relationships.byNode", len(nodes)), pages, d.next.ByNode, s, nodes, flow, q)
}

func (d relationships) Put(ctx context.Context, s stores.Scope, items []*stores.Relationship) error {
	return do2(ctx, d.gate.write("relationships.put", len(items)), d.next.Put, s, items)
}

func (d relationships) Swap(ctx context.Context, s stores.Scope, item *stores.Relationship) error {
	return do2(ctx, d.gate.once("relationships.swap", 1), d.next.Swap, s, item)
}

func (d relationships) Delete(ctx context.Context, s stores.Scope, ids []stores.ID) (int, error) {
	return call2(ctx, d.gate.write("relationships.delete", len(ids)), affected, d.next.Delete, s, ids)
}

func (d relationships) Strengthen(ctx context.Context, s stores.Scope, ids []stores.ID, rate float64, at time.Time) (map[stores.ID]*stores.Relationship, error) {
	return call4(ctx, d.gate.once("relationships.strengthen", len(ids)), keyed, d.next.Strengthen, s, ids, rate, at)
}

func (d relationships) Weaken(ctx context.Context, s stores.Scope, ids []stores.ID, rate float64, at time.Time) (map[stores.ID]*stores.Relationship, error) {
	return call4(ctx, d.gate.once("relationships.weaken", len(ids)), keyed, d.next.Weaken, s, ids, rate, at)
}

func (d relationships) Decay(ctx context.Context, s stores.Scope, decay stores.Decay) (stores.Faded, error) {
	return call2(ctx, d.gate.once("relationships.decay", 0), faded, d.next.Decay, s, decay)
}

func (d relationships) Path(ctx context.Context, s stores.Scope, q stores.PathQuery) (*stores.Path, error) {
	return kept2(ctx, d.gate.read("relationships.path", 2), way, d.next.Path, s, q)
}

func (d relationships) Neighborhood(ctx context.Context, s stores.Scope, q stores.NeighborhoodQuery) (*stores.Neighborhood, error) {
	return kept2(ctx, d.gate.read("relationships.neighborhood", 1), neighbors, d.next.Neighborhood, s, q)
}
