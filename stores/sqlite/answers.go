package sqlite

import (
	"thalamus/stores"
	"thalamus/stores/relational"
)

// Answers is the contract of remembered answers.
func (db *DB) Answers() stores.Answers { return relational.NewAnswers(db.rows) }
