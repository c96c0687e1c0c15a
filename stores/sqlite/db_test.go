package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thalamus/stores"
	"thalamus/stores/sqlite"
)

func reopen(t *testing.T, db *sqlite.DB, dir string) *sqlite.DB {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, dir)
}

func newEntity(s stores.Scope, name string) *stores.Entity {
	e := &stores.Entity{Scope: s, Name: name}
	e.SetDefaults(stores.Now())
	return e
}

func newScope() stores.Scope { return stores.NewScope(string(stores.NewID()), "", "") }

func count(t testing.TB, db *sqlite.DB, s stores.Scope) int {
	t.Helper()
	n, err := db.Entities().Count(context.WithoutCancel(t.Context()), s, stores.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// peek opens the database file beside Thalamus.
func peek(t testing.TB, dir string) *sql.DB {
	t.Helper()
	raw, err := sql.Open("sqlite", filepath.Join(dir, "thalamus.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	return raw
}

func TestReopenKeepsData(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "odd name ?&#%20ä")
	db := open(t, dir)
	s := newScope()
	e := newEntity(s, "kept")
	must(t, db.Entities().Put(t.Context(), s, []*stores.Entity{e}))
	for range 2 { // the second time there is nothing to migrate either
		db = reopen(t, db, dir)
		got, err := db.Entities().ByID(t.Context(), s, []stores.ID{e.ID}, nil)
		must(t, err)
		if got[e.ID] == nil || *got[e.ID] != *e {
			t.Fatalf("after reopening: got %+v, want %+v", got[e.ID], e)
		}
	}
	must(t, db.Ping(t.Context()))
	info, err := os.Stat(dir)
	must(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the data directory has mode %v, want 0700", info.Mode().Perm())
	}
}

func TestOpenTwiceIsRefused(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	_, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if !errors.Is(err, stores.ErrUnavailable) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "another process") {
		t.Fatalf("a second open gave %v", err)
	}
	must(t, db.Close())
	must(t, db.Close())
	must(t, open(t, dir).Ping(t.Context()))
}

func TestNewerSchemaIsRefused(t *testing.T) {
	dir := t.TempDir()
	must(t, open(t, dir).Close())
	_, err := peek(t, dir).Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
	must(t, err)
	_, err = sqlite.Open(t.Context(), dir, sqlite.Options{})
	if !errors.Is(err, stores.ErrUnsupported) || !strings.Contains(err.Error(), "99999") || !strings.Contains(err.Error(), dir) {
		t.Fatalf("a newer data directory gave %v", err)
	}
}

func TestUnusableDirectory(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "file")
	must(t, os.WriteFile(file, []byte("not a database"), 0o600))
	garbage := filepath.Join(root, "garbage")
	must(t, os.Mkdir(garbage, 0o700))
	must(t, os.WriteFile(filepath.Join(garbage, "thalamus.db"), []byte(strings.Repeat("not a database ", 100)), 0o600))
	for dir, want := range map[string]string{
		filepath.Join(root, "missing", "data"): "parent directory does not exist",
		file:                                   "not a directory",
		"/proc/data":                           "data directory /proc/data cannot be used",
		garbage:                                "restore it from a backup",
	} {
		_, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
		if !errors.Is(err, stores.ErrUnavailable) || !strings.Contains(err.Error(), want) {
			t.Errorf("opening %s gave %v, want words like %q", dir, err, want)
		}
	}
	if _, err := sqlite.Open(t.Context(), root, sqlite.Options{Synchronous: "OFF"}); !errors.Is(err, stores.ErrInvalid) {
		t.Errorf("synchronous OFF gave %v", err)
	}
}

func TestAtomic(t *testing.T) {
	db := open(t, t.TempDir())
	s := newScope()
	refusal := errors.New("no")
	put := func(ctx context.Context, name string) {
		must(t, db.Entities().Put(ctx, s, []*stores.Entity{newEntity(s, name)}))
	}

	err := db.Atomic(t.Context(), func(ctx context.Context) error {
		put(ctx, "a")
		if n, err := db.Entities().Count(ctx, s, stores.Filter{}); err != nil || n != 1 {
			t.Errorf("inside the transaction: %d, %v; want 1", n, err)
		}
		if n := count(t, db, s); n != 0 {
			t.Errorf("outside the transaction: %d, want 0", n)
		}
		return refusal
	})
	if err != refusal || count(t, db, s) != 0 {
		t.Fatalf("a failed transaction gave %v and left %d", err, count(t, db, s))
	}

	must(t, db.Atomic(t.Context(), func(ctx context.Context) error {
		put(ctx, "kept")
		inner := db.Atomic(ctx, func(ctx context.Context) error {
			put(ctx, "undone")
			return refusal
		})
		if inner != refusal {
			t.Errorf("the inner transaction gave %v", inner)
		}
		return db.Atomic(ctx, func(ctx context.Context) error { put(ctx, "kept too"); return nil })
	}))
	if n := count(t, db, s); n != 2 {
		t.Errorf("after an inner failure: %d records, want 2", n)
	}

	func() {
		defer func() { _ = recover() }()
		_ = db.Atomic(t.Context(), func(ctx context.Context) error { put(ctx, "x"); panic("boom") })
	}()
	put(t.Context(), "the writer is free again")
	if n := count(t, db, s); n != 3 {
		t.Errorf("after a panic: %d records, want 3", n)
	}
}

func TestAtomicCancelled(t *testing.T) {
	db := open(t, t.TempDir())
	s := newScope()
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Atomic(ctx, func(ctx context.Context) error {
		must(t, db.Entities().Put(ctx, s, []*stores.Entity{newEntity(s, "a")}))
		waiting, stop := context.WithCancel(context.WithoutCancel(t.Context()))
		stop()
		if err := db.Entities().Put(waiting, s, []*stores.Entity{newEntity(s, "b")}); !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled writer in the queue got %v", err)
		}
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || count(t, db, s) != 0 {
		t.Fatalf("a cancelled transaction gave %v and left %d records", err, count(t, db, s))
	}
	must(t, db.Entities().Put(t.Context(), s, []*stores.Entity{newEntity(s, "c")}))
}

func TestCloseWaitsForTheTransaction(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	s := newScope()
	closed := make(chan error)
	must(t, db.Atomic(t.Context(), func(ctx context.Context) error {
		e := newEntity(s, "a")
		if err := db.Entities().Put(ctx, s, []*stores.Entity{e}); err != nil {
			return err
		}
		go func() { closed <- db.Close() }()
		return nil
	}))
	must(t, <-closed)
	if n := count(t, open(t, dir), s); n != 1 {
		t.Errorf("%d records after Close, want 1", n)
	}
}
