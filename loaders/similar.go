package loaders

import (
	"context"

	"thalamus/stores"
)

// Alike is a node and its similarity, 0..1.
type Alike[T stores.Node] struct {
	Score float64
	Node  T
}

// similar loads the nodes most like another of its kind: one batch of searches, then one read of what was found. A hit
// that the record of truth no longer has is left out.
func similar[T stores.Node](ctx context.Context, l *Loaders, at *Place, kind stores.Kind, id stores.ID, first int, threshold float64, read reader[T]) ([]Alike[T], error) {
	return load(ctx, l, at, id, func(ctx context.Context, ids []stores.ID, places []*Place) (map[stores.ID][]Alike[T], error) {
		searches := make([]stores.Search, len(ids))
		for i, id := range ids {
			searches[i] = stores.Search{Collection: stores.Collections[kind], Like: id, Limit: first, Threshold: threshold}
		}
		answers, err := l.set.Vectors.Search(ctx, l.scope, searches)
		if err != nil {
			return nil, err
		}
		var found []stores.ID
		for _, hits := range answers {
			for _, h := range hits {
				found = append(found, h.ID)
			}
		}
		nodes, err := readAll(ctx, l.scope, found, selected(places, kind), read)
		out := make(map[stores.ID][]Alike[T], len(ids))
		for i, hits := range answers {
			for _, h := range hits {
				if n, ok := nodes[h.ID]; ok {
					out[ids[i]] = append(out[ids[i]], Alike[T]{h.Score, n})
				}
			}
		}
		return out, err
	}, func(list []Alike[T]) []stores.Node {
		out := make([]stores.Node, len(list))
		for i, a := range list {
			out[i] = a.Node
		}
		return out
	})
}

// SimilarEpisodes loads the episodes most like one.
func (l *Loaders) SimilarEpisodes(ctx context.Context, at *Place, id stores.ID, first int, threshold float64) ([]Alike[*stores.Episode], error) {
	return similar(ctx, l, at, stores.KindEpisode, id, first, threshold, l.set.Episodes.ByID)
}

// SimilarEntities loads the entities most like one.
func (l *Loaders) SimilarEntities(ctx context.Context, at *Place, id stores.ID, first int, threshold float64) ([]Alike[*stores.Entity], error) {
	return similar(ctx, l, at, stores.KindEntity, id, first, threshold, l.set.Entities.ByID)
}

// SimilarProcedures loads the procedures most like one.
func (l *Loaders) SimilarProcedures(ctx context.Context, at *Place, id stores.ID, first int, threshold float64) ([]Alike[*stores.Procedure], error) {
	return similar(ctx, l, at, stores.KindProcedure, id, first, threshold, l.set.Procedures.ByID)
}

// SimilarTodos loads the todos most like one.
func (l *Loaders) SimilarTodos(ctx context.Context, at *Place, id stores.ID, first int, threshold float64) ([]Alike[*stores.Todo], error) {
	return similar(ctx, l, at, stores.KindTodo, id, first, threshold, l.set.Todos.ByID)
}

// Vector loads the dense vector that stands for a node; nil when there is none.
func (l *Loaders) Vector(ctx context.Context, at *Place, ref stores.Ref) ([]float32, error) {
	return load(ctx, l, at, ref.ID, func(ctx context.Context, ids []stores.ID, _ []*Place) (map[stores.ID][]float32, error) {
		points, err := l.set.Vectors.Get(ctx, l.scope, stores.Collections[ref.Kind], ids)
		out := make(map[stores.ID][]float32, len(points))
		for id, p := range points {
			out[id] = p.Vector
		}
		return out, err
	}, nil)
}
