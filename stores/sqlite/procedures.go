package sqlite

import (
	"context"

	"thalamus/stores"
	"thalamus/stores/flat"
	"thalamus/stores/relational"
)

// Procedures is the contract of procedures.
func (db *DB) Procedures() stores.Procedures {
	return relational.NewRecords(db.rows, procedureTable)
}

type procedure = stores.Procedure

var procedureTable = relational.NewTable(dialect{}, "procedures", flat.Procedures, relational.Extras[procedure]{
	Detach: func(ctx context.Context, q querier, s stores.Scope, ids []stores.ID) error {
		return deleteEdges(ctx, q, s, stores.KindProcedure, ids)
	},
})
