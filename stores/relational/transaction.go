package relational

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Transaction is one level of a running transaction: the outermost, or a savepoint in it.
type Transaction struct {
	tx    Tx
	depth int
	mu    sync.Mutex // guards after and before, and lets one savepoint at a time into this level
	after []func()   // to run after the commit

	before []func(context.Context, Querier) error // to run right before the commit
}

// inTransaction is the context key of the running transaction of one database.
type inTransaction struct{ db *Database }

// Running is the transaction that ctx carries, or nil.
func (db *Database) Running(ctx context.Context) *Transaction {
	t, _ := ctx.Value(inTransaction{db}).(*Transaction)
	return t
}

// Snapshot runs several reads that must see one state of the database.
func (db *Database) Snapshot(ctx context.Context, fn func(q Querier) error) error {
	if err := db.Usable(ctx); err != nil {
		return err
	}
	if t := db.Running(ctx); t != nil {
		return db.Ended(ctx, fn(t.tx))
	}
	tx, end, err := db.driver.Begin(ctx, Snapshot)
	if err != nil {
		return db.Ended(ctx, err)
	}
	defer end()
	defer tx.Rollback() //nolint:errcheck // nothing was written
	return db.Ended(ctx, fn(tx))
}

// Write runs fn in a transaction that commits unless fn fails, or in the one that ctx carries: what a failed fn wrote
// there is undone, and the surrounding transaction may go on. Inside fn only fn's own context may be used.
//
// A transaction that the server ends because it and another waited for each other is run again a few times, so fn must do
// the same each time.
func (db *Database) Write(ctx context.Context, fn func(ctx context.Context, q Querier) error) error {
	const tries = 8
	for try := 1; ; try++ {
		err := db.transact(ctx, Write, fn)
		if err == nil || try == tries || db.Running(ctx) != nil || !db.driver.Again(err) {
			return err
		}
		select {
		case <-time.After(rand.N(time.Millisecond << try)): // long enough apart not to meet again
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Atomic runs fn in one transaction over everything the database keeps: calls made with fn's context join it. It
// commits when fn returns nil and leaves nothing behind when fn fails. It runs fn once: where the server ends the
// transaction in favour of another the error is [stores.ErrUnavailable], and the caller may run it again.
func (db *Database) Atomic(ctx context.Context, fn func(context.Context) error) error {
	return db.transact(ctx, Serial, func(ctx context.Context, _ Querier) error { return fn(ctx) })
}

func (db *Database) transact(ctx context.Context, mode Mode, fn func(ctx context.Context, q Querier) error) error {
	if err := db.Usable(ctx); err != nil {
		return err
	}
	if t := db.Running(ctx); t != nil {
		return db.nested(ctx, t, fn)
	}
	tx, end, err := db.driver.Begin(ctx, mode)
	if err != nil {
		return db.Ended(ctx, err)
	}
	defer end()
	defer tx.Rollback() //nolint:errcheck // a no-op after the commit
	t := &Transaction{tx: tx}
	inside := context.WithValue(ctx, inTransaction{db}, t)
	if err := fn(inside, tx); err != nil {
		return db.Ended(ctx, err)
	}
	for _, last := range t.before {
		if err := last(inside, tx); err != nil {
			return db.Ended(inside, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return db.Ended(ctx, err)
	}
	for _, f := range t.after {
		f()
	}
	return nil
}

// nested runs fn in a savepoint of t.
func (db *Database) nested(ctx context.Context, t *Transaction, fn func(ctx context.Context, q Querier) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	name := fmt.Sprint("part", t.depth)
	if _, err := t.tx.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		return db.Ended(ctx, err)
	}
	kept := false
	defer func() {
		if !kept { // also when fn panics; a dead transaction has nothing left to undo
			undo := context.WithoutCancel(ctx)
			_, _ = t.tx.ExecContext(undo, "ROLLBACK TO SAVEPOINT "+name)
			_, _ = t.tx.ExecContext(undo, "RELEASE SAVEPOINT "+name)
		}
	}()
	inner := &Transaction{tx: t.tx, depth: t.depth + 1}
	if err := fn(context.WithValue(ctx, inTransaction{db}, inner), t.tx); err != nil {
		return db.Ended(ctx, err)
	}
	if _, err := t.tx.ExecContext(ctx, "RELEASE SAVEPOINT "+name); err != nil {
		return db.Ended(ctx, err)
	}
	kept = true
	t.after, t.before = append(t.after, inner.after...), append(t.before, inner.before...)
	return nil
}

// BeforeCommit runs fn as one of the last things in the transaction that ctx carries, right before it commits, and never
// when it is rolled back. What fn fails with ends the transaction.
func (db *Database) BeforeCommit(ctx context.Context, fn func(ctx context.Context, q Querier) error) {
	t := db.Running(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.before = append(t.before, fn)
}

// AfterCommit runs fn once the transaction that ctx carries has committed, at once when there is none, and never when it
// is rolled back.
func (db *Database) AfterCommit(ctx context.Context, fn func()) {
	t := db.Running(ctx)
	if t == nil {
		fn()
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.after = append(t.after, fn)
}
