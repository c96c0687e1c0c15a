package resilience_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"thalamus/resilience"
	"thalamus/stores"
)

// limits are settings in round numbers.
func limits() resilience.Settings {
	return resilience.Settings{Timeout: time.Second, Concurrency: 4, Open: 10 * time.Second, Log: slog.New(slog.DiscardHandler)}
}

// protected is a backend behind a guard with protection.
func protected(b stores.Backend, s resilience.Settings) *resilience.Guard {
	guards := resilience.NewGuards(&stores.Set{Backends: []stores.Playing{{Role: stores.RoleRecords, Backend: b}}},
		func(stores.Backend) []resilience.Middleware { return nil })
	guards.Protect(s)
	return guards[stores.RoleRecords]
}

// fake is a server that does as it is told, and counts.
type fake struct {
	backend
	reached, under, most atomic.Int64
	do                   func(context.Context) error
}

func server(do func(context.Context) error) *fake {
	return &fake{backend: backend{name: "sql"}, do: do}
}

func (f *fake) run(ctx context.Context) error {
	f.reached.Add(1)
	now := f.under.Add(1)
	defer f.under.Add(-1)
	for {
		most := f.most.Load()
		if now <= most || f.most.CompareAndSwap(most, now) {
			break
		}
	}
	return f.do(ctx)
}

var (
	broken = stores.Unavailable("sql", errors.New("connection refused"))
	write  = resilience.Op{Name: "todos.put", Write: true}
	read   = resilience.Op{Name: "todos.list"}
)

func answers(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

func hangs(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func state(t *testing.T, g *resilience.Guard, want resilience.BreakerState) {
	t.Helper()
	if got := g.Status().Breaker; got != want {
		t.Fatalf("the breaker is %s, want %s", got, want)
	}
}

// retryAfter is what a refusal says of when to come again; 0 when err is none.
func retryAfter(err error) time.Duration {
	var e *stores.Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

func TestBreakerOpensAndCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := server(answers(broken))
		g := protected(f, limits())
		for range 5 {
			state(t, g, resilience.BreakerClosed)
			_ = g.Do(t.Context(), write, f.run)
		}
		state(t, g, resilience.BreakerOpen)
		if s := g.Status(); s.State != resilience.StateDown || s.RetryAfter != 10*time.Second || s.Failures != 5 {
			t.Errorf("status %+v", s)
		}
		time.Sleep(4 * time.Second)
		err := g.Do(t.Context(), write, f.run)
		if !errors.Is(err, stores.ErrUnavailable) || retryAfter(err) != 6*time.Second || f.reached.Load() != 5 {
			t.Errorf("while open: %v after %d calls", err, f.reached.Load())
		}
		if s := g.Status(); s.Calls != 5 || s.Failures != 5 {
			t.Errorf("a call that was refused is booked: %+v", s)
		}
		time.Sleep(7 * time.Second)
		state(t, g, resilience.BreakerHalfOpen)
		f.do = answers(nil)
		for range 2 {
			if err := g.Do(t.Context(), write, f.run); err != nil {
				t.Errorf("a probe: %v", err)
			}
		}
		state(t, g, resilience.BreakerClosed)
	})
}

func TestBreakerOpensByShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := server(nil)
		g := protected(f, limits())
		for i := range 10 {
			state(t, g, resilience.BreakerClosed)
			f.do = answers([]error{nil, broken}[i%2])
			_ = g.Do(t.Context(), write, f.run)
		}
		state(t, g, resilience.BreakerOpen)
	})
	synctest.Test(t, func(t *testing.T) { // failures that lie apart are forgotten
		f := server(nil)
		g := protected(f, limits())
		for i := range 100 {
			f.do = answers([]error{nil, nil, nil, broken}[i%4])
			_ = g.Do(t.Context(), write, f.run)
			time.Sleep(3 * time.Second)
		}
		state(t, g, resilience.BreakerClosed)
	})
}

// TestBreakerStaysOpenLonger wants the time to double with each probe that fails, and to start anew after a recovery.
func TestBreakerStaysOpenLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := server(answers(broken))
		g := protected(f, limits())
		opened := func() time.Duration {
			_ = g.Do(t.Context(), write, f.run)
			state(t, g, resilience.BreakerOpen)
			return g.Status().RetryAfter
		}
		for range 4 {
			_ = g.Do(t.Context(), write, f.run)
		}
		for _, want := range []float64{10, 20, 40, 80, 160, 300, 300} {
			if got := opened().Seconds(); got != want {
				t.Errorf("open for %v s, want %v", got, want)
			}
			time.Sleep(g.Status().RetryAfter + time.Millisecond)
			state(t, g, resilience.BreakerHalfOpen)
		}
		f.do = answers(nil)
		for range 2 {
			_ = g.Do(t.Context(), write, f.run)
		}
		f.do = answers(broken)
		for range 4 {
			_ = g.Do(t.Context(), write, f.run)
		}
		if got := opened(); got != 10*time.Second {
			t.Errorf("open for %v after a recovery", got)
		}
	})
}

// TestWhatSaysNothingOfTheBackend: neither callers that go away or have no time, nor refusals, open a breaker.
func TestWhatSaysNothingOfTheBackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := server(hangs)
		g := protected(f, limits())
		for range 10_000 {
			ctx, cancel := context.WithCancel(t.Context())
			go cancel()
			if err := g.Do(ctx, write, f.run); !errors.Is(err, context.Canceled) {
				t.Fatalf("a caller that went away got %v", err)
			}
		}
		for range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			if err := g.Do(ctx, write, f.run); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("a caller without time got %v", err)
			}
			cancel()
		}
		for _, err := range []error{stores.Conflict("taken"), stores.Invalid("", "x"), stores.Missing("Todo", "1"), errors.New("odd")} {
			f.do = answers(err)
			for range 100 {
				if got := g.Do(t.Context(), write, f.run); !errors.Is(got, err) {
					t.Fatalf("got %v, want %v", got, err)
				}
			}
		}
		state(t, g, resilience.BreakerClosed)
	})
}

// TestTimeoutOpensTheBreaker: a server that hangs is cut off each time, and is left alone soon.
func TestTimeoutOpensTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := server(hangs)
		g := protected(f, limits())
		start := time.Now()
		for range 5 {
			err := g.Do(t.Context(), read, f.run)
			var e *stores.Error
			if !errors.As(err, &e) || !errors.Is(err, stores.ErrUnavailable) || e.Backend != "sql" || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		}
		if took := time.Since(start); took != 5*time.Second || f.reached.Load() != 5 {
			t.Errorf("%d calls took %v", f.reached.Load(), took)
		}
		state(t, g, resilience.BreakerOpen)
		time.Sleep(10*time.Second + time.Millisecond)
		_ = g.Do(t.Context(), read, f.run) // a probe that hangs
		state(t, g, resilience.BreakerOpen)
	})
}

// TestTimeoutsFarApart wants failures in a row to count however long each takes.
func TestTimeoutsFarApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := server(hangs)
		s := limits()
		s.Timeout, s.Open = 30*time.Second, time.Minute
		g := protected(f, s)
		for range 5 {
			state(t, g, resilience.BreakerClosed)
			_ = g.Do(t.Context(), read, f.run)
			time.Sleep(time.Minute)
		}
		if f.reached.Load() != 5 || g.Status().Failures != 5 || g.Status().Breaker == resilience.BreakerClosed {
			t.Errorf("after %d timeouts the breaker is %s", f.reached.Load(), g.Status().Breaker)
		}
	})
}

// TestDriverThatNoticesFirst gives up a moment before the context does.
func TestDriverThatNoticesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := protected(server(nil), limits())
		err := g.Do(t.Context(), read, answers(context.DeadlineExceeded))
		if !errors.Is(err, stores.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// TestPatience: an operation waits for each backend once.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, other := server(hangs), server(answers(nil))
		other.name = "other"
		g, h := protected(f, limits()), protected(other, limits())
		ctx, start := resilience.Patience(t.Context()), time.Now()
		for range 20 { // of which one reaches the backend and speaks against it
			if err := g.Do(ctx, read, f.run); !errors.Is(err, stores.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		}
		state(t, g, resilience.BreakerClosed)
		if took := time.Since(start); took != time.Second || f.reached.Load() != 1 {
			t.Errorf("%d calls took %v", f.reached.Load(), took)
		}
		if err := h.Do(ctx, read, other.run); err != nil {
			t.Errorf("another backend: %v", err)
		}
		_ = g.Do(stores.Insist(ctx), write, f.run)
		_ = g.Do(resilience.Patience(t.Context()), read, f.run)
		if f.reached.Load() != 3 {
			t.Error("an undo, or another operation, was not let through")
		}
	})
}

// TestUndosAreLetThrough, whatever the breaker says.
func TestUndosAreLetThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := server(answers(broken))
		g := protected(f, limits())
		for range 5 {
			_ = g.Do(t.Context(), write, f.run)
		}
		state(t, g, resilience.BreakerOpen)
		f.do = answers(nil)
		if err := g.Do(stores.Insist(t.Context()), write, f.run); err != nil {
			t.Error(err)
		}
	})
}

// TestAnswersThatAreNoFailure are not counted and not repeated, unavailable as they are.
func TestAnswersThatAreNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := server(answers(&stores.Error{Kind: stores.ErrUnavailable, Message: "made anew", Answered: true}))
		g := protected(f, limits())
		for range 20 {
			_ = g.Do(t.Context(), read, f.run)
		}
		if state(t, g, resilience.BreakerClosed); f.reached.Load() != 20 || g.Status().State != resilience.StateUp {
			t.Errorf("%d calls, %+v", f.reached.Load(), g.Status())
		}
	})
}

// TestOneProbeAtATime has a crowd arrive when the breaker is half open.
func TestOneProbeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := server(answers(broken))
		s := limits()
		s.Concurrency = 100
		g := protected(f, s)
		for range 5 {
			_ = g.Do(t.Context(), write, f.run)
		}
		time.Sleep(11 * time.Second)
		f.reached.Store(0)
		f.do = func(ctx context.Context) error { time.Sleep(100 * time.Millisecond); return nil }
		var all sync.WaitGroup
		var refused atomic.Int64
		for range 50 {
			all.Go(func() {
				if err := g.Do(t.Context(), write, f.run); retryAfter(err) > 0 {
					refused.Add(1)
				}
			})
		}
		all.Wait()
		if f.most.Load() != 1 || f.reached.Load() != 1 || refused.Load() != 49 {
			t.Errorf("%d probes, %d of them at once, %d refused", f.reached.Load(), f.most.Load(), refused.Load())
		}
		_ = g.Do(t.Context(), write, f.run)
		state(t, g, resilience.BreakerClosed)
	})
}

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

// here is a backend that is part of the process.
type here struct{ *fake }

func (here) Local() {}

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

// TestLocalBackendsAreNotCutOff: a writer may wait long for the lock of another one.
func TestLocalBackendsAreNotCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := here{server(func(ctx context.Context) error {
			select {
			case <-time.After(time.Minute):
			case <-ctx.Done():
			}
			return ctx.Err()
		})}
		if err := protected(f, limits()).Do(t.Context(), write, f.run); err != nil {
			t.Error(err)
		}
	})
}

func TestFaultsAreInjectedInnermost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := server(answers(nil))
		s := limits()
		s.Inner = func(context.Context, resilience.Op, func(context.Context) error) error { return broken }
		g := protected(f, s)
		for range 5 {
			_ = g.Do(t.Context(), write, f.run)
		}
		state(t, g, resilience.BreakerOpen)
		if f.reached.Load() != 0 {
			t.Error("a fault reached the backend")
		}
	})
}

func BenchmarkGuard(b *testing.B) {
	for name, do := range map[string]func(context.Context) error{"closed": answers(nil), "open": answers(broken)} {
		b.Run(name, func(b *testing.B) {
			s := limits()
			s.Open = time.Hour
			g := protected(server(nil), s)
			for range 5 {
				_ = g.Do(b.Context(), write, do)
			}
			b.ReportAllocs()
			for b.Loop() {
				_ = g.Do(b.Context(), write, do)
			}
		})
	}
	b.Run("none", func(b *testing.B) {
		g := resilience.NewGuard(server(nil), nil)
		for b.Loop() {
			_ = g.Do(b.Context(), write, answers(nil))
		}
	})
}
