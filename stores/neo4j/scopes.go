package neo4j

import (
	"context"

	"thalamus/stores"
)

// Scopes is the contract that lists the scopes, here those that hold a noun of the graph.
func (db *DB) Scopes() stores.Scopes { return scopes{db} }

// ours is the key of a node s of a scope, and the condition that it is one of this memory: the database may hold others,
// apart by their namespaces.
func (db *DB) ours(q *query) (key, condition cypher) {
	prefix := q.value(db.namespace)
	key = "substring(s.key, size(" + prefix + "))"
	return key, "s.key STARTS WITH " + prefix + " AND size(split(" + key + ", '/')) = 3"
}

type scopes struct{ db *DB }

// Scopes lists every scope that holds a noun of the graph. Edges need nodes, so they need not be asked for.
func (r scopes) Scopes(ctx context.Context) ([]stores.Scope, error) {
	q := bare()
	key, ours := r.db.ours(q)
	q.add("MATCH (s:Scope) WHERE ", ours, " AND (", held("s.key"), ") RETURN ", key, " AS key ORDER BY key")
	rows, err := r.db.read(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make([]stores.Scope, len(rows))
	for i, row := range rows {
		key, _ := row[0].(string)
		if out[i], err = stores.ParseScope(key); err != nil {
			return nil, err
		}
	}
	return out, nil
}
