package resilience_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"thalamus/resilience"
	"thalamus/stores"
)

func TestReadsAreRepeated(t *testing.T) {
	once := resilience.Op{Name: "locks.acquire", Waits: true}
	for _, c := range []struct {
		op   resilience.Op
		err  error
		want int64
	}{
		{read, broken, 3}, {write, broken, 1}, {once, broken, 1}, {read, stores.Conflict("x"), 1}, {read, nil, 1}, {read, errors.New("odd"), 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := server(answers(c.err))
			g := protected(f, limits())
			if err := g.Do(t.Context(), c.op, f.run); !errors.Is(err, c.err) || f.reached.Load() != c.want {
				t.Errorf("%s that ends with %v: %d attempts, then %v", c.op.Name, c.err, f.reached.Load(), err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		f := server(nil)
		f.do = func(context.Context) error {
			if f.reached.Load() < 3 {
				return broken
			}
			return nil
		}
		if err := protected(f, limits()).Do(t.Context(), read, f.run); err != nil {
			t.Errorf("the third attempt succeeded, and yet: %v", err)
		}
	})
}

// TestRetriesAreFew: under a failure of every second attempt, retries add no more than a fifth to the calls.
func TestRetriesAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := server(nil)
		f.do = func(context.Context) error {
			if f.reached.Load()%5 < 2 { // the breaker stays closed
				return broken
			}
			return nil
		}
		g := protected(f, limits())
		const calls = 2000
		for range calls {
			_ = g.Do(t.Context(), read, f.run)
		}
		state(t, g, resilience.BreakerClosed)
		if retries := f.reached.Load() - calls; retries < calls/10 || retries > calls/5+10 {
			t.Errorf("%d retries of %d calls", retries, calls)
		}
	})
}
