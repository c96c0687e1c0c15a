package sqlite

import (
	"context"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// Procedures is the contract of procedures.
func (db *DB) Procedures() stores.Procedures {
	return records[stores.Procedure]{db, procedureTable}
}

type procedure = stores.Procedure

var procedureTable = newTable("procedures", flat.Procedures, table[procedure]{
	detach: func(ctx context.Context, q querier, s stores.Scope, ids []stores.ID) error {
		return deleteEdges(ctx, q, s, stores.KindProcedure, ids)
	},
})
