package resilience_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"thalamus/resilience"
)

// steady makes 50 calls a second, as clients do, until stop is closed.
func steady(ctx context.Context, g *resilience.Guard, f *fake, stop <-chan struct{}) *sync.WaitGroup {
	var calls sync.WaitGroup
	calls.Go(func() {
		for {
			calls.Go(func() { _ = g.Do(ctx, write, f.run) })
			select {
			case <-time.After(20 * time.Millisecond):
			case <-stop:
				return
			}
		}
	})
	return &calls
}

// await says how long a breaker takes to reach a state.
func await(t *testing.T, g *resilience.Guard, want resilience.BreakerState) time.Duration {
	t.Helper()
	start := time.Now()
	for g.Status().Breaker != want {
		if time.Sleep(time.Millisecond); time.Since(start) > time.Minute {
			t.Fatalf("never %s", want)
		}
	}
	return time.Since(start)
}

// TestAnOutage at 50 calls a second, with a timeout of 300 ms and the breaker open for 1 s: it opens within a second of the
// first call that timed out, no other call reaches a backend that is gone, one probe at a time does, and it closes within
// two seconds of the backend's return. The clock is a fake one, so the figures are exact.
func TestAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := limits()
		s.Timeout, s.Open, s.Concurrency = 300*time.Millisecond, time.Second, 64
		f := server(hangs)
		g := protected(f, s)
		stop := make(chan struct{})
		calls := steady(t.Context(), g, f, stop)
		opened := await(t, g, resilience.BreakerOpen)
		if opened -= s.Timeout; opened > time.Second {
			t.Errorf("it opens %s after the first timeout", opened)
		}
		time.Sleep(s.Timeout) // until those that were under way are over
		reached := f.reached.Load()
		f.most.Store(0)
		time.Sleep(10 * time.Second)
		if probes := f.reached.Load() - reached; f.most.Load() > 1 || probes < 2 || probes > 10 {
			t.Errorf("%d probes in 10 s, %d at a time", probes, f.most.Load())
		}
		close(stop)
		calls.Wait()
		t.Logf("open %s after the first timeout", opened)
	})
	synctest.Test(t, func(t *testing.T) {
		s := limits()
		s.Timeout, s.Open, s.Concurrency = 300*time.Millisecond, time.Second, 64
		f := server(answers(broken))
		g := protected(f, s)
		for range 5 {
			_ = g.Do(t.Context(), write, f.run)
		}
		state(t, g, resilience.BreakerOpen)
		f.do = answers(nil) // it is back at once
		stop := make(chan struct{})
		calls := steady(t.Context(), g, f, stop)
		if closed := await(t, g, resilience.BreakerClosed); closed > 2*time.Second {
			t.Errorf("it closes %s after the backend is back", closed)
		} else {
			t.Logf("closed %s after the backend is back", closed)
		}
		close(stop)
		calls.Wait()
	})
}

// TestCallersThatLeave, ten thousand of them, open nothing.
func TestCallersThatLeave(t *testing.T) {
	f := server(hangs)
	g := protected(f, limits())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.do = func(context.Context) error { return context.Canceled }
	for range 10_000 {
		_ = g.Do(ctx, write, f.run)
	}
	state(t, g, resilience.BreakerClosed)
}
