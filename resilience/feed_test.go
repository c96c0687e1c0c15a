package resilience

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"thalamus/stores"
)

// TestHeldBackendsGetNoCall, not even undos, say so, and get calls again when they are let go of. Changes are told in order.
func TestHeldBackendsGetNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := &stores.Set{Backends: []stores.Playing{{Role: stores.RoleGraph, Backend: silent{}}, {Role: stores.RoleVectors, Backend: silent{}}}}
		guards := NewGuards(set, func(stores.Backend) []Middleware { return nil })
		guards.Protect(Settings{Timeout: time.Second, Concurrency: 2, Open: time.Minute, Log: slog.New(slog.DiscardHandler)})
		ctx, cancel := context.WithCancel(t.Context())
		changes := guards.Watch(ctx)
		reached := 0
		call := func(ctx context.Context, err error) error {
			return guards[stores.RoleVectors].Do(ctx, Op{Name: "x", Write: true, Once: true}, func(context.Context) error { reached++; return err })
		}
		if err := guards.Hold(stores.RoleGraph, true); err != nil {
			t.Fatal(err)
		}
		for _, ctx := range []context.Context{ctx, stores.Insist(ctx)} {
			var e *stores.Error
			if err := call(ctx, nil); !errors.As(err, &e) || e.RetryAfter <= 0 || reached > 0 {
				t.Errorf("a held backend: %v, reached %d times", err, reached)
			}
		}
		if s := guards.Status()[0]; s.Breaker != BreakerHeld || s.State != StateDown {
			t.Errorf("status %+v", s)
		}
		if err := errors.Join(guards.Hold(stores.RoleVectors, false), call(ctx, nil)); err != nil || reached != 1 {
			t.Errorf("after it was let go of: %v, reached %d times", err, reached)
		}
		for range tripInRow {
			_ = call(ctx, stores.Unavailable("silent", nil))
		}
		time.Sleep(2 * time.Minute)
		for range closeAfter {
			_ = call(ctx, nil)
		}
		synctest.Wait()
		for _, want := range []BreakerState{BreakerHeld, BreakerClosed, BreakerOpen, BreakerClosed} {
			if c := <-changes; c.Breaker != want || c.Backend != "silent" || c.At.IsZero() {
				t.Errorf("told %+v, want %s", c, want)
			}
		}
		if err := guards.Hold(stores.RoleCache, true); !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("a role that nobody plays: %v", err)
		}
		cancel()
		synctest.Wait()
		if _, open := <-changes; open {
			t.Error("changes are told after the end")
		}
	})
}

type silent struct{ stores.Backend }

func (silent) Name() string { return "silent" }
