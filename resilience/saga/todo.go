package saga

import (
	"context"

	"thalamus/stores"
)

// CreateTodo writes a new todo: records, then vectors.
func (w *Writer) CreateTodo(ctx context.Context, s stores.Scope, r Request, t *stores.Todo) (*stores.Todo, error) {
	return run(ctx, w, s, r, func(ctx context.Context) (plan[*stores.Todo], error) {
		t.Scope = s
		t.SetDefaults(stores.Now())
		if err := t.Validate(); err != nil {
			return plan[*stores.Todo]{}, err
		}
		if err := w.todoReferences(ctx, s, t); err != nil {
			return plan[*stores.Todo]{}, err
		}
		points, err := w.embed(ctx, []document{todoDocument(t)})
		return plan[*stores.Todo]{t, []stores.ID{t.ID}, []step{
			w.todos().Put(s, t), w.pointsPut(s, stores.KindTodo, points),
		}}, err
	})
}

// UpdateTodo changes a todo: records, then vectors.
func (w *Writer) UpdateTodo(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int, change func(*stores.Todo) error) (*stores.Todo, error) {
	return run(ctx, w, s, r, func(ctx context.Context) (plan[*stores.Todo], error) {
		t, err := current(ctx, s, stores.Ref{Kind: stores.KindTodo, ID: id}, expected, w.set.Todos.ByID)
		if err != nil {
			return plan[*stores.Todo]{}, err
		}
		before, pointed := todoDocument(t), joined(t)
		p := plan[*stores.Todo]{answer: t, nodes: []stores.ID{id}}
		if changed, err := edit(t, change); err != nil || !changed {
			return p, err
		}
		if joined(t) != pointed {
			if err := w.todoReferences(ctx, s, t); err != nil {
				return p, err
			}
		}
		index, err := w.reindex(ctx, s, before, todoDocument(t))
		p.steps = []step{w.todos().Swap(s, t), index}
		return p, err
	})
}

// DeleteTodo removes a todo and its vector. It says whether there was one.
func (w *Writer) DeleteTodo(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int) (bool, error) {
	return remove(ctx, w, s, r, stores.Ref{Kind: stores.KindTodo, ID: id}, expected, w.set.Todos.ByID,
		w.todos().Delete(s, id), w.pointsDelete(s, stores.KindTodo, id))
}

func (w *Writer) todoReferences(ctx context.Context, s stores.Scope, t *stores.Todo) error {
	if t.SourceEpisode != "" {
		if err := exist(ctx, s, "sourceEpisode", stores.KindEpisode, []stores.ID{t.SourceEpisode}, w.set.Episodes.ByID); err != nil {
			return err
		}
	}
	return exist(ctx, s, "entities", stores.KindEntity, t.Entities, w.set.Entities.ByID)
}

// joined is everything a todo points at, for comparison.
func joined(t *stores.Todo) string {
	key := string(t.SourceEpisode)
	for _, id := range t.Entities {
		key += " " + string(id)
	}
	return key
}
