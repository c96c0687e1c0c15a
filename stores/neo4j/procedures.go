package neo4j

import (
	"thalamus/stores"
	"thalamus/stores/flat"
)

// Procedures is the contract of procedures.
func (db *DB) Procedures() stores.Procedures { return records[stores.Procedure]{db, &procedureNoun} }

var procedureNoun = noun[stores.Procedure]{
	Layout: flat.Procedures,
	shape: shape{
		spec:  stores.ProcedureSpec,
		from:  func(stores.Filter) cypher { return "(t:Procedure)" },
		terms: newTerms(flat.Procedures, "id", "name"),
	},
	save: "MERGE (t:Procedure {scope: $p.scope, id: row.id}) SET t = row.values RETURN []",
	drop: "DETACH DELETE t",
}
