package neo4j

import "github.com/neo4j/neo4j-go-driver/v5/neo4j"

// Observe has fn told of every statement that is sent. It must be called before the database is used.
func (db *DB) Observe(fn func(mode neo4j.AccessMode, text string, params map[string]any)) {
	db.observe = fn
}
