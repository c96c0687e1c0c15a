package sqlite

import (
	"thalamus/stores"
	"thalamus/stores/flat"
	"thalamus/stores/relational"
)

// Todos is the contract of todos. Triggers keep their links to entities.
func (db *DB) Todos() stores.Todos {
	return relational.Todos{Records: relational.NewRecords(db.rows, todoTable)}
}

var todoTable = relational.NewTable(dialect{}, "todos", flat.Todos, relational.Extras[stores.Todo]{})
