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

func setOf(db *mysql.DB) *stores.Set {
	return &stores.Set{
		EntityRecords: db.EntityRecords(), Profiles: db.Profiles(), Todos: db.Todos(), Answers: db.Answers(), Scopes: db.Scopes(),
		Atomic: db.Atomic, Backends: []stores.Playing{{Role: stores.RoleRecords, Backend: db}},
	}
}

func TestConformance(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		storestest.Set(t, func(t testing.TB) *stores.Set { return setOf(open(t, url)) })
	})
}
