package relational

import (
	"context"
	"database/sql"
	"errors"

	"thalamus/stores"
)

// Querier is what a transaction and a pool have in common.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// Tx is a transaction of a [Driver].
type Tx interface {
	Querier
	Commit() error
	Rollback() error
}

// Mode is what a transaction is for.
type Mode int

// Modes of transactions.
const (
	// Snapshot reads one state of the database.
	Snapshot Mode = iota + 1
	// Write is one of our own writes, which locks what it reads.
	Write
	// Serial runs as if it were alone: what it has read stays so until it ends.
	Serial
)

// Driver is what a product does in its own way.
type Driver interface {
	// Name is the product.
	Name() string
	// Usable says why a call cannot start: the context is over or the database is closed.
	Usable(ctx context.Context) error
	// Pool is what single reads go through.
	Pool() Querier
	// Begin starts a transaction. The caller calls end after it, whatever became of it.
	Begin(ctx context.Context, mode Mode) (tx Tx, end func(), err error)
	// Translate gives a driver's error its kind. Errors that have one, and those of contexts, stay as they are.
	Translate(err error) error
	// Lost says that by this error the server ended the transaction, or may have.
	Lost(err error) bool
	// Again says that another try is likely to succeed at once: the transaction gave way to another.
	Again(err error) bool
}

// Database is an open database. It is safe for concurrent use.
type Database struct {
	Dialect
	driver Driver
}

// New makes a database of what a product does and how it spells it.
func New(driver Driver, dialect Dialect) *Database {
	return &Database{Dialect: dialect, driver: driver}
}

// Usable says why a call cannot start: the context is over or the database is closed.
func (db *Database) Usable(ctx context.Context) error { return db.driver.Usable(ctx) }

// Reader is what a single read goes through: the transaction that ctx carries, else the pool.
func (db *Database) Reader(ctx context.Context) Querier {
	if t := db.Running(ctx); t != nil {
		return t.tx
	}
	return db.driver.Pool()
}

// lock ends a read of single records. Inside a transaction it makes others wait that mean to write these.
func (db *Database) lock(ctx context.Context) string {
	if db.Running(ctx) != nil {
		return db.Lock()
	}
	return ""
}

// Ended translates the outcome of a call. An error that the end of the context brought about is the context's.
func (db *Database) Ended(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if t := db.Running(ctx); t != nil && db.driver.Lost(err) {
		_ = t.tx.Rollback() // so that nothing that follows runs outside the transaction that is no more
	}
	err = db.driver.Translate(err)
	if ctx.Err() != nil && errors.Is(err, stores.ErrUnavailable) {
		return ctx.Err()
	}
	return err
}
