package mysql

import (
	"context"
	"time"

	"thalamus/stores"
	"thalamus/stores/relational"
)

// Answers is the contract of remembered answers.
func (db *DB) Answers() stores.Answers { return answers{relational.NewAnswers(db.rows), db} }

type answers struct {
	relational.Answers
	db *DB
}

// Prune deletes answers older than an instant, in every scope, and says how many there were. MariaDB would look at every
// link for the statement that SQLite understands; both servers go from the answers to their links for this one.
func (r answers) Prune(ctx context.Context, before time.Time) (n int, err error) {
	err = r.db.rows.Write(ctx, func(ctx context.Context, q relational.Querier) error {
		_, err := relational.SQL("DELETE n FROM answers AS a STRAIGHT_JOIN answer_nodes AS n ON n.scope = a.scope AND n.`key` = a.`key` WHERE a.created_at < ?",
			before.UnixMicro()).Run(ctx, q)
		if err != nil {
			return err
		}
		n, err = relational.SQL("DELETE FROM answers WHERE created_at < ?", before.UnixMicro()).Run(ctx, q)
		return err
	})
	return n, err
}
