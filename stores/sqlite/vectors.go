package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"thalamus/stores"
)

// vectors is the role of the same name. Points are rows; dense searches scan a copy of their vectors in memory, and
// keyword searches ask FTS5, which is kept in step inside the same transaction.
type vectors struct{ db *DB }

// Vectors is the engine that finds points by likeness. Dense search is exact; keyword search knows English word forms,
// folds case and accents, and looks for pairs of characters in scripts without spaces. The score of a keyword search
// depends on all stored texts, those of other scopes too, so compare it within one answer only. A search that runs
// inside a transaction sees what the transaction wrote, and reads it from disk.
func (db *DB) Vectors() stores.Vectors { return vectors{db} }

// upsertBatch is how many points an upsert is advised to bring, so that one transaction does not hold up other writers
// for long.
const upsertBatch = 500

func (v vectors) Features() stores.VectorFeatures {
	return stores.VectorFeatures{Dense: true, Keywords: true, Hybrid: true, TextFilters: true, MaxBatch: upsertBatch}
}

func cornerOf(s stores.Scope, c stores.Collection) corner {
	return corner{scope: s.Key(), collection: string(c)}
}

func (v vectors) Upsert(ctx context.Context, s stores.Scope, c stores.Collection, points []stores.Point) error {
	if len(points) == 0 {
		return nil
	}
	ids := make([]stores.ID, len(points))
	payloads := make([]json.RawMessage, len(points))
	for i, p := range points {
		if err := p.Check(); err != nil {
			return err
		}
		var err error
		if payloads[i], err = encodePayload(p.Payload, false); err != nil {
			return err
		}
		ids[i] = p.ID
	}
	at := cornerOf(s, c)
	return v.db.write(ctx, func(ctx context.Context, q querier) error {
		m, err := bind(ctx, q, stores.Model{Dimension: len(points[0].Vector)})
		if err != nil {
			return err
		}
		texts := make(map[int64]string, len(points))
		for i, p := range points {
			if err := m.CheckDimension(p.Vector); err != nil {
				return err
			}
			row, err := upsertPoint(ctx, q, at, p, payloads[i])
			if err != nil {
				return err
			}
			texts[row] = p.Text
		}
		v.db.afterCommit(ctx, func() { v.db.vectors.changed(at, ids) })
		return indexTexts(ctx, q, at, texts)
	})
}

// upsertPoint writes the row of a point and gives its number.
func upsertPoint(ctx context.Context, q querier, c corner, p stores.Point, payload json.RawMessage) (row int64, err error) {
	err = q.QueryRowContext(ctx, `
		INSERT INTO points (scope, collection, id, payload, vector, text) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (scope, collection, id) DO UPDATE SET payload = excluded.payload, vector = excluded.vector, text = excluded.text
		RETURNING row`,
		c.scope, c.collection, p.ID, string(payload), encodeVector(p.Vector), p.Text).Scan(&row)
	return row, err
}

func (v vectors) Get(ctx context.Context, s stores.Scope, c stores.Collection, ids []stores.ID) (map[stores.ID]stores.Point, error) {
	out := make(map[stores.ID]stores.Point, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	at := cornerOf(s, c)
	err := v.db.snapshot(ctx, func(q querier) error {
		list, err := q.QueryContext(ctx, `SELECT id, payload, vector, text FROM points
			WHERE scope = ? AND collection = ? AND id IN (SELECT value FROM json_each(?))`, at.scope, at.collection, jsonList(ids))
		if err != nil {
			return err
		}
		defer list.Close()
		for list.Next() {
			var p stores.Point
			var payload, vector sql.RawBytes
			if err := list.Scan(&p.ID, &payload, &vector, &p.Text); err != nil {
				return err
			}
			if p.Payload, err = decodePayload(payload); err != nil {
				return err
			}
			p.Vector = appendVector(make([]float32, 0, len(vector)/4), vector)
			out[p.ID] = p
		}
		return list.Err()
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// jsonList is a list of ids as SQL's json_each takes it, without repetitions.
func jsonList(ids []stores.ID) string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	b, err := json.Marshal(slices.Compact(ids))
	if err != nil {
		panic(fmt.Sprintf("sqlite: strings are JSON: %v", err))
	}
	return string(b)
}
