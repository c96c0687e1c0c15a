package storestest

import (
	"testing"

	"thalamus/stores"
)

// Set runs the suite of every contract that an opened set holds, and that of its Atomic if it has one.
func Set(t *testing.T, open func(testing.TB) *stores.Set) {
	set := open(t)
	suites := []struct {
		name string
		has  bool
		run  func(*testing.T, func(testing.TB) *stores.Set)
	}{
		{"Entities", set.Entities != nil, Entities},
		{"Episodes", set.Episodes != nil, Episodes},
		{"Procedures", set.Procedures != nil, Procedures},
		{"Relationships", set.Relationships != nil, Relationships},
		{"Fences", set.Entities != nil, Fences},
		{"EntityRecords", set.EntityRecords != nil, EntityRecords},
		{"Profiles", set.Profiles != nil, Profiles},
		{"Todos", set.Todos != nil, Todos},
		{"Answers", set.Answers != nil, Answers},
		{"Journal", set.Journal != nil, Journal},
		{"Outbox", set.Outbox != nil, Outbox},
		{"Scopes", set.Scopes != nil, Scopes},
		{"Vectors", set.Vectors != nil, Vectors},
		{"Cache", set.Cache != nil, Cache},
		{"Locks", set.Locks != nil, Locks},
		{"Bus", set.Bus != nil, Bus},
		{"Embedder", set.Embedder != nil, Embedder},
		{"Atomic", set.Atomic != nil, Atomic},
	}
	found := false
	for _, s := range suites {
		if s.has {
			found = true
			t.Run(s.name, func(t *testing.T) { s.run(t, open) })
		}
	}
	if !found {
		t.Error("the set holds no contract")
	}
	t.Run("Backends", func(t *testing.T) { testBackends(t, set) })
}

// testBackends wants every backend of a set to have a name and to be there.
func testBackends(t *testing.T, set *stores.Set) {
	if len(set.Backends) == 0 {
		t.Fatal("the set names no backend, so nothing would close it")
	}
	for _, b := range set.Backends {
		if b.Role == "" || b.Backend.Name() == "" {
			t.Errorf("backend %q plays role %q", b.Backend.Name(), b.Role)
		}
		noError(t, b.Backend.Ping(t.Context()))
	}
}
