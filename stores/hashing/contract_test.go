package hashing_test

import (
	"testing"

	"thalamus/stores"
	"thalamus/stores/hashing"
	"thalamus/stores/storestest"
)

func TestContract(t *testing.T) {
	storestest.Embedder(t, func(t testing.TB) *stores.Set {
		e := hashing.New()
		set := &stores.Set{Embedder: e, Backends: []stores.Playing{{Role: stores.RoleEmbedder, Backend: e}}}
		t.Cleanup(func() { _ = set.Close() })
		return set
	})
}
