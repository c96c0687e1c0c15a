package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// Answers is the contract of remembered answers.
func (db *DB) Answers() stores.Answers { return answers{db} }

type answers struct{ db *DB }

// Get reads the answer under a key, or nil.
func (r answers) Get(ctx context.Context, s stores.Scope, key string) (*stores.Answer, error) {
	if err := r.db.usable(ctx); err != nil {
		return nil, err
	}
	a := &stores.Answer{Key: key}
	err := r.db.reader(ctx).QueryRowContext(ctx,
		"SELECT operation, request, response, nodes, created_at FROM answers WHERE scope = ? AND key = ?", s.Key(), key).
		Scan(&a.Operation, &a.Request, &a.Response, flat.JSON[[]stores.ID]{To: &a.Nodes}, flat.Instant{To: &a.CreatedAt})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, ended(ctx, err)
	}
	return a, nil
}

// Put remembers an answer.
func (r answers) Put(ctx context.Context, s stores.Scope, a *stores.Answer) error {
	nodes, err := json.Marshal(a.Nodes)
	if err != nil {
		return err
	}
	return r.db.write(ctx, func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, "INSERT INTO answers (scope, key, operation, request, response, nodes, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
			s.Key(), a.Key, a.Operation, a.Request, a.Response, string(nodes), a.CreatedAt.UnixMicro())
		if err = translate(err); errors.Is(err, stores.ErrConflict) {
			return stores.Conflict("the idempotency key %q was already used; read its answer, or send the request under a new key", a.Key)
		}
		if err != nil {
			return err
		}
		_, err = q.ExecContext(ctx, "INSERT OR IGNORE INTO answer_nodes (scope, node, key) SELECT ?, value, ? FROM json_each(?)",
			s.Key(), a.Key, string(nodes))
		return err
	})
}

// Forget erases the responses that hold content of the nodes; the keys stay taken.
func (r answers) Forget(ctx context.Context, s stores.Scope, nodes []stores.ID) error {
	if len(nodes) == 0 {
		return r.db.usable(ctx)
	}
	return r.db.write(ctx, func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `UPDATE answers SET response = NULL WHERE scope = ?1 AND key IN
			(SELECT n.key FROM json_each(?2) AS asked CROSS JOIN answer_nodes AS n ON n.scope = ?1 AND n.node = asked.value)`,
			s.Key(), array(nodes))
		return err
	})
}

// Prune deletes answers older than an instant, in every scope, and says how many there were.
func (r answers) Prune(ctx context.Context, before time.Time) (n int, err error) {
	err = r.db.write(ctx, func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, "DELETE FROM answer_nodes WHERE (scope, key) IN (SELECT scope, key FROM answers WHERE created_at < ?)",
			before.UnixMicro())
		if err != nil {
			return err
		}
		n, err = (&statement{}).add("DELETE FROM answers WHERE created_at < ?", before.UnixMicro()).run(ctx, q)
		return err
	})
	return n, err
}
