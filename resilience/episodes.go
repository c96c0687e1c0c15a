package resilience

import (
	"context"

	"thalamus/stores"
)

type episodes struct {
	next stores.Episodes
	gate gate
}

var _ stores.Episodes = episodes{}

func (d episodes) ByID(ctx context.Context, s stores.Scope, ids []stores.ID, fields []stores.Field) (map[stores.ID]*stores.Episode, error) {
	return each3(ctx, d.gate.read("episodes.byId", len(ids)), keyed, d.next.ByID, s, ids, fields)
}

func (d episodes) List(ctx context.Context, s stores.Scope, q stores.Query) (stores.Slice[*stores.Episode], error) {
	return kept2(ctx, d.gate.read("episodes.list", 0), page, d.next.List, s, q)
}

func (d episodes) Count(ctx context.Context, s stores.Scope, where stores.Filter) (int, error) {
	return kept2(ctx, d.gate.read("episodes.count", 0), one, d.next.Count, s, where)
}

func (d episodes) ByEntity(ctx context.Context, s stores.Scope, entities []stores.ID, q stores.Query) (map[stores.ID]stores.Slice[*stores.Episode], error) {
	return each3(ctx, d.gate.read("episodes.byEntity", len(entities)), pages, d.next.ByEntity, s, entities, q)
}

func (d episodes) Adjacent(ctx context.Context, s stores.Scope, ids []stores.ID) (map[stores.ID]stores.Adjacent, error) {
	return each2(ctx, d.gate.read("episodes.adjacent", len(ids)), keyed, d.next.Adjacent, s, ids)
}

func (d episodes) Put(ctx context.Context, s stores.Scope, items []*stores.Episode) error {
	return do2(ctx, d.gate.write("episodes.put", len(items)), d.next.Put, s, items)
}

func (d episodes) Swap(ctx context.Context, s stores.Scope, item *stores.Episode) error {
	return do2(ctx, d.gate.once("episodes.swap", 1), d.next.Swap, s, item)
}

func (d episodes) Delete(ctx context.Context, s stores.Scope, ids []stores.ID) (int, error) {
	return call2(ctx, d.gate.write("episodes.delete", len(ids)), affected, d.next.Delete, s, ids)
}
