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
		all:   labelled("Procedure"),
		one:   "(t:Procedure)",
		terms: newTerms(flat.Procedures, "id", "name"),
	},
	save: always[stores.Procedure]("MERGE (t:Procedure {scope: $p.scope, id: row.id}) SET t = row.values, t:Memory RETURN []"),
	drop: "DETACH DELETE t",
}
