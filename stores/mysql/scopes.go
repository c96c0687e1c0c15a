package mysql

import (
	"thalamus/stores"
	"thalamus/stores/relational"
)

// Scopes lists the scopes that hold a noun of the records.
func (db *DB) Scopes() stores.Scopes {
	return relational.NewScopes(db.rows, "entity_records", "profiles", "todos")
}
