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
