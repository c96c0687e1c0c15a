package saga

import (
	"context"
	"log/slog"

	"thalamus/stores"
)

// Retry works at once on a saga that waits or is stuck. One that has ended, or that somebody works on, is
// [stores.ErrConflict].
func (w *Writer) Retry(ctx context.Context, s stores.Scope, id stores.ID) (*stores.Saga, error) {
	saga, err := w.seize(ctx, s, id)
	if err != nil {
		return nil, err
	}
	w.carryOver(ctx, saga)
	return w.reread(ctx, s, id)
}

const maxReason = 1000

// Resolve declares a saga that waits, is taken back or is stuck to be taken back, for the reason that an administrator
// gives: what it claims is free, and so is its idempotency key. What its steps wrote stays. One that has ended, that goes
// forward, or that somebody works on is [stores.ErrConflict].
func (w *Writer) Resolve(ctx context.Context, s stores.Scope, id stores.ID, reason string) (*stores.Saga, error) {
	var c stores.Check
	c.Text("reason", reason, 1, maxReason)
	if err := c.Err(); err != nil {
		return nil, err
	}
	saga, err := w.seize(ctx, s, id)
	if err != nil {
		return nil, err
	}
	was := saga.State
	if was != stores.SagaQueued && was != stores.SagaCompensating && was != stores.SagaStuck {
		saga.Owner = ""
		if err := w.set.Journal.Advance(ctx, saga, saga.Fence); err != nil {
			return nil, err
		}
		return nil, standing("this saga goes on by itself; only one that waits, is taken back or is stuck can be resolved")
	}
	err = w.set.Journal.Atomic(ctx, func(ctx context.Context) error {
		saga.State, saga.Problem = stores.SagaCompensated, "resolved by an administrator: "+reason
		if err := w.set.Journal.Advance(ctx, saga, saga.Fence); err != nil {
			return err
		}
		if err := w.tell(ctx, saga, nil); err != nil {
			return err
		}
		return w.set.Answers.Release(ctx, s, id)
	})
	if err != nil {
		return nil, err
	}
	w.options.Log.WarnContext(ctx, "an administrator resolved a write",
		slog.String("saga", string(id)), slog.String("operation", saga.Operation), slog.String("scope", s.Key()),
		slog.String("was", string(was)), slog.String("reason", reason))
	return w.reread(ctx, s, id)
}

// seize takes over a saga that has not ended and that nobody works on.
func (w *Writer) seize(ctx context.Context, s stores.Scope, id stores.ID) (*stores.Saga, error) {
	saga, err := w.set.Journal.Take(ctx, s, id, w.owner, w.options.Lease)
	if err != nil || saga != nil {
		return saga, err
	}
	there, err := w.reread(ctx, s, id)
	switch {
	case err != nil:
		return nil, err
	case there == nil:
		return nil, missing("id", stores.KindSaga, id)
	case there.State.Ended():
		return nil, standing("this saga has ended; there is nothing left to do")
	}
	return nil, standing("this saga is being worked on right now; look at it again later")
}

func (w *Writer) reread(ctx context.Context, s stores.Scope, id stores.ID) (*stores.Saga, error) {
	found, err := w.set.Journal.ByID(ctx, s, []stores.ID{id})
	return found[id], err
}

// standing is a conflict with the state of a saga.
func standing(message string) error {
	return &stores.Error{Kind: stores.ErrConflict, Path: []string{"id"}, Message: message}
}
