package sqlite

import (
	"context"

	"thalamus/stores"
	"thalamus/stores/relational"
)

// EntityRecords is the contract of the records part of entities.
func (db *DB) EntityRecords() stores.EntityRecords {
	return relational.EntityRecords{Records: relational.NewRecords(db.rows, entityRecordTable)}
}

var entityRecordTable = relational.NewEntityRecordTable(dialect{}, relational.Extras[stores.EntityRecord]{
	Conflict: func(_ context.Context, _ querier, _ stores.Scope, items []*stores.EntityRecord) error {
		return relational.NameTaken(items[0].Name)
	},
})
