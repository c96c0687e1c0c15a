package sqlite

import (
	"context"
	"database/sql"

	"thalamus/stores"
)

// dense answers questions about one corner: from memory, or from the database when the corner is too large for memory
// or ctx carries a transaction, whose own writes are not in memory.
func (db *DB) dense(ctx context.Context, c corner, questions []*question) error {
	if db.running(ctx) != nil {
		return db.scanDatabase(ctx, c, questions)
	}
	b, err := db.current(ctx, c)
	if err != nil {
		return err
	}
	if b.oversize {
		b.mu.RUnlock()
		return db.scanDatabase(ctx, c, questions)
	}
	defer b.mu.RUnlock()
	for _, q := range questions {
		if row, known := b.rows[q.like]; known {
			q.unit = b.unit(row)
		}
	}
	return b.scan(ctx, questions)
}

// current is the block of a corner, with every change that was committed before the call, locked for reading.
func (db *DB) current(ctx context.Context, c corner) (*block, error) {
	b := db.vectors.block(c)
	for refreshed := false; ; refreshed = true { // what changes after the refresh is committed during the call
		b.mu.RLock()
		if b.loaded && (refreshed || !db.vectors.pending(b)) {
			return b, nil
		}
		b.mu.RUnlock()
		b.mu.Lock()
		err := db.refresh(ctx, b)
		b.mu.Unlock()
		if err != nil {
			return nil, err
		}
	}
}

// refresh reads what has changed; b is locked for writing.
func (db *DB) refresh(ctx context.Context, b *block) error {
	ids, reload := db.vectors.take(b)
	if !b.loaded || reload || b.oversize || b.dimension == 0 {
		b.loaded = false
		err := db.snapshot(ctx, func(q querier) error { return db.load(ctx, q, b) })
		b.loaded = err == nil
		return err
	}
	if len(ids) == 0 { // somebody else was faster
		return nil
	}
	err := db.snapshot(ctx, func(q querier) error { return b.reread(ctx, q, ids) })
	if err != nil {
		db.vectors.changed(b.corner, ids)
		return err
	}
	if !db.vectors.charge(b, len(b.ids), b.dimension) {
		b.oversize = true
		b.reset(b.dimension, 0)
	}
	return nil
}

// load reads all rows of a corner, unless they would not fit.
func (db *DB) load(ctx context.Context, q querier, b *block) error {
	m, err := readModel(ctx, q)
	if err != nil {
		return err
	}
	var n int
	err = q.QueryRowContext(ctx, "SELECT count(*) FROM points WHERE scope = ? AND collection = ?",
		b.corner.scope, b.corner.collection).Scan(&n)
	if err != nil {
		return err
	}
	if b.oversize = !db.vectors.charge(b, n, m.Dimension); b.oversize {
		n = 0
	}
	b.reset(m.Dimension, n)
	if n == 0 {
		return nil
	}
	return eachRow(ctx, q, b.corner, func(id stores.ID, payload map[stores.Field]any, vector []byte) error {
		b.put(id, payload, vector)
		return nil
	})
}

// reread brings the rows of some points up to date.
func (b *block) reread(ctx context.Context, q querier, ids []stores.ID) error {
	found := make(map[stores.ID]bool, len(ids))
	err := someRows(ctx, q, b.corner, ids, func(id stores.ID, payload map[stores.Field]any, vector []byte) error {
		found[id] = true
		b.put(id, payload, vector)
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !found[id] {
			b.remove(id)
		}
	}
	return nil
}

// databaseStride is how many rows of a corner that is not in memory are scanned at a time.
const databaseStride = 512

// scanDatabase answers questions from the database, a few rows at a time.
func (db *DB) scanDatabase(ctx context.Context, c corner, questions []*question) error {
	return db.snapshot(ctx, func(q querier) error {
		m, err := readModel(ctx, q)
		if err != nil {
			return err
		}
		if err := resolve(ctx, q, c, questions); err != nil {
			return err
		}
		b := &block{corner: c}
		b.reset(m.Dimension, databaseStride)
		err = eachRow(ctx, q, c, func(id stores.ID, payload map[stores.Field]any, vector []byte) error {
			b.put(id, payload, vector)
			if len(b.ids) < databaseStride {
				return nil
			}
			defer b.clear()
			return b.scan(ctx, questions)
		})
		if err != nil {
			return err
		}
		return b.scan(ctx, questions)
	})
}

// resolve looks up the vectors that questions name by id.
func resolve(ctx context.Context, q querier, c corner, questions []*question) error {
	var ids []stores.ID
	for _, question := range questions {
		if question.like != "" {
			ids = append(ids, question.like)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return someRows(ctx, q, c, ids, func(id stores.ID, _ map[stores.Field]any, vector []byte) error {
		for _, question := range questions {
			if unit := appendVector(nil, vector); question.like == id && normalise(unit) {
				question.unit = unit
			}
		}
		return nil
	})
}

// eachRow hands every row of a corner to fn.
func eachRow(ctx context.Context, q querier, c corner, fn func(stores.ID, map[stores.Field]any, []byte) error) error {
	return readRows(ctx, q, fn, "SELECT id, payload, vector FROM points WHERE scope = ? AND collection = ?", c.scope, c.collection)
}

// someRows hands those rows of a corner to fn that have one of the ids.
func someRows(ctx context.Context, q querier, c corner, ids []stores.ID, fn func(stores.ID, map[stores.Field]any, []byte) error) error {
	return readRows(ctx, q, fn, "SELECT id, payload, vector FROM points WHERE scope = ? AND collection = ? AND id IN (SELECT value FROM json_each(?))",
		c.scope, c.collection, jsonList(ids))
}

// readRows hands each row of a query for id, payload and vector to fn, which must not keep the vector.
func readRows(ctx context.Context, q querier, fn func(stores.ID, map[stores.Field]any, []byte) error, query string, args ...any) error {
	list, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer list.Close()
	var id stores.ID
	var payload, vector sql.RawBytes
	for list.Next() {
		if err := list.Scan(&id, &payload, &vector); err != nil {
			return err
		}
		fields, err := decodePayload(payload)
		if err != nil {
			return err
		}
		if err := fn(id, fields, vector); err != nil {
			return err
		}
	}
	return list.Err()
}
