package resilience_test

import (
	"log/slog"
	"testing"

	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"thalamus/resilience"
	"thalamus/stores"
	"thalamus/stores/hashing"
	"thalamus/stores/inprocess"
	"thalamus/stores/sqlite"
	"thalamus/stores/storestest"
)

// TestGuardedStoresConform runs every suite over real stores behind guards: nobody can tell that these are there.
func TestGuardedStoresConform(t *testing.T) {
	if testing.Short() {
		t.Skip("the suites take a while")
	}
	observe, err := resilience.Observe(tracenoop.NewTracerProvider(), metricnoop.NewMeterProvider(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	storestest.Set(t, func(t testing.TB) *stores.Set {
		db, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		cache, embedder := inprocess.New(64<<20), hashing.New()
		plain := &stores.Set{
			Episodes: db.Episodes(), Entities: db.Entities(), Procedures: db.Procedures(), Relationships: db.Relationships(),
			EntityRecords: db.EntityRecords(), Profiles: db.Profiles(), Todos: db.Todos(), Answers: db.Answers(), Journal: db.Journal(), Outbox: db.Outbox(),
			Vectors: db.Vectors(), Cache: cache, Locks: cache.Locks(), Bus: cache.Bus(), Embedder: embedder, Atomic: db.Atomic,
			Backends: []stores.Playing{
				{Role: stores.RoleGraph, Backend: db}, {Role: stores.RoleRecords, Backend: db}, {Role: stores.RoleVectors, Backend: db},
				{Role: stores.RoleCache, Backend: cache}, {Role: stores.RoleEmbedder, Backend: embedder},
			},
		}
		t.Cleanup(func() { _ = plain.Close() })
		return resilience.Wrap(plain, resilience.NewGuards(plain, func(stores.Backend) []resilience.Middleware {
			return []resilience.Middleware{observe}
		}))
	})
}
