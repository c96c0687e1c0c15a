package loaders

import (
	"context"
	"sync"

	"thalamus/stores"
)

// Listed is one page of a whole list.
type Listed[T any] struct {
	stores.Slice[T]
	// Count counts the whole list; it makes one call, however often it is asked.
	Count func() (int, error)
}

// lister is a contract that lists a noun.
type lister[T stores.Node] interface {
	List(context.Context, stores.Scope, stores.Query) (stores.Slice[T], error)
	Count(context.Context, stores.Scope, stores.Filter) (int, error)
}

// EntitiesOfScope loads one page of all entities.
func (l *Loaders) EntitiesOfScope(ctx context.Context, at *Place, q stores.Query) (Listed[*stores.Entity], error) {
	return ofScope(ctx, l, at, stores.KindEntity, q, l.set.Entities)
}

// EpisodesOfScope loads one page of all episodes.
func (l *Loaders) EpisodesOfScope(ctx context.Context, at *Place, q stores.Query) (Listed[*stores.Episode], error) {
	return ofScope(ctx, l, at, stores.KindEpisode, q, l.set.Episodes)
}

// TodosOfScope loads one page of all todos.
func (l *Loaders) TodosOfScope(ctx context.Context, at *Place, q stores.Query) (Listed[*stores.Todo], error) {
	return ofScope(ctx, l, at, stores.KindTodo, q, l.set.Todos)
}

// ofScope loads the same page for every parent at a place.
func ofScope[T stores.Node](ctx context.Context, l *Loaders, at *Place, kind stores.Kind, q stores.Query, store lister[T]) (Listed[T], error) {
	return load(ctx, l, at, l.scope, func(ctx context.Context, _ []stores.Scope, places []*Place) (map[stores.Scope]Listed[T], error) {
		q.Fields = selected(places, kind)
		got, err := store.List(ctx, l.scope, q)
		count := sync.OnceValues(func() (int, error) { return store.Count(ctx, l.scope, q.Where) })
		return map[stores.Scope]Listed[T]{l.scope: {got, count}}, err
	}, func(p Listed[T]) []stores.Node { return many(p.Items) })
}
