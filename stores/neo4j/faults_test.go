package neo4j_test

import (
	"context"
	"testing"

	"thalamus/stores"
	"thalamus/stores/neo4j"
	"thalamus/stores/storestest"
	"thalamus/stores/storestest/servers"
)

func TestFaults(t *testing.T) {
	storestest.Faults(t, stores.RoleGraph, servers.Neo4j, func(ctx context.Context, url string) (*stores.Set, error) {
		db, err := neo4j.Open(ctx, url)
		if err != nil {
			return nil, err
		}
		return &stores.Set{
			Episodes: db.Episodes(), Entities: db.Entities(), Procedures: db.Procedures(), Relationships: db.Relationships(),
			Scopes: db.Scopes(), Backends: []stores.Playing{{Role: stores.RoleGraph, Backend: db}},
		}, nil
	})
}
