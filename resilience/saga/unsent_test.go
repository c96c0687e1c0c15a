package saga_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"thalamus/graph/graphtest"
	"thalamus/resilience"
	"thalamus/resilience/saga"
	"thalamus/stores"
)

// TestCallsThatNeverLeftAreNotTakenBack: a write that a guard stops ends at once, though the store stays away, and leaves
// nothing claimed. When too many wait, the author hears that.
func TestCallsThatNeverLeftAreNotTakenBack(t *testing.T) {
	m := remember(t, graphtest.NewSplit(t))
	m.Break(func(op resilience.Op) error {
		if op.Role == stores.RoleVectors {
			return &stores.Error{Kind: stores.ErrUnavailable, Backend: op.Backend, RetryAfter: time.Minute, Unsent: true}
		}
		return nil
	})
	defer m.Break(nil)
	w := saga.New(m.Set, saga.Options{QueueOfScope: 1})
	write := func(name string, down stores.OnDown) (stores.SagaState, error) {
		out := &saga.Outcome{}
		_, err := w.UpsertEntity(t.Context(), m.scope, saga.Request{Operation: "upsertEntity", OnDown: down, Outcome: out}, name, nil, func(saga.EntityParts) error { return nil })
		return out.Saga.State, err
	}
	for range 2 { // the second finds the name free
		if state, err := write("kite", stores.OnDownRollBack); !errors.Is(err, stores.ErrUnavailable) || state != stores.SagaCompensated {
			t.Errorf("%s, %v", state, err)
		}
	}
	if state, err := write("waits", stores.OnDownQueue); err != nil || state != stores.SagaQueued {
		t.Errorf("%s, %v", state, err)
	}
	if state, err := write("too many", stores.OnDownQueue); err == nil || !strings.Contains(err.Error(), "too many writes wait") || state != stores.SagaCompensated {
		t.Errorf("%s, %v", state, err)
	}
}
