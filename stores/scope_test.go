package stores_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"thalamus/stores"
)

func TestNewScope(t *testing.T) {
	want := stores.Scope{User: "ann", Device: stores.Default, Agent: stores.Default}
	if got := stores.NewScope("ann", "", ""); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	want = stores.Scope{User: stores.Default, Device: "d", Agent: "a"}
	if got := stores.NewScope("", "d", "a"); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestScopeKey(t *testing.T) {
	scopes := []stores.Scope{
		{User: "ann", Device: "default", Agent: "default"},
		{User: "a/b", Device: "c", Agent: "d"}, {User: "a", Device: "b/c", Agent: "d"}, {User: "a", Device: "b", Agent: "c/d"},
		{User: "a%2Fb", Device: "c", Agent: "d"}, {User: "a b", Device: "a+b", Agent: "a%20b"}, {User: "é", Device: "e\u0301", Agent: "\U0001f600"},
		{User: `"'\`, Device: "?#:@&=;,", Agent: "%"}, {User: "", Device: "", Agent: ""}, {User: "\xff", Device: "..", Agent: "."},
	}
	seen := map[string]stores.Scope{}
	for _, s := range scopes {
		key := s.Key()
		if other, taken := seen[key]; taken {
			t.Errorf("%+v and %+v have the same key %q", s, other, key)
		}
		seen[key] = s
		if strings.Count(key, "/") != 2 {
			t.Errorf("the key of %+v is %q", s, key)
		}
		if got, err := stores.ParseScope(key); err != nil || got != s {
			t.Errorf("ParseScope(%q) = %+v, %v; want %+v", key, got, err, s)
		}
	}
	if key := scopes[0].Key(); key != "ann/default/default" {
		t.Errorf("a plain scope has the key %q", key)
	}
	for _, key := range []string{"", "a", "a/b", "a/b/c/d", "a/b/%", "%zz/b/c"} {
		if _, err := stores.ParseScope(key); !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("ParseScope(%q): %v, want it refused", key, err)
		}
	}
}

func FuzzScopeKey(f *testing.F) {
	f.Add("ann", "default", "default")
	f.Add("a/b", "%2F", "\xff")
	f.Fuzz(func(t *testing.T, user, device, agent string) {
		s := stores.Scope{User: user, Device: device, Agent: agent}
		if got, err := stores.ParseScope(s.Key()); err != nil || got != s {
			t.Errorf("ParseScope(%q) = %+v, %v; want %+v", s.Key(), got, err, s)
		}
	})
}

func TestScopeValidate(t *testing.T) {
	if err := stores.NewScope(strings.Repeat("x", 255), `/%'"\`, "é").Validate(); err != nil {
		t.Errorf("a good scope is refused: %v", err)
	}
	for what, s := range map[string]stores.Scope{
		"scope.user":   {User: "", Device: "d", Agent: "a"},
		"scope.device": {User: "u", Device: strings.Repeat("é", 128), Agent: "a"},
		"scope.agent":  {User: "u", Device: "d", Agent: "a\x00"},
	} {
		refusedAt(t, s.Validate(), what)
	}
	refusedAt(t, stores.Scope{User: " ", Device: "\xff", Agent: "a\nb\x1b"}.Validate(), "scope.user", "scope.device", "scope.agent")
}

type fixedScopes []stores.Scope

func (f fixedScopes) Scopes(context.Context) ([]stores.Scope, error) { return f, nil }

type brokenScopes struct{}

func (brokenScopes) Scopes(context.Context) ([]stores.Scope, error) {
	return nil, stores.ErrUnavailable
}

func TestScopesOfSeveralStores(t *testing.T) {
	a, b, c := stores.NewScope("a", "", ""), stores.NewScope("b", "", ""), stores.NewScope("c", "", "")
	got, err := stores.ScopesOf{stores.RoleGraph: fixedScopes{b, c}, stores.RoleRecords: fixedScopes{a, b}}.Scopes(t.Context())
	if err != nil || !slices.Equal(got, []stores.Scope{a, b, c}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := (stores.ScopesOf{stores.RoleGraph: fixedScopes{b}, stores.RoleRecords: brokenScopes{}}).Scopes(t.Context()); !errors.Is(err, stores.ErrUnavailable) {
		t.Errorf("one of the stores is down: %v", err)
	}
}
