package neo4j_test

import (
	"strings"
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

// TestFacts wants a memory of its own, in a database that others use, to be empty until something is stored in it.
func TestFacts(t *testing.T) {
	url := storestest.Server(t, stores.RoleGraph) + "?namespace=" + string(stores.NewID())
	db, err := neo4j.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	empty := func(want, entities bool) {
		t.Helper()
		facts, err := neo4j.Look(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		if facts.Empty != want || facts.Entities != entities || facts.Product != "Neo4j" || facts.Version == "" || !strings.Contains(facts.Schema, "version 1 ") || facts.Clock.IsZero() {
			t.Errorf("facts %+v, want empty: %v, entities: %v", facts, want, entities)
		}
	}
	empty(true, false)
	s := stores.Scope{User: "u", Device: "d", Agent: "a"}
	now := stores.Now()
	p := &stores.Procedure{ID: stores.NewID(), Scope: s, Name: "brew", CreatedAt: now, UpdatedAt: now, Version: 1}
	if err := db.Procedures().Put(t.Context(), s, []*stores.Procedure{p}); err != nil {
		t.Fatal(err)
	}
	empty(false, false)
	if _, err := db.Procedures().Delete(t.Context(), s, []stores.ID{p.ID}); err != nil {
		t.Fatal(err)
	}
	empty(true, false)
	e := &stores.Entity{
		ID: stores.NewID(), Scope: s, Name: "Kettle", Type: stores.EntityTypes[0], ValidFrom: now, LastAccessedAt: now, CreatedAt: now, UpdatedAt: now, Version: 1,
	}
	e.Lineage = e.ID
	if err := db.Entities().Put(t.Context(), s, []*stores.Entity{e}); err != nil {
		t.Fatal(err)
	}
	empty(false, true)
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
func TestConformanceFences(t *testing.T)        { storestest.Fences(t, openSet) }
func TestConformanceScopes(t *testing.T)        { storestest.Scopes(t, openSet) }
