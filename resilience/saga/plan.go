package saga

import (
	"context"
	"slices"

	"thalamus/stores"
)

// creation plans a new node.
func creation[T stores.Versioned](n T, steps ...step) plan[T] {
	return plan[T]{
		answer: n, nodes: []stores.Ref{n.Ref()}, claims: []string{string(n.Ref().ID)}, events: []stores.Event{created(n)}, steps: steps,
	}
}

// still plans nothing: the node is as it should be.
func still[T stores.Versioned](n T) plan[T] {
	return plan[T]{answer: n, nodes: []stores.Ref{n.Ref()}}
}

// alteration plans the next version of a node.
func alteration[T stores.Versioned](n T, fields []stores.Field, steps ...step) plan[T] {
	return plan[T]{
		answer: n, nodes: []stores.Ref{n.Ref()}, claims: []string{string(n.Ref().ID)},
		events: []stores.Event{updated(n, fields)}, steps: steps,
	}
}

// checked lets a check go before steps of which the first does not refuse. A transaction needs none.
func (w *Writer) checked(check step, steps ...step) []step {
	if !w.split() {
		return steps
	}
	return slices.Insert(steps, 0, check)
}

// remove deletes one node by the given steps, and says whether it was there.
func remove[T any](ctx context.Context, w *Writer, s stores.Scope, r Request, ref stores.Ref, expected *int, c contract[T], steps ...step) (bool, error) {
	return run(ctx, w, s, r, func(ctx context.Context) (plan[bool], error) {
		found, err := c.byID(ctx, s, []stores.ID{ref.ID}, w.fieldsToForget())
		n := found[ref.ID]
		if err != nil || n == nil {
			return plan[bool]{}, err
		}
		if err := expect(expected, c.version(n)); err != nil {
			return plan[bool]{}, err
		}
		p := plan[bool]{
			answer: true, nodes: []stores.Ref{ref}, claims: []string{string(ref.ID)}, events: []stores.Event{forgotten(ref)},
			steps: w.checked(c.Check(ref.ID, c.version(n)), steps...),
		}
		p.finish(w.forgetCopies(ref.Kind, textOf(n)...), w.forgetAnswers(ref.ID))
		return p, nil
	})
}

// finish adds the last steps of a deletion. The first of them are in a cache, and nothing is taken back for its sake.
func (p *plan[T]) finish(copies []step, last step) {
	if len(copies) > 0 {
		p.pivot = len(p.steps)
	}
	p.steps = append(append(p.steps, copies...), last)
}

// fieldsToForget are the fields by which nodes are read that are to be deleted.
func (w *Writer) fieldsToForget() []stores.Field {
	if w.set.Copies == nil {
		return []stores.Field{}
	}
	return nil // the copies of vectors are found by the texts
}

// textOf is the text whose vector stands for a node.
func textOf(n any) []string {
	if e, ok := n.(interface{ EmbeddingText() string }); ok && e.EmbeddingText() != "" {
		return []string{e.EmbeddingText()}
	}
	return nil
}
