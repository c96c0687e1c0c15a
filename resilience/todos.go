package resilience

import (
	"context"

	"thalamus/stores"
)

type todos struct {
	next stores.Todos
	gate gate
}

var _ stores.Todos = todos{}

func (d todos) ByID(ctx context.Context, s stores.Scope, ids []stores.ID, fields []stores.Field) (map[stores.ID]*stores.Todo, error) {
	return each3(ctx, d.gate.read("todos.byId", len(ids)), keyed, d.next.ByID, s, ids, fields)
}

func (d todos) List(ctx context.Context, s stores.Scope, q stores.Query) (stores.Slice[*stores.Todo], error) {
	return kept2(ctx, d.gate.read("todos.list", 0), page, d.next.List, s, q)
}

func (d todos) Count(ctx context.Context, s stores.Scope, where stores.Filter) (int, error) {
	return kept2(ctx, d.gate.read("todos.count", 0), one, d.next.Count, s, where)
}

func (d todos) ByEpisode(ctx context.Context, s stores.Scope, episodes []stores.ID, q stores.Query) (map[stores.ID]stores.Slice[*stores.Todo], error) {
	return each3(ctx, d.gate.read("todos.byEpisode", len(episodes)), pages, d.next.ByEpisode, s, episodes, q)
}

func (d todos) ByEntity(ctx context.Context, s stores.Scope, entities []stores.ID, q stores.Query) (map[stores.ID]stores.Slice[*stores.Todo], error) {
	return each3(ctx, d.gate.read("todos.byEntity", len(entities)), pages, d.next.ByEntity, s, entities, q)
}

func (d todos) Put(ctx context.Context, s stores.Scope, items []*stores.Todo) error {
	return do2(ctx, d.gate.write("todos.put", len(items)), d.next.Put, s, items)
}

func (d todos) Swap(ctx context.Context, s stores.Scope, item *stores.Todo) error {
	return do2(ctx, d.gate.once("todos.swap", 1), d.next.Swap, s, item)
}

func (d todos) Delete(ctx context.Context, s stores.Scope, ids []stores.ID) (int, error) {
	return call2(ctx, d.gate.write("todos.delete", len(ids)), affected, d.next.Delete, s, ids)
}
