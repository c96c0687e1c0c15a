package mysql_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"thalamus/stores"
	"thalamus/stores/mysql"
	"thalamus/stores/storestest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// servers runs a test against each server that there is.
func servers(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("records", func(t *testing.T) { test(t, storestest.Server(t, stores.RoleRecords)) })
	if url := os.Getenv("THALAMUS_TEST_MYSQL"); url != "" {
		t.Run("mysql", func(t *testing.T) { test(t, url) })
	}
}

func open(t testing.TB, url string) *mysql.DB {
	t.Helper()
	db, err := mysql.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// setOf leaves the journal out, which takes over sagas of other tests.
func setOf(db *mysql.DB) *stores.Set {
	return &stores.Set{
		EntityRecords: db.EntityRecords(), Profiles: db.Profiles(), Todos: db.Todos(), Answers: db.Answers(), Outbox: db.Outbox(), Scopes: db.Scopes(),
		Atomic: db.Atomic, Backends: []stores.Playing{{Role: stores.RoleRecords, Backend: db}},
	}
}

func TestConformance(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		storestest.Set(t, func(t testing.TB) *stores.Set { return setOf(open(t, url)) })
	})
}

// TestJournal gives the journal a database of its own, since it takes over sagas of every scope.
func TestJournal(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		journaled := func(t testing.TB) *stores.Set {
			url, _ := fresh(t, url)
			db := open(t, url)
			set := setOf(db)
			set.Journal = db.Journal()
			if set.Journal.Exclusive() {
				t.Error("another gateway cannot open the database")
			}
			return set
		}
		t.Run("Journal", func(t *testing.T) { storestest.Journal(t, journaled) })
		t.Run("Outbox", func(t *testing.T) { storestest.Outbox(t, journaled) })
	})
}
