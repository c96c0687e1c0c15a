package saga

import (
	"context"

	"thalamus/stores"
)

// CreateTodo writes a new todo: vectors, then records.
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
		return creation(t, w.createPoints(stores.KindTodo, points), w.todos().Create(t)), err
	})
}

// UpdateTodo changes a todo: vectors, then records.
func (w *Writer) UpdateTodo(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int, change func(*stores.Todo) error) (*stores.Todo, error) {
	return run(ctx, w, s, r.about(string(id)), func(ctx context.Context) (plan[*stores.Todo], error) {
		t, err := current(ctx, s, stores.Ref{Kind: stores.KindTodo, ID: id}, expected, w.set.Todos.ByID)
		if err != nil {
			return plan[*stores.Todo]{}, err
		}
		before, pointed, version := todoDocument(t), pointsAt(t), t.Version
		fields, err := edit(t, change)
		if err != nil || fields == nil {
			return still(t), err
		}
		if pointsAt(t) != pointed {
			if err := w.todoReferences(ctx, s, t); err != nil {
				return plan[*stores.Todo]{}, err
			}
		}
		index, err := w.reindex(ctx, before, todoDocument(t))
		return alteration(t, fields, w.checked(w.todos().Check(id, version), index, w.todos().Swap(t))...), err
	})
}

// DeleteTodo removes a todo and its vector. It says whether there was one.
func (w *Writer) DeleteTodo(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int) (bool, error) {
	ref := stores.Ref{Kind: stores.KindTodo, ID: id}
	return remove(ctx, w, s, r, ref, expected, w.todos())
}

func (w *Writer) todoReferences(ctx context.Context, s stores.Scope, t *stores.Todo) error {
	if t.SourceEpisode != "" {
		if err := exist(ctx, s, "sourceEpisode", stores.KindEpisode, []stores.ID{t.SourceEpisode}, w.set.Episodes.ByID); err != nil {
			return err
		}
	}
	return exist(ctx, s, "entities", stores.KindEntity, t.Entities, w.set.Entities.ByID)
}

// pointsAt is everything a todo points at, for comparison.
func pointsAt(t *stores.Todo) string {
	key := string(t.SourceEpisode)
	for _, id := range t.Entities {
		key += " " + string(id)
	}
	return key
}
