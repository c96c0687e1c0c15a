package resolvers

import (
	"context"
	"time"

	"thalamus/graph/model"
	"thalamus/loaders"
	"thalamus/stores"
)

// maxTodos bounds the todos of a node, which are a plain list.
const maxTodos = model.MaxPage

// window is the part of a list that a field asks for.
type window struct {
	first  *int
	after  *string
	last   *int
	before *string
}

// noun is what a root list needs of a contract.
type noun[T stores.Node] interface {
	List(context.Context, stores.Scope, stores.Query) (stores.Slice[T], error)
	Count(context.Context, stores.Scope, stores.Filter) (int, error)
}

// list answers a root connection.
func list[T stores.Node](ctx context.Context, r *Resolver, spec stores.Spec, store noun[T], where map[string]any, and stores.Filter, orderBy []map[string]any, w window) (*model.Connection[T], error) {
	s := scope(ctx)
	filter, err := model.Where(spec, where)
	if err != nil {
		return nil, err
	}
	order, err := model.OrderBy(spec, orderBy)
	if err != nil {
		return nil, err
	}
	page, err := model.Page(r.signer, s, w.first, w.after, w.last, w.before)
	if err != nil {
		return nil, err
	}
	filter = stores.All(filter, and)
	got, err := store.List(ctx, s, stores.Query{Where: filter, Order: order, Page: page, Fields: at(ctx).Select(spec.Kind)})
	if err != nil {
		return nil, err
	}
	if err := load(ctx).Admit(len(got.Items)); err != nil {
		return nil, err
	}
	arrived(ctx, got.Items...)
	return model.NewConnection(r.signer, s, got, func(ctx context.Context) (int, error) { return store.Count(ctx, s, filter) }), nil
}

// holds is the condition that an entity is valid at an instant.
func holds(at *time.Time) stores.Filter {
	if at == nil {
		return stores.Filter{}
	}
	return stores.All(
		stores.Where("validFrom", stores.Lte, *at),
		stores.Filter{Op: stores.Or, Terms: []stores.Filter{stores.Where("validTo", stores.IsNull, true), stores.Where("validTo", stores.Gt, *at)}},
	)
}

// below answers a connection below a node through a loader.
func below[T stores.Node](ctx context.Context, r *Resolver, first *int, after *string, where stores.Filter,
	read func(stores.Query) (stores.Slice[T], error),
) (*model.Connection[T], error) {
	page, err := model.Page(r.signer, scope(ctx), first, after, nil, nil)
	if err != nil {
		return nil, err
	}
	got, err := read(stores.Query{Where: where, Page: page})
	if err != nil {
		return nil, err
	}
	return model.NewConnection(r.signer, scope(ctx), got, nil), nil
}

// whole answers a connection over all nodes of a noun below the profile of their owner.
func whole[T stores.Node](ctx context.Context, r *Resolver, first *int, after *string,
	read func(context.Context, *loaders.Place, stores.Query) (loaders.Listed[T], error),
) (*model.Connection[T], error) {
	page, err := model.Page(r.signer, scope(ctx), first, after, nil, nil)
	if err != nil {
		return nil, err
	}
	got, err := read(ctx, at(ctx), stores.Query{Page: page})
	if err != nil {
		return nil, err
	}
	return model.NewConnection(r.signer, scope(ctx), got.Slice, func(context.Context) (int, error) { return got.Count() }), nil
}

// edges answers the edges of a node.
func (r *Resolver) edges(ctx context.Context, node stores.ID, flow *stores.Flow, types []stores.RelationType, minWeight *float64, first *int, after *string) (*model.RelationshipConnection, error) {
	return below(ctx, r, first, after, edgeFilter(types, minWeight), func(q stores.Query) (stores.Slice[*stores.Relationship], error) {
		return load(ctx).Edges(ctx, at(ctx), node, direction(flow), q)
	})
}

// neighbors answers the nodes at the other ends of the edges of a node.
func (r *Resolver) neighbors(ctx context.Context, node stores.ID, flow *stores.Flow, types []stores.RelationType, minWeight *float64, first *int) ([]stores.Node, error) {
	page, err := model.Page(r.signer, scope(ctx), first, nil, nil, nil)
	if err != nil {
		return nil, err
	}
	return load(ctx).Neighbors(ctx, at(ctx), node, direction(flow), stores.Query{Where: edgeFilter(types, minWeight), Page: page})
}

func direction(f *stores.Flow) stores.Flow {
	if f == nil {
		return stores.FlowBoth
	}
	return *f
}

func edgeFilter(types []stores.RelationType, minWeight *float64) stores.Filter {
	var f stores.Filter
	if types = model.Distinct(types); types != nil {
		list := make([]any, len(types))
		for i, t := range types {
			list[i] = string(t)
		}
		f = stores.Where("type", stores.In, list)
	}
	if minWeight != nil {
		f = stores.All(f, stores.Where("weight", stores.Gte, *minWeight))
	}
	return f
}

// maxSimilar bounds `similar(first:)`.
const maxSimilar = 100

// alike checks the arguments of a similar field and turns what the loader gives into the type of the schema.
func alike[T stores.Node, S any](ctx context.Context, id stores.ID, first *int, threshold *float64,
	find func(context.Context, *loaders.Place, stores.ID, int, float64) ([]loaders.Alike[T], error), shape func(loaders.Alike[T]) S,
) ([]S, error) {
	n, least := value(first, 10), value(threshold, 0)
	if n < 1 || n > maxSimilar {
		return nil, stores.Invalid("first", "is %d; it must be between 1 and %d", n, maxSimilar)
	}
	if least < 0 || least > 1 {
		return nil, stores.Invalid("threshold", "must be between 0 and 1")
	}
	found, err := find(ctx, at(ctx), id, n, least)
	out := make([]S, len(found))
	for i, a := range found {
		out[i] = shape(a)
	}
	return out, err
}

func similarEpisode(a loaders.Alike[*stores.Episode]) *model.SimilarEpisode {
	return &model.SimilarEpisode{Score: a.Score, Node: a.Node}
}

func similarEntity(a loaders.Alike[*stores.Entity]) *model.SimilarEntity {
	return &model.SimilarEntity{Score: a.Score, Node: a.Node}
}

func similarProcedure(a loaders.Alike[*stores.Procedure]) *model.SimilarProcedure {
	return &model.SimilarProcedure{Score: a.Score, Node: a.Node}
}

func similarTodo(a loaders.Alike[*stores.Todo]) *model.SimilarTodo {
	return &model.SimilarTodo{Score: a.Score, Node: a.Node}
}

func value[T any](p *T, fallback T) T {
	if p == nil {
		return fallback
	}
	return *p
}

// todosOf answers the todos of a node.
func todosOf(ctx context.Context, node stores.ID,
	read func(context.Context, *loaders.Place, stores.ID, stores.Query) (stores.Slice[*stores.Todo], error),
) ([]*stores.Todo, error) {
	got, err := read(ctx, at(ctx), node, stores.Query{Page: stores.Page{First: maxTodos}})
	return some(got.Items), err
}

// some makes a list without items an empty one: in the schema null says that a store did not answer.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
