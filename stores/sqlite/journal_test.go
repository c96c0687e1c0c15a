package sqlite

import (
	"context"
	"errors"
	"testing"

	"thalamus/stores"
)

func TestJournalIsExclusive(t *testing.T) {
	if !(&DB{}).Journal().Exclusive() {
		t.Error("another process could open the database")
	}
}

// TestPlansAreErased looks for content of writes that have ended.
func TestPlansAreErased(t *testing.T) {
	db, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the test is over
	plans := func() (n int) {
		if err := db.readers.QueryRow("SELECT count(*) FROM saga_plans").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	ctx, scope := t.Context(), stores.NewScope("u", "", "")
	begin := func(ctx context.Context, state stores.SagaState) *stores.Saga {
		saga := &stores.Saga{ID: stores.NewID(), Scope: scope, State: state, Plan: []byte("secret")}
		if err := db.Journal().Begin(ctx, saga, 0); err != nil {
			t.Fatal(err)
		}
		return saga
	}
	committed, compensated := begin(ctx, stores.SagaRunning), begin(ctx, stores.SagaStuck)
	begin(ctx, stores.SagaCommitted)
	sorry := errors.New("sorry")
	if err := db.Journal().Atomic(ctx, func(ctx context.Context) error { begin(ctx, stores.SagaQueued); return sorry }); !errors.Is(err, sorry) {
		t.Error(err)
	}
	if n := plans(); n != 2 {
		t.Errorf("there are %d plans, want those of two sagas that have not ended", n)
	}
	committed.State, compensated.State = stores.SagaCommitted, stores.SagaCompensated
	if err := errors.Join(db.Journal().Advance(ctx, committed, 1), db.Journal().Advance(ctx, compensated, 1)); err != nil {
		t.Fatal(err)
	}
	if n := plans(); n != 0 {
		t.Errorf("there are %d plans of sagas that have ended", n)
	}
}
