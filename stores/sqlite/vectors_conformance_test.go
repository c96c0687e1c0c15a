package sqlite_test

import (
	"testing"

	"thalamus/stores"
	"thalamus/stores/storestest"
)

func TestVectorsConformance(t *testing.T) {
	storestest.Vectors(t, func(t testing.TB) *stores.Set {
		db, v := openVectors(t)
		return &stores.Set{Vectors: v, Atomic: db.Atomic, Backends: []stores.Playing{{Role: stores.RoleVectors, Backend: db}}}
	})
}
