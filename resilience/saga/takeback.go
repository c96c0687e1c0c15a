package saga

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"thalamus/stores"
)

// mayWait says whether a saga that met a store that is down waits for it: its author allows it, or it cannot be taken back
// any more.
//
// Otherwise it gives the error to tell its author: the cause, or that too many wait already.
func (x *running) mayWait(ctx context.Context, at int, cause error) (bool, error) {
	if x.pivot > 0 && at >= x.pivot || x.seen(at, cause) {
		return true, nil
	}
	if x.saga.OnDown != stores.OnDownQueue || time.Since(x.saga.CreatedAt) > x.w.options.QueuedFor {
		return false, cause
	}
	if x.saga.State == stores.SagaQueued {
		return true, nil
	}
	full := x.w.room(ctx, x.saga.Scope)
	return full == nil, full
}

// seen says of a saga that failed at a step that readers may have seen something of it: from then on it is only carried on,
// lest they see it go again.
func (x *running) seen(at int, cause error) bool {
	for i, st := range x.steps[:at+1] {
		if st.public() && !x.w.local(st) && (i < at || !x.refusedAtOnce(&x.saga.Steps[i], cause)) {
			return true
		}
	}
	return false
}

// room says whether another saga may wait.
func (w *Writer) room(ctx context.Context, s stores.Scope) error {
	all, err := w.set.Journal.Unfinished(ctx)
	if err != nil {
		return err
	}
	own, err := w.set.Journal.Count(ctx, s, stores.Where("state", stores.Eq, string(stores.SagaQueued)))
	if err == nil && (all[stores.SagaQueued] >= w.options.Queue || own >= w.options.QueueOfScope) {
		err = errFull
	}
	return err
}

var errFull = &stores.Error{Kind: stores.ErrUnavailable, RetryAfter: firstWait, Unsent: true, Message: "too many writes wait for the store already; send it again later"}

// How long a saga that waits, forwards or backwards, is left alone: the first time, and at most.
const (
	firstWait   = time.Second
	longestWait = 30 * time.Second
	stuckAfter  = 24 * time.Hour
	stuckWait   = time.Hour
)

// wait is how long a saga is left alone after a round of work that a store stopped.
func (x *running) wait(err error) time.Duration {
	pause := firstWait << min(max(x.saga.Attempts-1, 0), 10)
	if e, ok := errors.AsType[*stores.Error](err); ok {
		pause = max(pause, e.RetryAfter)
	}
	return min(pause, longestWait)
}

// queue lets a saga wait for a store. Its author is told no error: it is written down.
func (x *running) queue(ctx context.Context, cause error) error {
	return x.journal(ctx, func(context.Context) error {
		x.saga.State, x.saga.Problem, x.saga.Owner = stores.SagaQueued, shownError(cause), ""
		x.saga.NotBefore = stores.Now().Add(x.wait(cause))
		return nil
	})
}

// turnBack makes a saga that failed at a step one that is taken back, and gives what its author is to be shown.
func (x *running) turnBack(ctx context.Context, at int, cause, shown error) error {
	err := x.journal(ctx, func(context.Context) error {
		x.saga.State, x.saga.Problem = stores.SagaCompensating, shownError(shown)
		x.saga.Fence++
		for i := range x.saga.Steps {
			st := &x.saga.Steps[i]
			neverRan := i > at || i == at && (x.w.local(x.steps[i]) || x.refusedAtOnce(st, cause))
			if st.State == stores.StepPending && neverRan {
				st.State = stores.StepUndone
			}
		}
		return nil
	})
	if err == nil {
		err = x.takeBack(ctx)
	}
	if err != nil {
		return &stores.Error{Kind: stores.ErrUnavailable, Cause: errors.Join(cause, err), Node: x.saga.Ref(),
			Message: "the write failed half way and is being taken back; see the saga " + string(x.saga.ID)}
	}
	return shown
}

// refusedAtOnce says that a step was tried once in its life, and certainly did nothing.
func (x *running) refusedAtOnce(st *stores.SagaStep, err error) bool {
	answered := errors.Is(err, stores.ErrConflict) || errors.Is(err, stores.ErrNotFound) || errors.Is(err, stores.ErrInvalid) || errors.Is(err, stores.ErrUnsupported)
	e, ok := errors.AsType[*stores.Error](err)
	return (answered || ok && e.Unsent) && x.saga.Attempts == 1 && st.Attempts == 1
}

// takeBack undoes, in reverse order, every step that may have run. When a store stops it, it goes on with the others and
// leaves the saga for later; one that nothing but an administrator can help is stuck.
func (x *running) takeBack(ctx context.Context) error {
	var down, broken error
	for i := range slices.Backward(x.saga.Steps) {
		if x.saga.Steps[i].State == stores.StepUndone || undoMarkedOnly && x.saga.Steps[i].State != stores.StepDone {
			continue
		}
		err := x.undoStep(ctx, i)
		switch {
		case err == nil:
		case ctx.Err() != nil, errors.Is(err, stores.ErrFenced), errors.Is(err, errJournal):
			return err
		case errors.Is(err, stores.ErrUnavailable):
			down = err
		default:
			broken = err
		}
	}
	if down != nil || broken != nil {
		return x.leave(ctx, down, broken)
	}
	return x.journal(ctx, func(ctx context.Context) error {
		x.saga.State = stores.SagaCompensated
		if !x.keyed {
			return nil
		}
		return x.w.set.Answers.Release(ctx, x.saga.Scope, x.saga.ID)
	})
}

// undoStep undoes one step and marks it: together, where it is part of the journal's database.
func (x *running) undoStep(ctx context.Context, i int) error {
	mark := func() { x.saga.Steps[i].State, x.saga.Steps[i].Error = stores.StepUndone, "" }
	if x.w.local(x.steps[i]) {
		return x.journal(ctx, func(ctx context.Context) error {
			mark()
			return x.steps[i].undo(ctx, x.saga.Scope)
		})
	}
	for try := 1; ; try++ {
		err := x.steps[i].undo(x.fenced(stores.Insist(ctx)), x.saga.Scope)
		if err == nil {
			return x.journal(ctx, func(context.Context) error { mark(); return nil })
		}
		x.saga.Steps[i].Error = shownError(err)
		if !errors.Is(err, stores.ErrUnavailable) || try == x.w.options.Tries || !x.w.rest(ctx, try) {
			return err
		}
	}
}

// leave lets a saga that could not be taken back wait for another round.
func (x *running) leave(ctx context.Context, down, broken error) error {
	cause := errors.Join(broken, down)
	err := x.journal(ctx, func(context.Context) error {
		x.saga.Owner, x.saga.NotBefore = "", stores.Now().Add(x.wait(down))
		if broken != nil || time.Since(x.saga.CreatedAt) > stuckAfter {
			x.saga.State, x.saga.NotBefore = stores.SagaStuck, stores.Now().Add(stuckWait)
		}
		return nil
	})
	if x.saga.State == stores.SagaStuck {
		x.w.options.Log.ErrorContext(ctx, "a write could not be taken back; it needs an administrator",
			slog.String("saga", string(x.saga.ID)), slog.String("operation", x.saga.Operation), slog.Any("error", cause))
	}
	return errors.Join(cause, err)
}
