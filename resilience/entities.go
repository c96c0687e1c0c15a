package resilience

import (
	"context"

	"thalamus/stores"
)

type entities struct {
	next stores.Entities
	gate gate
}

var _ stores.Entities = entities{}

func (d entities) ByID(ctx context.Context, s stores.Scope, ids []stores.ID, fields []stores.Field) (map[stores.ID]*stores.Entity, error) {
	return each3(ctx, d.gate.read("entities.byId", len(ids)), keyed, d.next.ByID, s, ids, fields)
}

func (d entities) List(ctx context.Context, s stores.Scope, q stores.Query) (stores.Slice[*stores.Entity], error) {
	return kept2(ctx, d.gate.read("entities.list", 0), page, d.next.List, s, q)
}

func (d entities) Count(ctx context.Context, s stores.Scope, where stores.Filter) (int, error) {
	return kept2(ctx, d.gate.read("entities.count", 0), one, d.next.Count, s, where)
}

func (d entities) ByName(ctx context.Context, s stores.Scope, names []string, fields []stores.Field) (map[string]*stores.Entity, error) {
	return each3(ctx, d.gate.read("entities.byName", len(names)), keyed, d.next.ByName, s, names, fields)
}

func (d entities) ByEpisode(ctx context.Context, s stores.Scope, episodes []stores.ID, fields []stores.Field) (map[stores.ID][]*stores.Entity, error) {
	return each3(ctx, d.gate.read("entities.byEpisode", len(episodes)), grouped, d.next.ByEpisode, s, episodes, fields)
}

func (d entities) ByLineage(ctx context.Context, s stores.Scope, lineages []stores.ID, fields []stores.Field) (map[stores.ID][]*stores.Entity, error) {
	return each3(ctx, d.gate.read("entities.byLineage", len(lineages)), grouped, d.next.ByLineage, s, lineages, fields)
}

func (d entities) Put(ctx context.Context, s stores.Scope, items []*stores.Entity) error {
	return do2(ctx, d.gate.write("entities.put", len(items)), d.next.Put, s, items)
}

func (d entities) Swap(ctx context.Context, s stores.Scope, item *stores.Entity) error {
	return do2(ctx, d.gate.once("entities.swap", 1), d.next.Swap, s, item)
}

func (d entities) Delete(ctx context.Context, s stores.Scope, ids []stores.ID) (int, error) {
	return call2(ctx, d.gate.write("entities.delete", len(ids)), affected, d.next.Delete, s, ids)
}
