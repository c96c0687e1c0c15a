package graph_test

import (
	"testing"
	"time"

	"thalamus/graph/graphtest"
	"thalamus/resilience"
	"thalamus/stores"
)

// TestDrift is listed, mended on request, and then gone.
func TestDrift(t *testing.T) {
	g := graphtest.NewSample(t)
	page, err := g.Set.Episodes.List(t.Context(), graphtest.Scope, stores.Query{Page: stores.Page{First: 3}})
	if err != nil {
		t.Fatal(err)
	}
	var ids []stores.ID
	for _, e := range page.Items {
		ids = append(ids, e.ID)
	}
	if _, err := g.Set.Vectors.Delete(t.Context(), graphtest.Scope, stores.CollectionEpisodes, ids); err != nil {
		t.Fatal(err)
	}
	const ask = `{ drift(first: 2) { total findings { kind store id detail } } }`
	drift := g.Query(t, ask, nil, nil)["drift"]
	findings := graphtest.At(drift, "findings").([]any)
	if graphtest.At(drift, "total") != 3.0 || len(findings) != 2 || graphtest.At(findings[0], "kind") != "MISSING_POINT" || graphtest.At(findings[0], "store") != "VECTORS" {
		t.Errorf("%v", drift)
	}
	if r := g.Post(t, `{ drift(first: 0) { total } }`, nil, nil); len(r.Errors) != 1 || r.Errors[0].Code() != "BAD_USER_INPUT" {
		t.Errorf("%s", r.Body)
	}
	for _, c := range []struct {
		input    string
		repaired float64
	}{{"dryRun: true", 0}, {"kinds: [ORPHAN_RECORD]", 0}, {"", 3}, {"", 0}} {
		got := g.Query(t, `mutation { repairDrift(input: {`+c.input+`}) { repaired found { total } problems { code } } }`, nil, nil)["repairDrift"]
		if graphtest.At(got, "repaired") != c.repaired {
			t.Errorf("repairDrift(%s): %v", c.input, got)
		}
	}
	if drift := g.Query(t, ask, nil, nil)["drift"]; graphtest.At(drift, "total") != 0.0 {
		t.Errorf("after the repair: %v", drift)
	}
}

// TestHoldBackend keeps calls from a backend until it is let go of.
func TestHoldBackend(t *testing.T) {
	g := graphtest.NewGuarded(t, resilience.Settings{Timeout: time.Hour, Concurrency: 8, Open: time.Hour})
	const hold = `mutation($held: Boolean!) { holdBackend(input: {role: CACHE, held: $held}) { backends { role breaker { state } } problems { message } } }`
	state := func(held bool) (cache string) {
		for _, b := range graphtest.At(g.Query(t, hold, map[string]any{"held": held}, nil), "holdBackend", "backends").([]any) {
			if graphtest.At(b, "role") == "CACHE" {
				cache = graphtest.At(b, "breaker", "state").(string)
			}
		}
		return cache
	}
	if got := state(true); got != "HELD" {
		t.Errorf("held, it is %s", got)
	}
	if r := g.Post(t, allTodos, nil, nil); len(r.Errors) > 0 {
		t.Errorf("another backend: %s", r.Body)
	}
	if got := state(false); got != "CLOSED" {
		t.Errorf("let go of, it is %s", got)
	}
}
