package sqlite_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"thalamus/stores"
)

func TestScopesListsEveryScopeThatHoldsANoun(t *testing.T) {
	db := open(t, t.TempDir())
	list := func() []stores.Scope {
		t.Helper()
		out, err := db.Scopes().Scopes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got := list(); len(got) != 0 {
		t.Fatalf("an empty database has the scopes %v", got)
	}
	now := stores.Now()
	todo := &stores.Todo{Scope: stores.NewScope("b/c", "", ""), Content: "x"}
	profile := &stores.Profile{Scope: stores.NewScope("", "", ""), Content: "x"}
	entity := &stores.Entity{Scope: stores.NewScope("a", "π", ""), Name: "x"}
	again := &stores.Todo{Scope: entity.Scope, Content: "x"}
	todo.SetDefaults(now)
	profile.SetDefaults(now)
	entity.SetDefaults(now)
	again.SetDefaults(now)
	for _, err := range []error{
		db.Todos().Put(t.Context(), todo.Scope, []*stores.Todo{todo}),
		db.Profiles().Put(t.Context(), profile.Scope, []*stores.Profile{profile}),
		db.Entities().Put(t.Context(), entity.Scope, []*stores.Entity{entity}),
		db.Todos().Put(t.Context(), again.Scope, []*stores.Todo{again}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]stores.Scope{entity.Scope, todo.Scope, profile.Scope}, list()); diff != "" {
		t.Error(diff)
	}
	if _, err := db.Todos().Delete(t.Context(), todo.Scope, []stores.ID{todo.ID}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]stores.Scope{entity.Scope, profile.Scope}, list()); diff != "" {
		t.Errorf("after the last noun of a scope was deleted: %s", diff)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Scopes().Scopes(t.Context()); !errors.Is(err, stores.ErrUnavailable) {
		t.Errorf("after Close: %v", err)
	}
}
