package mysql

import (
	"thalamus/stores"
	"thalamus/stores/flat"
	"thalamus/stores/relational"
)

// Journal is the contract of the journal. Several gateways may share it.
func (db *DB) Journal() stores.Journal { return relational.NewJournal(db.rows, sagaTable, false) }

// Outbox is the contract of the outbox.
func (db *DB) Outbox() stores.Outbox { return relational.NewOutbox(db.rows) }

var sagaTable = relational.NewTable(dialect{}, "sagas", flat.Sagas, relational.Extras[stores.Saga]{})
