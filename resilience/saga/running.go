package saga

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"thalamus/stores"
)

// running is a saga that this gateway works on.
type running struct {
	*draft
	w     *Writer
	saga  *stores.Saga // as it is in the journal, or about to be
	keyed bool         // its answer is remembered

	submission *Submission // what there is instead of a draft; nil: nothing

	leased time.Time // when the lease began at the latest
	public atomic.Pointer[stores.Saga]
}

// show lets others see the saga as it is now.
func (x *running) show() { x.public.Store(x.saga.Clone()) }

// shown is the saga as others may see it.
func (x *running) shown() *stores.Saga { return x.public.Load() }

// Causes of the end of the work on a saga that has not ended.
var (
	errLeaseLost = errors.New("the lease was lost")
	errClosing   = errors.New("the gateway is closing")
)

// work carries a saga on until it has ended or has to wait, whatever becomes of the caller, and gives the error that its
// author gets to know.
func (x *running) work(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	defer context.AfterFunc(x.w.life, func() { cancel(errClosing) })()
	defer x.keepLease(ctx, cancel)()
	err := x.carryOn(ctx)
	if errors.Is(err, stores.ErrFenced) {
		x.w.options.Log.WarnContext(ctx, "stopped working on a write that another gateway has taken over", slog.String("saga", string(x.saga.ID)))
	}
	if err != nil && (ctx.Err() != nil || errors.Is(err, errJournal) || errors.Is(err, stores.ErrFenced)) {
		err = unknown(x.saga.ID, errors.Join(context.Cause(ctx), err))
	}
	return err
}

// unknown is the error of an author who cannot be told what becomes of the write. The cause is told in words only: a conflict
// with another gateway is none of the author's.
func unknown(id stores.ID, cause error) error {
	return &stores.Error{Kind: stores.ErrUnavailable, Cause: errors.New(cause.Error()), Node: stores.Ref{Kind: stores.KindSaga, ID: id},
		Message: "the write was interrupted; it is carried on or taken back as soon as possible, see the saga " + string(id)}
}

// keepLease renews the lease while the work lasts, and ends the work when that fails for too long.
func (x *running) keepLease(ctx context.Context, end context.CancelCauseFunc) (stop func()) {
	lease, id, leased := x.w.options.Lease, x.saga.ID, x.leased
	stopped := make(chan struct{})
	x.w.working.Go(func() {
		for {
			select {
			case <-time.After(lease / 3):
			case <-stopped:
				return
			}
			asked := time.Now()
			held, err := x.w.set.Journal.Renew(ctx, x.w.owner, []stores.ID{id}, lease)
			switch {
			case err == nil && len(held) == 1:
				leased = asked
			case err == nil, time.Since(leased) > lease*7/10:
				if !fenceless {
					end(errLeaseLost)
					return
				}
			}
		}
	})
	return func() { close(stopped) }
}

// carryOn takes a saga to its end, forwards or backwards.
func (x *running) carryOn(ctx context.Context) error {
	if x.submission != nil {
		return x.submit(ctx)
	}
	if x.saga.State == stores.SagaCompensating || x.saga.State == stores.SagaStuck {
		return x.takeBack(ctx)
	}
	at, err := x.forward(ctx)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil, errors.Is(err, stores.ErrFenced), errors.Is(err, errJournal):
		return err
	case !errors.Is(err, stores.ErrUnavailable):
		return x.turnBack(ctx, at, err, err)
	}
	may, shown := x.mayWait(ctx, at, err)
	if may {
		return x.queue(ctx, err)
	}
	return x.turnBack(ctx, at, err, shown)
}

// forward does the steps that are not done, and commits. It gives the step that failed.
func (x *running) forward(ctx context.Context) (at int, err error) {
	for {
		at = slices.IndexFunc(x.saga.Steps, func(s stores.SagaStep) bool { return s.State == stores.StepPending })
		if at < 0 || x.w.local(x.steps[at]) {
			if ended, err := x.transact(ctx); ended || err != nil {
				return at, err
			}
			continue
		}
		if err := x.doRemote(ctx, at); err != nil {
			return at, err
		}
		next := at + 1
		if next < len(x.steps) && !x.w.local(x.steps[next]) {
			if err := x.advance(ctx); err != nil {
				return next, err
			}
		}
	}
}

// next is the step that comes next; the last one when all are done.
func (x *running) next() int {
	at := slices.IndexFunc(x.saga.Steps, func(s stores.SagaStep) bool { return s.State == stores.StepPending })
	if at < 0 {
		at = len(x.saga.Steps) - 1
	}
	return at
}

// transact does, as one transaction, the steps that are part of the journal's database and come next, and commits the saga
// when these were the last.
func (x *running) transact(ctx context.Context) (ended bool, err error) {
	var proof []stores.Receipt
	if last := x.lastRemote(); last < 0 || x.saga.Steps[last].State == stores.StepDone {
		// What is local is read back in the transaction; what is not must not hold it up.
		if proof, err = receipts(x.fenced(ctx), x.saga.Scope, x.remote()); err != nil {
			return false, err
		}
	}
	err = x.journal(ctx, func(ctx context.Context) error {
		if err := x.doLocal(ctx); err != nil {
			return err
		}
		if ended = x.done(); !ended {
			return nil
		}
		more, err := receipts(ctx, x.saga.Scope, x.locals())
		if err != nil {
			return err
		}
		x.saga.Receipts, x.saga.State, x.saga.Problem = append(slices.Clone(proof), more...), stores.SagaCommitted, ""
		return x.complete(ctx)
	})
	return ended, err
}

// complete remembers the answer.
func (x *running) complete(ctx context.Context) error {
	if !x.keyed {
		return nil
	}
	response, err := x.response()
	if err != nil {
		return err
	}
	return x.w.set.Answers.Complete(ctx, x.saga.Scope, x.saga.ID, response)
}

// news is what has happened once the saga is committed.
func (x *running) news() []stores.Event {
	if x.saga.State != stores.SagaCommitted {
		return nil
	}
	return x.events
}

// doLocal does the next steps that are part of the journal's database.
func (x *running) doLocal(ctx context.Context) error {
	for i := range x.saga.Steps {
		st := &x.saga.Steps[i]
		if st.State != stores.StepPending {
			continue
		}
		if !x.w.local(x.steps[i]) {
			return nil
		}
		st.Attempts++
		if err := x.steps[i].do(ctx, x.saga.Scope); err != nil {
			return err
		}
		st.State, st.Error = stores.StepDone, ""
	}
	return nil
}

// doRemote does one step in a store of its own, several times if need be.
func (x *running) doRemote(ctx context.Context, at int) error {
	st := &x.saga.Steps[at]
	for try := 1; ; try++ {
		st.Attempts++
		err := x.steps[at].do(x.fenced(ctx), x.saga.Scope)
		if err == nil {
			st.State, st.Error = stores.StepDone, ""
			x.saga.State = stores.SagaRunning
			return nil
		}
		st.Error = shownError(err)
		if !errors.Is(err, stores.ErrUnavailable) || refused(err) || try == x.w.options.Tries || !x.w.rest(ctx, try) {
			return err
		}
	}
}

// refused says that a guard did not let a call pass, and says when another one may.
func refused(err error) bool {
	e, ok := errors.AsType[*stores.Error](err)
	return ok && e.RetryAfter > 0
}

// longestRest is how many times of the first pause the longest one is.
const longestRest = 20

// rest waits before another try, and says whether there is time for it. The pause is any between none and one that doubles,
// as "full jitter" of AWS's "Exponential backoff and jitter" has it.
func (w *Writer) rest(ctx context.Context, try int) bool {
	most := min(w.options.Rest<<(try-1), longestRest*w.options.Rest)
	select {
	case <-time.After(rand.N(most)):
		return true
	case <-ctx.Done():
		return false
	}
}

// fenced lets a call be made in the name of the saga.
func (x *running) fenced(ctx context.Context) context.Context {
	if fenceless {
		return ctx
	}
	return stores.Fenced(ctx, stores.Fence{Saga: x.saga.ID, Token: x.saga.Fence})
}

// done says that every step is.
func (x *running) done() bool {
	return !slices.ContainsFunc(x.saga.Steps, func(s stores.SagaStep) bool { return s.State != stores.StepDone })
}

func (x *running) lastRemote() int {
	for i := len(x.steps) - 1; i >= 0; i-- {
		if !x.w.local(x.steps[i]) {
			return i
		}
	}
	return -1
}

func (x *running) locals() []step {
	return slices.DeleteFunc(slices.Clone(x.steps), func(st step) bool { return !x.w.local(st) })
}

func (x *running) remote() []step { return slices.DeleteFunc(slices.Clone(x.steps), x.w.local) }

// errJournal says that the journal does not answer, so that nothing can be said or done.
var errJournal = errors.New("the journal is not available")

// advance writes down how far the saga has come.
func (x *running) advance(ctx context.Context) error {
	return x.journal(ctx, func(context.Context) error { return nil })
}

// journal runs fn, which changes the saga, and writes it down, in one transaction. When that fails the saga is as before.
// A journal that is unavailable is asked again for a while: the transaction may have been made, which it then says itself.
func (x *running) journal(ctx context.Context, fn func(context.Context) error) error {
	before := x.saga.Clone()
	for try := 1; ; try++ {
		err := x.w.set.Journal.Atomic(ctx, func(ctx context.Context) error {
			*x.saga = *before.Clone()
			if err := fn(ctx); err != nil {
				return err
			}
			err := x.w.set.Journal.Advance(ctx, x.saga, before.Fence)
			if fenceless && errors.Is(err, stores.ErrFenced) {
				return nil
			}
			if err != nil || x.saga.State == before.State {
				return err
			}
			return x.w.tell(ctx, x.saga, x.news())
		})
		if err == nil {
			x.show()
			return nil
		}
		*x.saga = *before
		if !errors.Is(err, stores.ErrUnavailable) {
			return err
		}
		if try == journalTries || !x.w.rest(ctx, try) {
			return errors.Join(errJournal, err)
		}
	}
}

const journalTries = 8

// shownError is what of an error is kept and shown. It names no content.
func shownError(err error) string {
	for _, c := range []struct {
		kind error
		text string
	}{
		{errExpired, "it waited too long for a store"}, {errFull, "too many writes wait already"},
		{errTurn, "writes that were sent before it wait, too"},
		{stores.ErrFenced, "taken over by another gateway"}, {stores.ErrUnavailable, "the store is unavailable"},
		{stores.ErrConflict, "another write came first"}, {stores.ErrNotFound, "what it points at is gone"},
		{stores.ErrInvalid, "the store does not accept it"}, {stores.ErrUnsupported, "the store cannot do it"},
	} {
		if errors.Is(err, c.kind) {
			return c.text
		}
	}
	return "internal error"
}
