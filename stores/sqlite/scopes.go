package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"thalamus/stores"
)

// Scopes is the contract that lists the scopes of all nouns.
func (db *DB) Scopes() stores.Scopes {
	return scopes{db, listScopes(slices.Concat(graphTables, recordTables))}
}

// GraphScopes is the contract that lists the scopes of the nouns of the graph.
func (db *DB) GraphScopes() stores.Scopes { return scopes{db, listScopes(graphTables)} }

// RecordScopes is the contract that lists the scopes of the nouns of the records.
func (db *DB) RecordScopes() stores.Scopes { return scopes{db, listScopes(recordTables)} }

type scopes struct {
	db   *DB
	list string // the statement
}

// The tables whose rows are nouns. Records of entities are parts of nouns of the graph, and nouns to those who have only
// the records.
var (
	graphTables  = []string{"episodes", "entities", "procedures", "relationships"}
	recordTables = []string{"entity_records", "profiles", "todos"}
)

// listScopes selects the scopes of tables. Keys are stored, so their byte order is that of the list.
func listScopes(tables []string) string {
	return "SELECT scope FROM " + strings.Join(tables, " UNION SELECT scope FROM ") + " ORDER BY scope"
}

// Scopes lists every scope that holds a noun.
func (r scopes) Scopes(ctx context.Context) ([]stores.Scope, error) {
	if err := r.db.usable(ctx); err != nil {
		return nil, err
	}
	var out []stores.Scope
	err := (&statement{}).add(r.list).each(ctx, r.db.reader(ctx), func(rows *sql.Rows) error {
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
