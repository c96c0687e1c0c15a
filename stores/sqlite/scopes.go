package sqlite

import (
	"slices"

	"thalamus/stores"
	"thalamus/stores/relational"
)

// The tables of the nouns, by role.
var (
	graphTables  = []string{"episodes", "entities", "procedures", "relationships"}
	recordTables = []string{"entity_records", "profiles", "todos"}
)

// GraphScopes lists the scopes that hold a noun of the graph.
func (db *DB) GraphScopes() stores.Scopes { return relational.NewScopes(db.rows, graphTables...) }

// RecordScopes lists the scopes that hold a noun of the records.
func (db *DB) RecordScopes() stores.Scopes { return relational.NewScopes(db.rows, recordTables...) }

// Scopes lists the scopes that hold any noun.
func (db *DB) Scopes() stores.Scopes {
	return relational.NewScopes(db.rows, slices.Concat(graphTables, recordTables)...)
}
