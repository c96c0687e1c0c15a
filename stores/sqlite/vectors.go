package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
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
	return stores.VectorFeatures{Dense: true, Keywords: true, MaxBatch: upsertBatch}
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
		var err error
		if payloads[i], err = checkPoint(p); err != nil {
			return err
		}
		ids[i] = p.ID
	}
	at := cornerOf(s, c)
	return v.db.write(ctx, func(ctx context.Context, q querier) error {
		dimension, err := bind(ctx, q, len(points[0].Vector))
		if err != nil {
			return err
		}
		texts := make(map[int64]string, len(points))
		for i, p := range points {
			if len(p.Vector) != dimension {
				return wrongDimension(len(p.Vector), dimension)
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

func checkPoint(p stores.Point) (payload json.RawMessage, err error) {
	switch {
	case p.ID == "":
		return nil, stores.Invalid("id", "a point needs an id")
	case len(p.Vector) == 0:
		return nil, stores.Invalid("vector", "a point needs a vector")
	case !finite(p.Vector):
		return nil, stores.Invalid("vector", "must hold finite numbers only")
	}
	return encodePayload(p.Payload, false)
}

func wrongDimension(got, want int) error {
	return stores.Invalid("vector", "has %d numbers where the stored vectors have %d; use the embedder that made those, "+
		"or embed everything again", got, want)
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

func (v vectors) Model(ctx context.Context) (m stores.Model, err error) {
	err = v.db.snapshot(ctx, func(q querier) error {
		m, err = readModel(ctx, q)
		return err
	})
	return m, err
}

func (v vectors) Reset(ctx context.Context, m stores.Model) error {
	if m.Dimension < 1 {
		return stores.Invalid("dimension", "must be at least 1")
	}
	return v.db.write(ctx, func(ctx context.Context, q querier) error {
		for _, statement := range []string{
			"DELETE FROM points", "INSERT INTO points_text (points_text) VALUES ('delete-all')", "DELETE FROM embedding_model",
		} {
			if _, err := q.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		if err := writeModel(ctx, q, m); err != nil {
			return err
		}
		v.db.afterCommit(ctx, v.db.vectors.forget)
		return nil
	})
}

// readModel is the embedder that made the stored vectors; zero while there is none.
func readModel(ctx context.Context, q querier) (m stores.Model, err error) {
	err = q.QueryRowContext(ctx, "SELECT name, dimension FROM embedding_model").Scan(&m.Name, &m.Dimension)
	if errors.Is(err, sql.ErrNoRows) {
		return stores.Model{}, nil
	}
	return m, err
}

func writeModel(ctx context.Context, q querier, m stores.Model) error {
	_, err := q.ExecContext(ctx, "INSERT INTO embedding_model (only, name, dimension) VALUES (1, ?, ?)", m.Name, m.Dimension)
	return err
}

// bind is the length of the stored vectors. While nothing is stored and no embedder was named, it becomes the given one.
func bind(ctx context.Context, q querier, dimension int) (int, error) {
	m, err := readModel(ctx, q)
	if err != nil || m.Dimension > 0 {
		return m.Dimension, err
	}
	return dimension, writeModel(ctx, q, stores.Model{Dimension: dimension})
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
