package resilience_test

import (
	"context"
	"errors"
	"log/slog"
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

// here is a backend that is part of the process.
type here struct{ *fake }

func (here) Local() {}

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
