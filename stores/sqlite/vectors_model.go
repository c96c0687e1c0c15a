package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"thalamus/stores"
)

func (v vectors) Model(ctx context.Context) (m stores.Model, err error) {
	err = v.db.snapshot(ctx, func(q querier) error {
		m, err = readModel(ctx, q)
		return err
	})
	return m, err
}

func (v vectors) Bind(ctx context.Context, m stores.Model) error {
	if m.Dimension < 1 {
		return stores.Invalid("dimension", "must be at least 1")
	}
	return v.db.write(ctx, func(ctx context.Context, q querier) error {
		bound, err := bind(ctx, q, m)
		if err == nil && bound != m {
			err = stores.Conflict("the stored vectors were made by %s (dimension %d)", bound.Name, bound.Dimension)
		}
		return err
	})
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

// bind is the embedder of the stored vectors. While nothing is stored and none was named, it becomes the given one.
func bind(ctx context.Context, q querier, m stores.Model) (stores.Model, error) {
	bound, err := readModel(ctx, q)
	if err != nil || bound.Dimension > 0 {
		return bound, err
	}
	return m, writeModel(ctx, q, m)
}
