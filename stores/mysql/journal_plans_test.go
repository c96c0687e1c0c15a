package mysql

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"thalamus/stores"
)

// testJournalPlans wants what gateways do all the time to cost the same however many sagas have ended.
func testJournalPlans(t *testing.T, db *DB) {
	ctx, s := t.Context(), stores.NewScope("u", "", "")
	journal(t, db, s)
	saga := &stores.Saga{ID: stores.NewID(), Scope: s, State: stores.SagaRunning, Owner: "me", Claims: []string{"a"}, Plan: []byte("plan")}
	err := errors.Join(db.Journal().Begin(ctx, saga, 0), db.Answers().Put(ctx, s, &stores.Answer{Key: "key", Saga: saga.ID, CreatedAt: stores.Now()}))
	if err != nil {
		t.Fatal(err)
	}
	ids, first := []stores.ID{saga.ID, stores.NewID()}, stores.Query{Page: stores.Page{First: 5}}
	due := func(alone bool) func(db *DB) error {
		return func(db *DB) error {
			got, err := db.Journal().Due(ctx, "me", 0, alone, 5)
			if err == nil && len(got) != 1 {
				t.Errorf("%d sagas are due", len(got))
			}
			return err
		}
	}
	for _, c := range []struct {
		what string
		planned
	}{
		{"due", planned{false, due(false)}},
		{"due for one that is alone", planned{false, due(true)}},
		{"renew", planned{true, func(db *DB) error { _, err := db.Journal().Renew(ctx, "me", ids, 0); return err }}},
		{"take", planned{true, func(db *DB) error { _, err := db.Journal().Take(ctx, s, ids[0], "me", 0); return err }}},
		{"wake", planned{true, func(db *DB) error { _, err := db.Journal().Wake(ctx, s, ids[0]); return err }}},
		{"holding", planned{true, func(db *DB) error { _, err := db.Journal().Holding(ctx, s, []string{"a", "b"}); return err }}},
		{"sagas by id", planned{true, func(db *DB) error { _, err := db.Journal().ByID(ctx, s, ids); return err }}},
		{"sagas listed", planned{true, func(db *DB) error { _, err := db.Journal().List(ctx, s, first); return err }}},
		{"unfinished", planned{false, func(db *DB) error { _, err := db.Journal().Unfinished(ctx); return err }}},
		{"the end", planned{true, func(db *DB) error { saga.State = stores.SagaCommitted; return db.Journal().Advance(ctx, saga, 4) }}},
		{"prune sagas", planned{true, func(db *DB) error { _, err := db.Journal().Prune(ctx, time.Unix(0, 0)); return err }}},
		{"append events", planned{true, func(db *DB) error { return db.Outbox().Append(ctx, []stores.Event{{Scope: s, Saga: ids[0]}}) }}},
		{"events after a position", planned{true, func(db *DB) error { _, err := db.Outbox().After(ctx, s, 0, 5); return err }}},
		{"the latest event", planned{true, func(db *DB) error { _, err := db.Outbox().Latest(ctx, s); return err }}},
		{"prune events", planned{true, func(db *DB) error { _, err := db.Outbox().Prune(ctx, time.Unix(0, 0)); return err }}},
		{"complete an answer", planned{true, func(db *DB) error { return db.Answers().Complete(ctx, s, ids[0], nil) }}},
		{"release an answer", planned{true, func(db *DB) error { return db.Answers().Release(ctx, s, ids[0]) }}},
	} {
		c.check(t, db, c.what)
	}
}

// journal fills the journal, the outbox and the answers of a scope with what has ended, and with claims that are held.
func journal(t *testing.T, db *DB, s stores.Scope) {
	t.Helper()
	err := db.Journal().Atomic(t.Context(), func(ctx context.Context) error {
		for i := range 1000 {
			saga := &stores.Saga{ID: stores.NewID(), Scope: s, State: stores.SagaCommitted}
			a := &stores.Answer{Key: string(saga.ID), Saga: saga.ID, CreatedAt: stores.Now()}
			if i < 100 {
				saga.State, saga.Steps, saga.NotBefore, saga.Claims = stores.SagaQueued, []stores.SagaStep{{Name: "x"}}, stores.Now().Add(time.Hour), []string{fmt.Sprint("claim ", i)}
			}
			for _, err := range []error{db.Journal().Begin(ctx, saga, 0), db.Answers().Put(ctx, s, a),
				db.Outbox().Append(ctx, []stores.Event{{Scope: s, Saga: saga.ID, At: stores.Now()}})} {
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"sagas", "saga_claims", "saga_plans", "outbox", "answers"} {
		if _, err := db.pool.ExecContext(t.Context(), "ANALYZE TABLE "+table); err != nil {
			t.Fatal(err)
		}
	}
}
