package embedcache_test

import (
	"testing"

	"thalamus/stores"
	"thalamus/stores/embedcache"
	"thalamus/stores/hashing"
	"thalamus/stores/inprocess"
	"thalamus/stores/storestest"
)

func TestContract(t *testing.T) {
	storestest.Embedder(t, func(t testing.TB) *stores.Set {
		e, c := hashing.New(), inprocess.New(0)
		set := &stores.Set{Embedder: embedcache.New(e, c, nil), Cache: c, Backends: []stores.Playing{
			{Role: stores.RoleEmbedder, Backend: e}, {Role: stores.RoleCache, Backend: c},
		}}
		t.Cleanup(func() { _ = set.Close() })
		return set
	})
}
