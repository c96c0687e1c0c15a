package inprocess_test

import (
	"testing"

	"thalamus/stores"
	"thalamus/stores/inprocess"
	"thalamus/stores/storestest"
)

func TestContract(t *testing.T) {
	storestest.Set(t, func(t testing.TB) *stores.Set {
		c := inprocess.New(0)
		set := &stores.Set{
			Cache: c, Locks: c.Locks(), Bus: c.Bus(),
			Backends: []stores.Playing{{Role: stores.RoleCache, Backend: c}},
		}
		t.Cleanup(func() { _ = set.Close() })
		return set
	})
}
