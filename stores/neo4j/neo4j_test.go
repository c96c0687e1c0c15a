package neo4j_test

import (
	"testing"

	"thalamus/stores"
	"thalamus/stores/neo4j"
	"thalamus/stores/storestest"
)

// open connects to the server under test.
func open(t testing.TB) *neo4j.DB {
	t.Helper()
	db, err := neo4j.Open(t.Context(), storestest.Server(t, stores.RoleGraph))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func openSet(t testing.TB) *stores.Set {
	db := open(t)
	return &stores.Set{
		Episodes: db.Episodes(), Entities: db.Entities(), Procedures: db.Procedures(), Relationships: db.Relationships(),
		Scopes: db.Scopes(), Backends: []stores.Playing{{Role: stores.RoleGraph, Backend: db}},
	}
}

func TestConformanceEpisodes(t *testing.T)      { storestest.Episodes(t, openSet) }
func TestConformanceEntities(t *testing.T)      { storestest.Entities(t, openSet) }
func TestConformanceProcedures(t *testing.T)    { storestest.Procedures(t, openSet) }
func TestConformanceRelationships(t *testing.T) { storestest.Relationships(t, openSet) }
func TestConformanceScopes(t *testing.T)        { storestest.Scopes(t, openSet) }
