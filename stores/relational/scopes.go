package relational

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"thalamus/stores"
)

// Scopes is the contract that lists scopes: those that have rows in some tables.
type Scopes struct {
	db  *Database
	sql string
}

// NewScopes lists the scopes of the rows of tables.
func NewScopes(db *Database, tables ...string) Scopes {
	var parts []string
	for _, table := range tables {
		parts = append(parts, db.Scopes(table))
	}
	return Scopes{db, strings.Join(parts, " UNION ")}
}

// Scopes lists every scope that holds a noun, ordered by its key.
func (r Scopes) Scopes(ctx context.Context) ([]stores.Scope, error) {
	if err := r.db.Usable(ctx); err != nil {
		return nil, err
	}
	var keys []string
	err := SQL(r.sql).Each(ctx, r.db.Reader(ctx), func(rows *sql.Rows) error {
		var key string
		err := rows.Scan(&key)
		keys = append(keys, key)
		return err
	})
	if err != nil {
		return nil, r.db.Ended(ctx, err)
	}
	slices.Sort(keys)
	out := make([]stores.Scope, len(keys))
	for i, key := range keys {
		if out[i], err = stores.ParseScope(key); err != nil {
			return nil, err
		}
	}
	return out, nil
}
