package mysql

import (
	"context"
	"database/sql"

	"thalamus/stores/relational"
)

// engine begins the transactions of a database.
type engine struct{ *DB }

// Usable says why a call cannot start.
func (e engine) Usable(ctx context.Context) error { return e.usable(ctx) }

// Pool is what single reads go through.
func (e engine) Pool() relational.Querier { return counted(e) }

// isolation is how each kind of transaction is kept apart from others. A single read needs no transaction. A read of
// several statements wants one state. A write of ours locks each row that it depends on, so READ COMMITTED, which locks
// no more than that, is enough, and it meets others least. Nobody knows what a caller's transaction depends on, so there
// every read locks what it read.
var isolation = map[relational.Mode]*sql.TxOptions{
	relational.Snapshot: {Isolation: sql.LevelRepeatableRead, ReadOnly: true},
	relational.Write:    nil, // READ COMMITTED, as every connection
	relational.Serial:   {Isolation: sql.LevelSerializable},
}

// Begin starts a transaction.
func (e engine) Begin(ctx context.Context, mode relational.Mode) (relational.Tx, func(), error) {
	e.taken.Add(1)
	tx, err := e.pool.BeginTx(ctx, isolation[mode])
	return tx, func() {}, err
}

// Translate gives a driver's error its kind.
func (e engine) Translate(err error) error { return e.translate(err) }

// Lost says that the server ended the transaction, or may have.
func (engine) Lost(err error) bool { return lost(err) }

// Again says that the transaction gave way to another.
func (engine) Again(err error) bool { return again(err) }

// counted is the pool, which counts how often a connection is taken from it.
type counted struct{ *DB }

func (c counted) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	c.taken.Add(1)
	return c.pool.ExecContext(ctx, query, args...)
}

func (c counted) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	c.taken.Add(1)
	return c.pool.QueryContext(ctx, query, args...)
}

func (c counted) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	c.taken.Add(1)
	return c.pool.QueryRowContext(ctx, query, args...)
}

func (c counted) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	c.taken.Add(1)
	return c.pool.PrepareContext(ctx, query)
}
