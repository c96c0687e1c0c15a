package saga

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"thalamus/stores"
)

// carryOut runs the steps of a write, all or none. Where the stores are one database it is a transaction of that;
// otherwise the steps run one after the other, and when one fails those that may have run are taken back in reverse order.
func (w *Writer) carryOut(ctx context.Context, s stores.Scope, steps []step) error {
	if w.set.Atomic != nil {
		return w.set.Atomic(ctx, func(ctx context.Context) error {
			for _, st := range steps {
				if err := st.do(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	}
	defer w.turns.take(s.Key())()
	if err := ctx.Err(); err != nil {
		return err
	}
	var undos []undoing
	for _, st := range steps {
		if st.look != nil {
			undo, err := st.look(ctx)
			if err != nil {
				return takeBack(ctx, undos, err)
			}
			undos = append(undos, undoing{st.name, undo})
		}
		if err := st.do(ctx); err != nil {
			if st.look != nil && refusal(err) {
				undos = undos[:len(undos)-1] // it is all or nothing, and it was nothing
			}
			return takeBack(ctx, undos, err)
		}
	}
	return nil
}

// Together runs several writes as one transaction where the stores are one database, and one after the other otherwise.
func (w *Writer) Together(ctx context.Context, writes func(context.Context) error) error {
	if w.set.Atomic == nil {
		return writes(ctx)
	}
	return w.set.Atomic(ctx, writes)
}

// refusal says that a store answered, and did not do it.
func refusal(err error) bool {
	return errors.Is(err, stores.ErrConflict) || errors.Is(err, stores.ErrNotFound) || errors.Is(err, stores.ErrInvalid) || errors.Is(err, stores.ErrUnsupported)
}

type undoing struct {
	name string
	undo func(context.Context) error
}

// How long taking a write back may last in all, and how the pauses grow after which a failed undo is tried again.
const (
	undoTime         = 30 * time.Second
	undoPause        = 200 * time.Millisecond
	longestUndoPause = 2 * time.Second
)

// takeBack undoes steps in reverse order, whatever becomes of the caller, and gives the error that made it necessary; when
// something could not be undone, also what.
func takeBack(ctx context.Context, undos []undoing, cause error) error {
	ctx, cancel := context.WithTimeout(stores.Insist(context.WithoutCancel(ctx)), undoTime)
	defer cancel()
	var left []error
	for _, u := range slices.Backward(undos) {
		if err := insist(ctx, u.undo); err != nil {
			left = append(left, fmt.Errorf("%s was not undone: %w", u.name, err))
		}
	}
	if len(left) == 0 {
		return cause
	}
	return &stores.Error{
		Kind: stores.ErrUnavailable, Cause: errors.Join(append([]error{cause}, left...)...),
		Message: "the write failed half way and could not be taken back everywhere; send it again once the stores are there",
	}
}

// insist repeats what is idempotent while the store is unavailable and there is time.
func insist(ctx context.Context, fn func(context.Context) error) error {
	for pause := undoPause; ; pause = min(2*pause, longestUndoPause) {
		err := fn(ctx)
		if !errors.Is(err, stores.ErrUnavailable) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// turns lets the writes of one scope to several stores go one after the other, so that their steps do not interleave.
type turns struct {
	mu      sync.Mutex
	waiting map[string]*turn
}

type turn struct {
	mu    sync.Mutex
	users int
}

// take waits for the turn of a key and gives the way to end it.
func (t *turns) take(key string) (done func()) {
	t.mu.Lock()
	if t.waiting == nil {
		t.waiting = map[string]*turn{}
	}
	mine := t.waiting[key]
	if mine == nil {
		mine = &turn{}
		t.waiting[key] = mine
	}
	mine.users++
	t.mu.Unlock()

	mine.mu.Lock()
	return func() {
		mine.mu.Unlock()
		t.mu.Lock()
		defer t.mu.Unlock()
		if mine.users--; mine.users == 0 {
			delete(t.waiting, key)
		}
	}
}
