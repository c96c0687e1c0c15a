package resilience_test

import (
	"context"
	"testing"
	"time"

	"thalamus/resilience"
	"thalamus/stores"
	"thalamus/stores/inprocess"
)

// TestSubscriptionOutlivesItsCall: a middleware may end the context of its attempt; the caller's own decides.
func TestSubscriptionOutlivesItsCall(t *testing.T) {
	cache := inprocess.New(0)
	defer func() { _ = cache.Close() }()
	plain := &stores.Set{Bus: cache.Bus(), Backends: []stores.Playing{{Role: stores.RoleCache, Backend: cache}}}
	set := resilience.Wrap(plain, resilience.NewGuards(plain, func(stores.Backend) []resilience.Middleware {
		return []resilience.Middleware{func(ctx context.Context, _ resilience.Op, next func(context.Context) error) error {
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			return next(ctx)
		}}
	}))
	ctx, cancel := context.WithCancel(t.Context())
	messages, err := set.Bus.Subscribe(ctx, []string{"news"})
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Bus.Publish(t.Context(), "news", []byte("1")); err != nil {
		t.Fatal(err)
	}
	if m, open := <-messages; !open || string(m.Payload) != "1" {
		t.Errorf("message = %+v, open = %v", m, open)
	}
	cancel()
	for range messages { // ends
		t.Error("a message after the context ended")
	}
}
