package saga

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"thalamus/stores"
)

// How often a writer looks for sagas that were left over, and prunes what is old.
const (
	recoverPause = time.Second
	prunePause   = time.Hour
)

// Start lets the writer finish what was left over: at once, and then again and again until it closes. What ended long ago is
// deleted.
func (w *Writer) Start() {
	w.every(recoverPause, "carry on sagas", func(ctx context.Context) error {
		begun := time.Now()
		n, err := w.Recover(ctx)
		if n > 0 && err == nil {
			w.options.Log.Info("carried on what was left over", slog.Int("sagas", n), slog.Duration("took", time.Since(begun)))
		}
		return err
	})
	w.every(prunePause, "prune the journal", w.prune)
}

// every runs fn now and then, until the writer closes.
func (w *Writer) every(pause time.Duration, what string, fn func(context.Context) error) {
	w.working.Go(func() {
		failing := false
		for {
			err := fn(w.looking)
			if w.looking.Err() != nil {
				return
			}
			if err != nil && !failing {
				w.options.Log.Warn("cannot "+what+"; trying on", slog.Any("error", err))
			}
			failing = err != nil
			select {
			case <-time.After(pause):
			case <-w.looking.Done():
				return
			}
		}
	})
}

// Recover carries on every saga that is due and that nobody works on, and says how many there were. It ends when none is
// left.
func (w *Writer) Recover(ctx context.Context) (int, error) {
	total := 0
	for ctx.Err() == nil {
		due, err := w.set.Journal.Due(ctx, w.owner, w.options.Lease, w.alone(), w.options.Drain*dueForEach)
		if err != nil {
			return total, err
		}
		if len(due) == 0 {
			return total, nil
		}
		total += len(due)
		var all sync.WaitGroup
		free := make(chan struct{}, w.options.Drain)
		for _, lane := range lanes(due) {
			free <- struct{}{}
			all.Go(func() {
				defer func() { <-free }()
				for _, saga := range lane {
					w.carryOver(ctx, saga)
				}
			})
		}
		all.Wait()
	}
	return total, ctx.Err()
}

// dueForEach is how many sagas are taken over at once for each that is worked on.
const dueForEach = 4

// lanes parts sagas into lists whose members follow each other: submissions of a scope keep their order, any other saga has
// claimed what it touches.
func lanes(due []*stores.Saga) [][]*stores.Saga {
	var out [][]*stores.Saga
	of := map[stores.Scope]int{}
	for _, saga := range due {
		at, ok := of[saga.Scope]
		switch {
		case len(saga.Steps) > 0:
			out = append(out, []*stores.Saga{saga})
		case ok:
			out[at] = append(out[at], saga)
		default:
			of[saga.Scope] = len(out)
			out = append(out, []*stores.Saga{saga})
		}
	}
	for _, at := range of {
		slices.SortStableFunc(out[at], func(a, b *stores.Saga) int { return a.CreatedAt.Compare(b.CreatedAt) })
	}
	return out
}

// alone says that whoever owned a saga of this journal before is dead. It is true once, before this gateway has made any.
func (w *Writer) alone() bool { return w.set.Journal.Exclusive() && !w.lived.Swap(true) }

// carryOver works on a saga that somebody else, or an earlier round, left.
func (w *Writer) carryOver(ctx context.Context, saga *stores.Saga) {
	x, err := w.resume(saga)
	if err == nil {
		saga.Attempts++
		if x.expired() {
			err = x.turnBack(ctx, x.next(), errExpired, errExpired)
		} else {
			err = x.work(ctx)
		}
	}
	level := slog.LevelInfo
	if saga.State == stores.SagaQueued { // again and again, as long as the store is away
		level = slog.LevelDebug
	}
	if err != nil && !errors.Is(err, stores.ErrUnavailable) {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{slog.String("saga", string(saga.ID)), slog.String("operation", saga.Operation), slog.String("state", string(saga.State))}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	w.options.Log.LogAttrs(ctx, level, "carried on a write", attrs...)
}

// expired says that a saga has waited for too long, and can be taken back.
func (x *running) expired() bool {
	return x.saga.State == stores.SagaQueued && x.submission == nil && time.Since(x.saga.CreatedAt) > x.w.options.QueuedFor &&
		!x.seen(x.next(), errExpired)
}

var errExpired = stores.Unavailable("", errors.New("it waited too long"))

// prune deletes what ended too long ago to be asked for.
func (w *Writer) prune(ctx context.Context) error {
	before := stores.Now().Add(-w.options.Keep)
	_, sagas := w.set.Journal.Prune(ctx, before)
	_, events := w.set.Outbox.Prune(ctx, stores.Now().Add(-w.options.KeepEvents))
	_, answers := w.set.Answers.Prune(ctx, before)
	return errors.Join(sagas, events, answers)
}
