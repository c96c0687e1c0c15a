package resilience_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"thalamus/resilience"
	"thalamus/stores"
)

func TestBulkhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := server(func(context.Context) error { time.Sleep(600 * time.Millisecond); return nil })
		g := protected(f, limits())
		var all sync.WaitGroup
		var late, busy atomic.Int64
		for range 12 { // three rounds of four; the third would have to wait for more than a second
			all.Go(func() {
				start := time.Now()
				err := g.Do(t.Context(), write, f.run)
				switch {
				case retryAfter(err) > 0 && time.Since(start) == time.Second:
					busy.Add(1)
				case err == nil && time.Since(start) > 600*time.Millisecond:
					late.Add(1)
				case err != nil:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if f.most.Load() != 4 || late.Load() != 4 || busy.Load() != 4 {
			t.Errorf("%d at once, %d waited, %d were sent away", f.most.Load(), late.Load(), busy.Load())
		}
		state(t, g, resilience.BreakerClosed)
	})
}

// TestQueueIsLeft by callers that go away.
func TestQueueIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := server(func(context.Context) error { time.Sleep(900 * time.Millisecond); return nil })
		s := limits()
		s.Concurrency = 1
		g := protected(f, s)
		go func() { _ = g.Do(t.Context(), write, f.run) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := g.Do(ctx, write, f.run); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if err := g.Do(t.Context(), write, f.run); err != nil {
			t.Errorf("the turn of a caller that went away is lost: %v", err)
		}
	})
}

// TestInsideTransactions wants calls of a transaction not to wait for those that wait for it.
func TestInsideTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := server(answers(nil))
		lock := make(chan struct{}, 1)
		set := hollow()
		set.Backends = []stores.Playing{{Role: stores.RoleRecords, Backend: f}}
		set.Atomic = func(ctx context.Context, fn func(context.Context) error) error {
			lock <- struct{}{}
			defer func() { <-lock }()
			time.Sleep(100 * time.Millisecond)
			return fn(ctx)
		}
		guards := resilience.NewGuards(set, func(stores.Backend) []resilience.Middleware { return nil })
		guards.Protect(limits())
		g := guards[stores.RoleRecords]
		done := make(chan error, 1)
		go func() {
			done <- resilience.Wrap(set, guards).Atomic(t.Context(), func(ctx context.Context) error { return g.Do(ctx, write, f.run) })
		}()
		synctest.Wait()
		for range 10 { // more than have a turn
			go func() {
				_ = g.Do(t.Context(), write, func(ctx context.Context) error {
					select {
					case lock <- struct{}{}:
						<-lock
					case <-ctx.Done():
					}
					return nil
				})
			}()
		}
		synctest.Wait()
		start := time.Now()
		if err := <-done; err != nil || time.Since(start) > 100*time.Millisecond {
			t.Errorf("the transaction took %v and ended with %v", time.Since(start), err)
		}
		synctest.Wait()
	})
}

// TestLocalBackendsAreNotBusy: who waits for its turn there waits for the machine.
func TestLocalBackendsAreNotBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := protected(here{server(nil)}, limits())
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() {
				if err := g.Do(t.Context(), read, func(context.Context) error { time.Sleep(time.Minute); return nil }); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
}
