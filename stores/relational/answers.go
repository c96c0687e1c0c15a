package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// Answers is the contract of remembered answers. The table answer_nodes says which answers hold content of a node.
type Answers struct{ db *Database }

// NewAnswers is the contract over a database.
func NewAnswers(db *Database) Answers { return Answers{db} }

// Get reads the answer under a key, or nil.
func (r Answers) Get(ctx context.Context, s stores.Scope, key string) (*stores.Answer, error) {
	if err := r.db.Usable(ctx); err != nil {
		return nil, err
	}
	a := &stores.Answer{Key: key}
	err := SQL("SELECT operation, request, coalesce(saga, ''), response, nodes, created_at FROM answers WHERE scope = ? AND `key` = ?"+r.db.lock(ctx),
		r.db.ScopeValues(s)[0], key).
		One(ctx, r.db.Reader(ctx), &a.Operation, &a.Request, &a.Saga, &a.Response, flat.JSON[[]stores.ID]{To: &a.Nodes}, flat.Instant{To: &a.CreatedAt})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, r.db.Ended(ctx, err)
	}
	return a, nil
}

// Put remembers an answer. A response that will come is empty, and one that was forgotten is null.
func (r Answers) Put(ctx context.Context, s stores.Scope, a *stores.Answer) error {
	nodes, err := json.Marshal(a.Nodes)
	if err != nil {
		return err
	}
	scope := r.db.ScopeValues(s)
	head := "INSERT INTO answers (" + strings.Join(r.db.ScopeColumns(), ", ") + ", `key`, operation, request, saga, response, nodes, created_at)"
	values := append(scope, a.Key, a.Operation, a.Request, sql.NullString{String: string(a.Saga), Valid: a.Saga != ""},
		append([]byte{}, a.Response...), string(nodes), a.CreatedAt.UnixMicro())
	return r.db.Write(ctx, func(ctx context.Context, q Querier) error {
		err := InsertRows(ctx, q, head, len(values), values)
		if err = r.db.driver.Translate(err); errors.Is(err, stores.ErrConflict) {
			return stores.Conflict("the idempotency key %q was already used; read its answer, or send the request under a new key", a.Key)
		}
		if err != nil {
			return err
		}
		var links []any
		for _, node := range unique(a.Nodes) {
			links = append(links, scope[0], node, a.Key)
		}
		return InsertRows(ctx, q, "INSERT INTO answer_nodes (scope, node, `key`)", 3, links)
	})
}

// Complete gives the key of a saga its response, unless it was forgotten meanwhile.
func (r Answers) Complete(ctx context.Context, s stores.Scope, saga stores.ID, response []byte) error {
	return r.db.Write(ctx, func(ctx context.Context, q Querier) error {
		_, err := SQL("UPDATE answers SET response = ? WHERE scope = ? AND saga = ? AND response IS NOT NULL",
			response, r.db.ScopeValues(s)[0], saga).Run(ctx, q)
		return err
	})
}

// Release frees the key of a saga that did not happen.
func (r Answers) Release(ctx context.Context, s stores.Scope, saga stores.ID) error {
	scope := r.db.ScopeValues(s)[0]
	return r.db.Write(ctx, func(ctx context.Context, q Querier) error {
		var key string
		err := SQL("SELECT `key` FROM answers WHERE scope = ? AND saga = ?"+r.db.Lock(), scope, saga).One(ctx, q, &key)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := SQL("DELETE FROM answer_nodes WHERE scope = ? AND `key` = ?", scope, key).Run(ctx, q); err != nil {
			return err
		}
		_, err = SQL("DELETE FROM answers WHERE scope = ? AND `key` = ?", scope, key).Run(ctx, q)
		return err
	})
}

// Forget erases the responses that hold content of the nodes, and says how many there were; the keys stay taken.
func (r Answers) Forget(ctx context.Context, s stores.Scope, nodes []stores.ID) (n int, err error) {
	if len(nodes) == 0 {
		return 0, r.db.Usable(ctx)
	}
	err = r.db.Write(ctx, func(ctx context.Context, q Querier) error {
		n = 0
		keys, err := r.about(ctx, q, s, nodes)
		if err != nil {
			return err
		}
		for part := range slices.Chunk(keys, r.db.Limits().Values) {
			st := SQL("UPDATE answers SET response = NULL WHERE response IS NOT NULL AND scope = ? AND ", r.db.ScopeValues(s)[0])
			r.db.In(st, "`key`", Values(part))
			some, err := st.Run(ctx, q)
			if err != nil {
				return err
			}
			n += some
		}
		return nil
	})
	return n, err
}

// Showing counts the responses that hold content of the nodes.
func (r Answers) Showing(ctx context.Context, s stores.Scope, nodes []stores.ID) (n int, err error) {
	if err := r.db.Usable(ctx); err != nil || len(nodes) == 0 {
		return 0, err
	}
	q := r.db.Reader(ctx)
	keys, err := r.about(ctx, q, s, nodes)
	for part := range slices.Chunk(keys, r.db.Limits().Values) {
		if err != nil {
			break
		}
		some, st := 0, SQL("SELECT COUNT(*) FROM answers WHERE response IS NOT NULL AND scope = ? AND ", r.db.ScopeValues(s)[0])
		r.db.In(st, "`key`", Values(part))
		err = st.One(ctx, q, &some)
		n += some
	}
	return n, r.db.Ended(ctx, err)
}

// about gives the keys of the answers that hold content of the nodes, in order.
func (r Answers) about(ctx context.Context, q Querier, s stores.Scope, nodes []stores.ID) ([]string, error) {
	var keys []string
	for part := range slices.Chunk(nodes, r.db.Limits().Values) {
		st := SQL("SELECT `key` FROM answer_nodes WHERE scope = ? AND ", r.db.ScopeValues(s)[0])
		r.db.In(st, "node", Values(part))
		err := st.Each(ctx, q, func(rows *sql.Rows) error {
			var key string
			err := rows.Scan(&key)
			keys = append(keys, key)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// Prune deletes answers older than an instant, in every scope, and says how many there were.
func (r Answers) Prune(ctx context.Context, before time.Time) (n int, err error) {
	err = r.db.Write(ctx, func(ctx context.Context, q Querier) error {
		_, err := SQL("DELETE FROM answer_nodes WHERE (scope, `key`) IN (SELECT scope, `key` FROM answers WHERE created_at < ?)",
			before.UnixMicro()).Run(ctx, q)
		if err != nil {
			return err
		}
		n, err = SQL("DELETE FROM answers WHERE created_at < ?", before.UnixMicro()).Run(ctx, q)
		return err
	})
	return n, err
}
