package graph_test

import (
	"slices"
	"testing"
	"time"

	"thalamus/graph/graphtest"
	"thalamus/resilience"
	"thalamus/stores"
	"thalamus/stores/storestest"
	"thalamus/stores/storestest/servers"
)

const allTodos = `{ todos(first: 1) { totalCount } }`

// TestABackendThatFailsIsLeftAlone, says when to come again, is seen in `backends`, and comes back by itself.
func TestABackendThatFailsIsLeftAlone(t *testing.T) {
	g := graphtest.NewGuarded(t, resilience.Settings{Timeout: time.Hour, Concurrency: 8, Open: 300 * time.Millisecond})
	breakers := func() (states []string) {
		for _, b := range g.Query(t, `{ backends { role breaker { state retryAfterMs } } }`, nil, nil)["backends"].([]any) {
			if graphtest.At(b, "role") == "RECORDS" {
				states = append(states, graphtest.At(b, "breaker", "state").(string))
			}
		}
		return states
	}
	if got := breakers(); !slices.Equal(got, []string{"CLOSED"}) {
		t.Errorf("breakers %v", got)
	}
	var reached int
	g.Break(func(op resilience.Op) error {
		if op.Role == stores.RoleRecords {
			reached++
			return stores.Unavailable(op.Backend, errDriver)
		}
		return nil
	})
	var last graphtest.Error
	for range 100 {
		r := g.Post(t, allTodos, nil, nil)
		if len(r.Errors) != 1 || r.Errors[0].Code() != "STORE_UNAVAILABLE" {
			t.Fatalf("%s", r.Body)
		}
		if last = r.Errors[0]; last.Extensions["retryAfterMs"] != nil {
			break
		}
	}
	if after, _ := last.Extensions["retryAfterMs"].(float64); after <= 0 || after > 300 || last.Extensions["backend"] == "" {
		t.Errorf("the breaker does not open after %d calls, or does not say for how long: %+v", reached, last)
	}
	g.Break(nil)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if r := g.Post(t, allTodos, nil, nil); len(r.Errors) == 0 && slices.Equal(breakers(), []string{"CLOSED"}) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the backend does not come back")
		}
	}
}

// TestAFrozenServerIsNamed, while the others go on answering.
func TestAFrozenServerIsNamed(t *testing.T) {
	storestest.Server(t, stores.RoleRecords)
	frozen, err := servers.Start(t.Context(), servers.MariaDB)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = frozen.Close() })
	t.Setenv("THALAMUS_TEST_EDGE", "servers")
	t.Setenv("THALAMUS_TEST_RECORDS", frozen.URL)
	for _, role := range []stores.Role{stores.RoleGraph, stores.RoleVectors, stores.RoleCache} {
		t.Setenv("THALAMUS_TEST_"+string(role), graphtest.Embedded)
	}
	g := graphtest.NewGuarded(t, resilience.Settings{Timeout: 3 * time.Second, Concurrency: 8, Open: 100 * time.Millisecond})
	g.Query(t, `mutation { createEpisode(input: {content: "before the frost", sessionId: "s"}) { episode { id } } }`, nil, nil)
	if err := frozen.Freeze(); err != nil {
		t.Fatal(err)
	}
	r := g.Post(t, `{ todos(first: 1) { totalCount } episodes(first: 1) { edges { node { content } } } }`, nil, nil)
	if len(r.Errors) == 0 || r.Errors[0].Code() != "STORE_UNAVAILABLE" || r.Errors[0].Extensions["backend"] != "mariadb" {
		t.Errorf("%s", r.Body)
	}
	if graphtest.At(r.Data, "episodes", "edges", 0, "node", "content") != "before the frost" {
		t.Errorf("what another server holds is missing: %s", r.Body)
	}
	if err := frozen.Thaw(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if r := g.Post(t, allTodos, nil, nil); len(r.Errors) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the server does not come back")
		}
	}
}
