package sqlite

import (
	"context"
	"database/sql"

	"thalamus/stores"
	"thalamus/stores/relational"
)

// querier is what a transaction and a pool have in common.
type querier = relational.Querier

// engine begins the transactions of a database: readers have a pool, writers queue for one connection.
type engine struct{ *DB }

// Usable says why a call cannot start.
func (d engine) Usable(ctx context.Context) error { return d.usable(ctx) }

// Pool is what single reads go through.
func (d engine) Pool() querier { return d.readers }

// Begin starts a transaction. SQLite has one writer at a time, so that every transaction that writes is serial.
func (d engine) Begin(ctx context.Context, mode relational.Mode) (relational.Tx, func(), error) {
	if mode == relational.Snapshot {
		tx, err := d.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		return tx, func() {}, err
	}
	select {
	case d.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	end := func() { <-d.turn }
	err := d.usable(ctx) // closed while waiting
	if err == nil {
		var tx *sql.Tx
		if tx, err = d.begin(ctx, mode); err == nil {
			return tx, end, nil
		}
	}
	end()
	return nil, nil, err
}

// begin starts a transaction that writes, in the name of a saga where ctx says so.
func (d engine) begin(ctx context.Context, mode relational.Mode) (*sql.Tx, error) {
	tx, err := d.writer.BeginTx(ctx, nil)
	if err != nil || mode != relational.Write {
		return tx, err
	}
	if f, ok := stores.FenceOf(ctx); ok {
		if err = pass(ctx, tx, f); err != nil {
			_ = tx.Rollback()
		}
	}
	return tx, err
}

// Translate gives a driver's error its kind.
func (engine) Translate(err error) error { return translate(err) }

// Lost says that SQLite may have rolled the transaction back by itself.
func (engine) Lost(err error) bool { return rolledBack(err) }

// Again says that another try is likely to succeed: writers do not meet here.
func (engine) Again(error) bool { return false }

func (db *DB) running(ctx context.Context) *relational.Transaction { return db.rows.Running(ctx) }

func (db *DB) snapshot(ctx context.Context, fn func(q querier) error) error {
	return db.rows.Snapshot(ctx, fn)
}

func (db *DB) write(ctx context.Context, fn func(ctx context.Context, q querier) error) error {
	return db.rows.Write(ctx, fn)
}

func (db *DB) afterCommit(ctx context.Context, fn func()) { db.rows.AfterCommit(ctx, fn) }

// Atomic runs fn in one transaction over everything the database keeps: calls made with fn's context join it. It
// commits when fn returns nil and leaves nothing behind when fn fails.
func (db *DB) Atomic(ctx context.Context, fn func(context.Context) error) error {
	return db.rows.Atomic(ctx, fn)
}
