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
		EntityRecords: db.EntityRecords(), Profiles: db.Profiles(), Todos: db.Todos(), Answers: db.Answers(),
		Vectors: db.Vectors(), Atomic: db.Atomic, Backends: []stores.Playing{{Role: stores.RoleGraph, Backend: db}},
	}
}

func TestConformance(t *testing.T) {
	for name, suite := range map[string]func(*testing.T, func(testing.TB) *stores.Set){
		"Episodes": storestest.Episodes, "Entities": storestest.Entities, "Procedures": storestest.Procedures,
		"Relationships": storestest.Relationships, "EntityRecords": storestest.EntityRecords,
		"Profiles": storestest.Profiles, "Todos": storestest.Todos, "Answers": storestest.Answers,
	} {
		t.Run(name, func(t *testing.T) { suite(t, openSet) })
	}
}
