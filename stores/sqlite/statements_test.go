package sqlite

import (
	"testing"

	"thalamus/stores"
	"thalamus/stores/relational"
	"thalamus/stores/storestest"
)

// small is the dialect with statements that hold little, as servers want them.
type small struct{ dialect }

func (small) Limits() relational.Limits { return relational.Limits{Rows: 7, Bytes: 400, Values: 11} }

// TestSmallStatements wants batches that take many statements to do what they do by one.
func TestSmallStatements(t *testing.T) {
	openSet := func(t testing.TB) *stores.Set {
		db, err := Open(t.Context(), t.TempDir(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		db.rows = relational.New(engine{db}, small{})
		return &stores.Set{EntityRecords: db.EntityRecords(), Profiles: db.Profiles(), Todos: db.Todos(), Answers: db.Answers(), Journal: db.Journal(), Outbox: db.Outbox(),
			Atomic: db.Atomic, Backends: []stores.Playing{{Role: stores.RoleRecords, Backend: db}}}
	}
	storestest.Set(t, openSet)
}
