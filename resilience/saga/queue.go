package saga

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"thalamus/stores"
)

// Submission is a write that could not be planned when it was sent, since a store that has to be read was down. It is made
// as if it were sent again.
type Submission struct {
	Saga      stores.ID       `json:"-"`
	Operation string          `json:"operation"`
	Input     json.RawMessage `json:"input"`
	Keyed     bool            `json:"keyed"`
}

// Key is the idempotency key under which a submission is made, so that it happens once however often it is tried.
func (s Submission) Key() string { return "queued " + string(s.Saga) }

// Submitter makes a submission. What is refused for good is an error of a kind other than [stores.ErrUnavailable].
type Submitter func(ctx context.Context, s stores.Scope, what Submission) error

// Submit names who makes submissions. Call it before [Writer.Start]; without it they wait.
func (w *Writer) Submit(by Submitter) { w.submitter = by }

// mayQueue says that a write which failed before anything of it was written down may wait as it was sent: a store that it
// has to read is down, or another write of the same node waits.
func (w *Writer) mayQueue(ctx context.Context, s stores.Scope, r Request, err error) bool {
	if r.OnDown != stores.OnDownQueue || len(r.Input) == 0 || ctx.Err() != nil {
		return false
	}
	if errors.Is(err, stores.ErrUnavailable) {
		return true
	}
	var claimed *stores.Claimed
	if !errors.As(err, &claimed) {
		return false
	}
	found, failed := w.set.Journal.ByID(ctx, s, []stores.ID{claimed.Saga})
	return failed == nil && found[claimed.Saga] != nil && found[claimed.Saga].State == stores.SagaQueued
}

// enqueue writes a request down as it was sent. When there is no room, or no journal, the request fails.
func (w *Writer) enqueue(ctx context.Context, s stores.Scope, r Request, cause error) error {
	if err := w.room(ctx, s); err != nil {
		return errors.Join(err, cause)
	}
	plan, err := json.Marshal(written{Submission: &Submission{Operation: r.Operation, Input: r.Input, Keyed: r.Key != nil}})
	if err != nil {
		return err
	}
	d := &draft{claims: r.claims}
	return w.set.Journal.Atomic(ctx, func(ctx context.Context) error {
		saga := r.record(ctx, s, d)
		saga.State, saga.Problem, saga.Plan = stores.SagaQueued, shownError(cause), plan
		saga.NotBefore = stores.Now().Add(firstWait)
		if err := w.set.Journal.Begin(ctx, saga, 0); err != nil {
			return err
		}
		if err := w.tell(ctx, saga, nil); err != nil {
			return err
		}
		r.tell(saga)
		if r.Key == nil {
			return nil
		}
		return w.set.Answers.Put(ctx, s, r.entry(d, saga.ID, nil))
	})
}

// submit makes the submission of a saga, when its turn has come: those of a scope keep their order.
func (x *running) submit(ctx context.Context) error {
	s := x.saga.Scope
	first, err := x.w.longestQueued(ctx, s)
	if err != nil || first != x.saga.ID || x.w.submitter == nil {
		return x.queue(ctx, errors.Join(errTurn, err))
	}
	if time.Since(x.saga.CreatedAt) > x.w.options.QueuedFor {
		return x.decline(ctx, errExpired)
	}
	err = x.w.submitter(context.WithValue(ctx, turnKey{}, true), s, *x.submission)
	switch {
	case err == nil:
		return x.submitted(ctx)
	case ctx.Err() != nil:
		return err
	case errors.Is(err, stores.ErrUnavailable):
		return x.queue(ctx, err)
	}
	return x.decline(ctx, err)
}

type turnKey struct{}

// hasTurn says of a write that it is a submission whose turn has come.
func hasTurn(ctx context.Context) bool { return ctx.Value(turnKey{}) != nil }

// overtakes is the conflict of a write that touches what one that waits, or is under way, will touch.
func (w *Writer) overtakes(ctx context.Context, s stores.Scope, claims []string) error {
	if len(claims) == 0 || hasTurn(ctx) {
		return nil
	}
	holders, err := w.set.Journal.Holding(ctx, s, claims)
	for _, claim := range claims {
		if id, ok := holders[claim]; ok {
			return claimedBy(id, claim, "another write of the same thing is not finished")
		}
	}
	return err
}

// errTurn is why a submission waits although every store is there.
var errTurn = &stores.Error{Kind: stores.ErrUnavailable, Message: "writes that were sent before it wait, too", RetryAfter: firstWait}

// longestQueued is the saga of a scope that waits for the longest time.
func (w *Writer) longestQueued(ctx context.Context, s stores.Scope) (stores.ID, error) {
	page, err := w.set.Journal.List(ctx, s, stores.Query{
		Where: stores.Where("state", stores.Eq, string(stores.SagaQueued)),
		Order: []stores.Order{{Field: "createdAt", Direction: stores.Ascending}}, Page: stores.Page{First: 1},
	})
	if err != nil || len(page.Items) == 0 {
		return "", err
	}
	return page.Items[0].ID, nil
}

// submitted ends a saga whose submission was made: what it answered is the answer of the saga, too.
func (x *running) submitted(ctx context.Context) error {
	return x.journal(ctx, func(ctx context.Context) error {
		a, err := x.w.set.Answers.Get(ctx, x.saga.Scope, x.submission.Key())
		if err != nil {
			return err
		}
		x.saga.State, x.saga.Problem = stores.SagaCommitted, ""
		if err := x.adopt(ctx, a); err != nil {
			return err
		}
		if a == nil || !x.submission.Keyed {
			return nil
		}
		return x.w.set.Answers.Complete(ctx, x.saga.Scope, x.saga.ID, a.Response)
	})
}

// adopt takes over what the sagas did that made the submission: there may be several of them.
func (x *running) adopt(ctx context.Context, a *stores.Answer) error {
	r := Request{Key: new(x.submission.Key())}
	for n := 1; a != nil; n++ {
		done, err := x.w.sagaOf(ctx, x.saga.Scope, a)
		if err != nil {
			return err
		}
		if done != nil {
			x.saga.Nodes = append(x.saga.Nodes, done.Nodes...)
			x.saga.Steps = append(x.saga.Steps, done.Steps...)
			x.saga.Receipts = append(x.saga.Receipts, done.Receipts...)
		}
		if a, err = x.w.set.Answers.Get(ctx, x.saga.Scope, *r.part(n, x.saga.CreatedAt).Key); err != nil {
			return err
		}
	}
	return nil
}

// decline ends a saga whose submission was refused: nothing of it happened.
func (x *running) decline(ctx context.Context, cause error) error {
	return x.journal(ctx, func(ctx context.Context) error {
		x.saga.State, x.saga.Problem = stores.SagaCompensated, shownError(cause)
		return x.w.set.Answers.Release(ctx, x.saga.Scope, x.saga.ID)
	})
}
