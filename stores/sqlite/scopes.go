package sqlite

import (
	"context"
	"database/sql"

	"thalamus/stores"
)

// Scopes is the contract that lists the scopes.
func (db *DB) Scopes() stores.Scopes { return scopes{db} }

type scopes struct{ db *DB }

// Keys are stored, so their byte order is that of the list.
const listScopes = `
	SELECT scope FROM episodes UNION SELECT scope FROM entities UNION SELECT scope FROM procedures
	UNION SELECT scope FROM relationships UNION SELECT scope FROM profiles UNION SELECT scope FROM todos
	ORDER BY scope`

// Scopes lists every scope that holds a noun.
func (r scopes) Scopes(ctx context.Context) ([]stores.Scope, error) {
	if err := r.db.usable(ctx); err != nil {
		return nil, err
	}
	var out []stores.Scope
	err := (&statement{}).add(listScopes).each(ctx, r.db.reader(ctx), func(rows *sql.Rows) error {
		var key string
		if err := rows.Scan(&key); err != nil {
			return err
		}
		s, err := stores.ParseScope(key)
		out = append(out, s)
		return err
	})
	return out, ended(ctx, err)
}
