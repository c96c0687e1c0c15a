package saga

import (
	"cmp"
	"context"
	"errors"
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
	return plan[T]{answer: n, nodes: []stores.Ref{n.Ref()}, claims: []string{string(n.Ref().ID)}}
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

// erasure is the steps that delete nodes of one noun with their traces: what is derived first, so that a deletion can be
// taken back before anybody has missed a node.
func (w *Writer) erasure(kind stores.Kind, ids ...stores.ID) []step {
	switch kind {
	case stores.KindEpisode:
		return []step{w.erasePoints(kind, ids...), w.episodes().Delete(ids...)}
	case stores.KindEntity:
		return []step{w.erasePoints(kind, ids...), w.entities().Delete(ids...), w.entityRecords().Delete(ids...)}
	case stores.KindProcedure:
		return []step{w.erasePoints(kind, ids...), w.procedures().Delete(ids...)}
	case stores.KindTodo:
		return []step{w.erasePoints(kind, ids...), w.todos().Delete(ids...)}
	case stores.KindRelationship:
		return []step{w.relationships().Delete(ids...)}
	case stores.KindProfile:
		return []step{w.profiles().Delete(ids...)}
	}
	return nil
}

// remove deletes one node, and says whether it was there.
func remove[T any](ctx context.Context, w *Writer, s stores.Scope, r Request, ref stores.Ref, expected *int, c contract[T]) (bool, error) {
	return run(ctx, w, s, r.about(string(ref.ID)), func(ctx context.Context) (plan[bool], error) {
		found, err := c.byID(ctx, s, []stores.ID{ref.ID}, []stores.Field{})
		n := found[ref.ID]
		if err != nil || n == nil {
			return plan[bool]{}, cmp.Or(err, w.underWay(ctx, s, ref.ID))
		}
		if err := expect(expected, c.version(n)); err != nil {
			return plan[bool]{}, err
		}
		p := plan[bool]{
			answer: true, nodes: []stores.Ref{ref}, claims: []string{string(ref.ID)}, events: []stores.Event{forgotten(ref)},
			steps: w.checked(c.Check(ref.ID, c.version(n)), w.erasure(ref.Kind, ref.ID)...),
		}
		texts, err := w.textsOf(ctx, s, ref.Kind, ref.ID)
		p.finish(w.forgetCopies(ref.Kind, texts...), w.forgetAnswers(ref.ID))
		return p, err
	})
}

// finish adds the last steps of a deletion. The first of them are in a cache, and nothing is taken back for its sake.
func (p *plan[T]) finish(copies []step, last step) {
	if len(copies) > 0 {
		p.pivot = len(p.steps)
	}
	p.steps = append(append(p.steps, copies...), last)
}

// textsOf are the texts whose vectors stand for nodes, as far as there may be copies of these.
func (w *Writer) textsOf(ctx context.Context, s stores.Scope, kind stores.Kind, ids ...stores.ID) ([]string, error) {
	if w.set.Copies == nil {
		return nil, nil
	}
	docs, err := w.documentsOf(ctx, s, kind, ids)
	texts := make([]string, len(docs))
	for i, d := range docs {
		texts[i] = d.meaning
	}
	return texts, err
}

// underWay is the conflict with the unfinished write of nodes that are not there: it may be about to create them.
func (w *Writer) underWay(ctx context.Context, s stores.Scope, ids ...stores.ID) error {
	if !w.split() || len(ids) == 0 {
		return nil
	}
	claims := make([]string, len(ids))
	for i, id := range ids {
		claims[i] = string(id)
	}
	held, err := w.set.Journal.Holding(ctx, s, claims)
	for claim, saga := range held {
		return claimedBy(saga, claim, "the write that creates it is not finished")
	}
	return err
}

// unborn turns the error about a node that is not there into the conflict with the write that is about to create it.
func (w *Writer) unborn(ctx context.Context, s stores.Scope, err error) error {
	e, ok := errors.AsType[*stores.Error](err)
	if !ok || !errors.Is(e.Kind, stores.ErrNotFound) || e.Node.ID == "" {
		return err
	}
	return cmp.Or(w.underWay(ctx, s, e.Node.ID), err)
}
