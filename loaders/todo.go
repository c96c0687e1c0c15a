package loaders

import (
	"context"

	"thalamus/stores"
)

// Todo loads one todo; nil when there is none.
func (l *Loaders) Todo(ctx context.Context, at *Place, id stores.ID) (*stores.Todo, error) {
	return byID(ctx, l, at, stores.KindTodo, id, l.set.Todos.ByID)
}

// TodosOfEntity loads one page of the todos that are about an entity.
func (l *Loaders) TodosOfEntity(ctx context.Context, at *Place, entity stores.ID, q stores.Query) (stores.Slice[*stores.Todo], error) {
	return load(ctx, l, at, entity, func(ctx context.Context, ids []stores.ID, places []*Place) (map[stores.ID]stores.Slice[*stores.Todo], error) {
		q.Fields = selected(places, stores.KindTodo)
		return l.set.Todos.ByEntity(ctx, l.scope, ids, q)
	}, page)
}

// TodosOfEpisode loads one page of the todos that came from an episode.
func (l *Loaders) TodosOfEpisode(ctx context.Context, at *Place, episode stores.ID, q stores.Query) (stores.Slice[*stores.Todo], error) {
	return load(ctx, l, at, episode, func(ctx context.Context, ids []stores.ID, places []*Place) (map[stores.ID]stores.Slice[*stores.Todo], error) {
		q.Fields = selected(places, stores.KindTodo)
		return l.set.Todos.ByEpisode(ctx, l.scope, ids, q)
	}, page)
}
