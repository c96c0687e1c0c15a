package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// querier is what a transaction and a pool have in common.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// transaction is one level of a running transaction: the outermost, or a savepoint in it.
type transaction struct {
	tx    *sql.Tx
	mu    sync.Mutex // guards after, and lets one savepoint at a time into this level
	after []func()   // to run after the commit
}

// inTransaction is the context key of the running transaction of one database.
type inTransaction struct{ db *DB }

func (db *DB) running(ctx context.Context) *transaction {
	t, _ := ctx.Value(inTransaction{db}).(*transaction)
	return t
}

// reader is what a single read goes through: the transaction that ctx carries, else the reader pool.
func (db *DB) reader(ctx context.Context) querier {
	if t := db.running(ctx); t != nil {
		return t.tx
	}
	return db.readers
}

// snapshot runs several reads that must see one state of the database.
func (db *DB) snapshot(ctx context.Context, fn func(q querier) error) error {
	if err := db.usable(ctx); err != nil {
		return err
	}
	if t := db.running(ctx); t != nil {
		return ended(ctx, fn(t.tx))
	}
	tx, err := db.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return ended(ctx, err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	return ended(ctx, fn(tx))
}

// write runs fn in a transaction that commits unless fn fails, or in the one that ctx carries: what a failed fn wrote
// there is undone, and the surrounding transaction may go on. Inside fn only fn's own context may be used.
func (db *DB) write(ctx context.Context, fn func(ctx context.Context, q querier) error) error {
	if err := db.usable(ctx); err != nil {
		return err
	}
	if t := db.running(ctx); t != nil {
		return db.nested(ctx, t, fn)
	}
	select {
	case db.turn <- struct{}{}:
		defer func() { <-db.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := db.usable(ctx); err != nil { // closed while waiting
		return err
	}
	tx, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return ended(ctx, err)
	}
	t := &transaction{tx: tx}
	defer tx.Rollback() //nolint:errcheck // a no-op after the commit
	if err := fn(context.WithValue(ctx, inTransaction{db}, t), tx); err != nil {
		return ended(ctx, err)
	}
	if err := tx.Commit(); err != nil {
		return ended(ctx, err)
	}
	for _, f := range t.after {
		f()
	}
	return nil
}

// nested runs fn in a savepoint of t.
func (db *DB) nested(ctx context.Context, t *transaction, fn func(ctx context.Context, q querier) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, err := t.tx.ExecContext(ctx, "SAVEPOINT part"); err != nil {
		return ended(ctx, err)
	}
	kept := false
	defer func() {
		if !kept { // also when fn panics; a dead transaction has nothing left to undo
			undo := context.WithoutCancel(ctx)
			_, _ = t.tx.ExecContext(undo, "ROLLBACK TO part")
			_, _ = t.tx.ExecContext(undo, "RELEASE part")
		}
	}()
	inner := &transaction{tx: t.tx}
	if err := fn(context.WithValue(ctx, inTransaction{db}, inner), t.tx); err != nil {
		return ended(ctx, err)
	}
	if _, err := t.tx.ExecContext(ctx, "RELEASE part"); err != nil {
		return ended(ctx, err)
	}
	kept = true
	t.after = append(t.after, inner.after...)
	return nil
}

// Atomic runs fn in one transaction over everything the database keeps: calls made with fn's context join it. It
// commits when fn returns nil and leaves nothing behind when fn fails.
func (db *DB) Atomic(ctx context.Context, fn func(context.Context) error) error {
	return db.write(ctx, func(ctx context.Context, _ querier) error { return fn(ctx) })
}

// afterCommit runs fn once the transaction that ctx carries has committed, at once when there is none, and never when it
// is rolled back.
func (db *DB) afterCommit(ctx context.Context, fn func()) {
	t := db.running(ctx)
	if t == nil {
		fn()
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.after = append(t.after, fn)
}

// ended translates the outcome of a call; an error that the end of the context brought about is the context's.
func ended(ctx context.Context, err error) error {
	if err = translate(err); err == nil || ctx.Err() == nil {
		return err
	}
	if interrupted(err) || errors.Is(err, sql.ErrTxDone) {
		return ctx.Err()
	}
	return err
}
