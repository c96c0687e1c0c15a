package neo4j

import (
	"context"

	"thalamus/stores"
)

// Scopes is the contract that lists the scopes, here those that hold a noun of the graph.
func (db *DB) Scopes() stores.Scopes { return scopes{db} }

type scopes struct{ db *DB }

// Scopes lists every scope that holds a noun of the graph. Edges need nodes, so they need not be asked for.
func (r scopes) Scopes(ctx context.Context) ([]stores.Scope, error) {
	q := bare()
	prefix := q.value(r.db.namespace)
	q.add("MATCH (s:Scope) WHERE s.key STARTS WITH ", prefix, " AND size(split(substring(s.key, size(", prefix, ")), '/')) = 3 AND (",
		held("s.key"), ") RETURN substring(s.key, size(", prefix, ")) AS key ORDER BY key")
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
