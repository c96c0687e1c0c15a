package neo4j

import (
	"context"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

// Observe has fn told of every statement that is sent. It must be called before the database is used.
func (db *DB) Observe(fn func(mode neo4j.AccessMode, text string, params map[string]any)) {
	db.observe = fn
}

// Begin starts a transaction that takes statements one by one, until the test commits it.
func (db *DB) Begin(ctx context.Context) (neo4j.ExplicitTransaction, error) {
	session := db.driver.NewSession(ctx, neo4j.SessionConfig{DatabaseName: db.database, BookmarkManager: db.bookmarks})
	return session.BeginTransaction(ctx)
}
