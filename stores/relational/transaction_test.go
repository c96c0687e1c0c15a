package relational_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	_ "modernc.org/sqlite" // the driver

	"thalamus/stores"
	"thalamus/stores/relational"
)

var (
	errAgain = errors.New("another transaction was preferred")
	errLost  = errors.New("the server ended the transaction")
	errOther = errors.New("something else")
)

// pool is a driver over a database in memory.
type pool struct {
	*sql.DB
	closed bool
}

func (p *pool) Name() string { return "test" }

func (p *pool) Usable(ctx context.Context) error {
	if p.closed {
		return stores.Unavailable("test", errors.New("closed"))
	}
	return ctx.Err()
}

func (p *pool) Pool() relational.Querier { return p.DB }

func (p *pool) Begin(ctx context.Context, _ relational.Mode) (relational.Tx, func(), error) {
	tx, err := p.BeginTx(ctx, nil)
	return tx, func() {}, err
}

func (p *pool) Translate(err error) error {
	if errors.Is(err, sql.ErrTxDone) || errors.Is(err, errLost) {
		return stores.Unavailable("test", err)
	}
	return err
}

func (p *pool) Lost(err error) bool { return errors.Is(err, errAgain) || errors.Is(err, errLost) }

func (p *pool) Again(err error) bool { return errors.Is(err, errAgain) }

func open(t *testing.T) *relational.Database {
	t.Helper()
	raw, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	raw.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = raw.Close() })
	db := relational.New(&pool{DB: raw}, nil)
	write(t.Context(), t, db, "CREATE TABLE log (what TEXT)")
	return db
}

func write(ctx context.Context, t *testing.T, db *relational.Database, statement string, args ...any) {
	t.Helper()
	err := db.Write(ctx, func(ctx context.Context, q relational.Querier) error {
		_, err := relational.SQL(statement, args...).Run(ctx, q)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, db *relational.Database) (n int) {
	t.Helper()
	if err := relational.SQL("SELECT count(*) FROM log").One(t.Context(), db.Reader(t.Context()), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestWriteIsTriedAgain wants a write that gave way to others to be run again, each time from the start, and not for ever.
func TestWriteIsTriedAgain(t *testing.T) {
	db := open(t)
	for _, c := range []struct {
		fails  int
		with   error
		tries  int
		stored int
	}{{0, errAgain, 1, 1}, {3, errAgain, 4, 1}, {100, errAgain, 8, 0}, {1, errOther, 1, 0}, {1, errLost, 1, 0}} {
		tries, committed, before := 0, 0, count(t, db)
		err := db.Write(t.Context(), func(ctx context.Context, q relational.Querier) error {
			tries++
			db.AfterCommit(ctx, func() { committed++ })
			if _, err := relational.SQL("INSERT INTO log VALUES ('x')").Run(ctx, q); err != nil {
				return err
			}
			if tries <= c.fails {
				return c.with
			}
			return nil
		})
		if (err == nil) != (c.stored == 1) || err != nil && !errors.Is(err, c.with) {
			t.Errorf("%d failures by %q gave %v", c.fails, c.with, err)
		}
		if stored := count(t, db) - before; tries != c.tries || stored != c.stored || committed != c.stored {
			t.Errorf("%d failures by %q: %d tries, %d rows, %d calls after the commit; want %d, %d, %[6]d",
				c.fails, c.with, tries, stored, committed, c.tries, c.stored)
		}
	}
}

// TestAtomicRunsOnce leaves it to the caller to run a transaction again, also when a write inside it gave way.
func TestAtomicRunsOnce(t *testing.T) {
	db := open(t)
	outer, inner := 0, 0
	err := db.Atomic(t.Context(), func(ctx context.Context) error {
		outer++
		return db.Write(ctx, func(context.Context, relational.Querier) error {
			inner++
			return errAgain
		})
	})
	if !errors.Is(err, errAgain) || outer != 1 || inner != 1 {
		t.Errorf("%v after %d runs of a transaction and %d of a write in it", err, outer, inner)
	}
}

// TestLostTransaction goes on after the server ended the transaction: nothing may be written outside it, and it cannot
// be committed.
func TestLostTransaction(t *testing.T) {
	for _, lose := range []func(db *relational.Database, ctx context.Context) error{
		func(db *relational.Database, ctx context.Context) error { return db.Ended(ctx, errLost) }, // a read
		func(db *relational.Database, ctx context.Context) error {
			return db.Write(ctx, func(context.Context, relational.Querier) error { return errLost })
		},
		func(db *relational.Database, ctx context.Context) error {
			return db.Snapshot(ctx, func(relational.Querier) error { return errLost })
		},
	} {
		db := open(t)
		err := db.Atomic(t.Context(), func(ctx context.Context) error {
			write(ctx, t, db, "INSERT INTO log VALUES ('before')")
			if err := lose(db, ctx); !errors.Is(err, stores.ErrUnavailable) {
				t.Errorf("a lost transaction gave %v", err)
			}
			for range 2 {
				err := db.Write(ctx, func(ctx context.Context, q relational.Querier) error {
					_, err := relational.SQL("INSERT INTO log VALUES ('after')").Run(ctx, q)
					return err
				})
				if !errors.Is(err, stores.ErrUnavailable) {
					t.Errorf("a write in a lost transaction gave %v", err)
				}
			}
			return nil
		})
		if n := count(t, db); !errors.Is(err, stores.ErrUnavailable) || n != 0 {
			t.Errorf("the commit of a lost transaction gave %v and left %d rows", err, n)
		}
	}
}

// TestSavepoints undoes a failed part of a transaction, and its parts, and nothing else.
func TestSavepoints(t *testing.T) {
	db := open(t)
	err := db.Atomic(t.Context(), func(ctx context.Context) error {
		write(ctx, t, db, "INSERT INTO log VALUES ('kept')")
		failed := db.Atomic(ctx, func(ctx context.Context) error {
			write(ctx, t, db, "INSERT INTO log VALUES ('undone')")
			if err := db.Atomic(ctx, func(ctx context.Context) error {
				write(ctx, t, db, "INSERT INTO log VALUES ('undone too')")
				return nil
			}); err != nil {
				return err
			}
			return errOther
		})
		if failed != errOther {
			t.Errorf("a failed part gave %v", failed)
		}
		write(ctx, t, db, "INSERT INTO log VALUES ('kept')")
		return nil
	})
	if n := count(t, db); err != nil || n != 2 {
		t.Errorf("%v, and %d rows; want 2", err, n)
	}
}
