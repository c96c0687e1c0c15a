package sqlite

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestAfterCommit(t *testing.T) {
	db, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the test is over
	var log []string
	note := func(ctx context.Context, what string) { db.afterCommit(ctx, func() { log = append(log, what) }) }
	want := func(list ...string) {
		t.Helper()
		if !slices.Equal(log, list) {
			t.Fatalf("log is %q, want %q", log, list)
		}
	}
	failed := errors.New("failed")

	note(t.Context(), "at once")
	want("at once")
	err = db.Atomic(t.Context(), func(ctx context.Context) error {
		note(ctx, "never")
		return failed
	})
	if err != failed {
		t.Fatal(err)
	}
	want("at once")
	err = db.Atomic(t.Context(), func(ctx context.Context) error {
		note(ctx, "1")
		_ = db.Atomic(ctx, func(ctx context.Context) error { note(ctx, "undone"); return failed })
		_ = db.write(ctx, func(ctx context.Context, _ querier) error { note(ctx, "2"); return nil })
		want("at once")
		note(ctx, "3")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want("at once", "1", "2", "3")
}
