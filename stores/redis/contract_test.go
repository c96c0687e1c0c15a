package redis_test

import (
	"testing"

	"go.uber.org/goleak"

	"thalamus/stores"
	"thalamus/stores/redis"
	"thalamus/stores/storestest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, url string) *redis.DB {
	t.Helper()
	db, err := redis.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func setOf(db *redis.DB) *stores.Set {
	return &stores.Set{
		Cache: db.Cache(), Locks: db.Locks(), Bus: db.Bus(),
		Backends: []stores.Playing{{Role: stores.RoleCache, Backend: db}},
	}
}

// conform runs all suites on what a URL names.
func conform(t *testing.T, url string) {
	storestest.Set(t, func(t testing.TB) *stores.Set { return setOf(open(t, url)) })
}

func TestContract(t *testing.T) { conform(t, storestest.Server(t, stores.RoleCache)) }
