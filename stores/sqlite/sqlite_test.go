package sqlite_test

import (
	"testing"

	"thalamus/stores"
	"thalamus/stores/sqlite"
	"thalamus/stores/storestest"
)

func open(t testing.TB, dir string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func openSet(t testing.TB) *stores.Set {
	db := open(t, t.TempDir())
	return &stores.Set{
		Episodes: db.Episodes(), Entities: db.Entities(), Procedures: db.Procedures(), Relationships: db.Relationships(),
		EntityRecords: db.EntityRecords(), Profiles: db.Profiles(), Todos: db.Todos(), Answers: db.Answers(), Journal: db.Journal(), Outbox: db.Outbox(),
		Scopes: db.Scopes(), Atomic: db.Atomic, Backends: []stores.Playing{{Role: stores.RoleGraph, Backend: db}},
	}
}

// TestConformance runs every suite but that of the vectors, which have a test of their own.
//
// With -short, as under the race detector, two nouns stand for all: the others share their code.
func TestConformance(t *testing.T) {
	if !testing.Short() {
		storestest.Set(t, openSet)
		return
	}
	t.Run("Episodes", func(t *testing.T) { storestest.Episodes(t, openSet) })
	t.Run("Relationships", func(t *testing.T) { storestest.Relationships(t, openSet) })
	t.Run("Atomic", func(t *testing.T) { storestest.Atomic(t, openSet) })
}

// TestAtomicWithVectors wants the vectors to take part in transactions over the graph and the records.
func TestAtomicWithVectors(t *testing.T) {
	storestest.Atomic(t, func(t testing.TB) *stores.Set {
		set := openSet(t)
		set.Vectors = set.Backends[0].Backend.(*sqlite.DB).Vectors()
		return set
	})
}
