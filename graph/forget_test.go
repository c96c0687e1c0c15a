package graph_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"thalamus/graph/graphtest"
	"thalamus/resilience"
	"thalamus/stores"
)

// gateways are one over a single database and one over several.
var gateways = map[string]func(testing.TB) *graphtest.Gateway{"one database": graphtest.New, "several": graphtest.NewSplit}

// onBoth runs a test over one database and over several, as an author of the default scope.
func onBoth(t *testing.T, test func(*testing.T, author)) {
	t.Helper()
	for name, start := range gateways {
		t.Run(name, func(t *testing.T) { test(t, author{start(t), graphtest.Scope}) })
	}
}

// run sends a mutation with a selection of its own and answers its payload.
func (a author) run(t *testing.T, mutation, selection string, input in) map[string]any {
	t.Helper()
	kind := strings.ToUpper(mutation[:1]) + mutation[1:] + "Input"
	if strings.HasPrefix(mutation, "delete") || mutation == "unrelate" {
		kind = "DeleteInput"
	}
	query := fmt.Sprintf("mutation($i:%s!){x:%s(input:$i){%s problems{code message path}}}", kind, mutation, selection)
	return a.Query(t, query, in{"i": input}, graphtest.As(a.scope))["x"].(map[string]any)
}

// counts lists receipts as "STORE Kind name deleted left", sorted.
func counts(receipts any) []string {
	var out []string
	for _, r := range receipts.([]any) {
		out = append(out, fmt.Sprint(graphtest.At(r, "store"), " ", graphtest.At(r, "kind"), " ", graphtest.At(r, "name"), " ", graphtest.At(r, "deleted"), " ", graphtest.At(r, "left")))
	}
	slices.Sort(out)
	return out
}

// village is a memory in which everything hangs together: the ids by name.
func (a author) village(t *testing.T) in {
	t.Helper()
	v := in{}
	for _, name := range []string{"Mill", "Baker"} {
		v[name] = a.do(t, "upsertEntity", in{"name": name, "content": "About the " + name})["id"]
	}
	v["visit"] = a.do(t, "createEpisode", in{"sessionId": "s", "content": "The baker went to the mill", "entities": []any{v["Mill"], v["Baker"]}})["id"]
	v["feast"] = a.do(t, "createEpisode", in{"sessionId": "t", "content": "Bread for all", "entities": []any{v["Baker"]}})["id"]
	v["grind"] = a.do(t, "createProcedure", in{"name": "Grind", "domain": "CODING"})["id"]
	v["uses"] = a.do(t, "relate", in{"source": v["Baker"], "target": v["Mill"], "type": "USES"})["id"]
	v["told"] = a.do(t, "relate", in{"source": v["visit"], "target": v["grind"], "type": "PRODUCES"})["id"]
	v["todo"] = a.do(t, "createTodo", in{"content": "Buy flour", "entities": []any{v["Mill"]}})["id"]
	v["profile"] = a.do(t, "upsertProfile", in{"content": "Lives here"})["id"]
	return v
}

// TestReceiptsOfDeletions wants a deletion to say what it removed from each store, and that nothing is left.
func TestReceiptsOfDeletions(t *testing.T) {
	onBoth(t, func(t *testing.T, a author) {
		v := a.village(t)
		for _, c := range []struct {
			mutation, name string
			want           []string
		}{
			{"deleteEntity", "Baker", []string{"GRAPH Entity edges 1 0", "GRAPH Entity mentions 2 0", "GRAPH Entity nodes 1 0", "RECORDS <nil> answers 0 0", "RECORDS Entity records 1 0", "VECTORS Entity points 1 0"}},
			{"deleteEpisode", "visit", []string{"GRAPH Episode edges 1 0", "GRAPH Episode mentions 1 0", "GRAPH Episode nodes 1 0", "RECORDS <nil> answers 0 0", "VECTORS Episode points 1 0"}},
			{"deleteProcedure", "grind", []string{"GRAPH Procedure edges 0 0", "GRAPH Procedure nodes 1 0", "RECORDS <nil> answers 0 0", "VECTORS Procedure points 1 0"}},
			{"deleteTodo", "todo", []string{"RECORDS <nil> answers 0 0", "RECORDS Todo records 1 0", "VECTORS Todo points 1 0"}},
			{"deleteProfile", "profile", []string{"RECORDS <nil> answers 0 0", "RECORDS Profile records 1 0"}},
		} {
			p := a.run(t, c.mutation, "deleted saga{id state nodes receipts{store kind name deleted left}}", in{"id": v[c.name]})
			if p["deleted"] != true || graphtest.At(p, "saga", "state") != "COMMITTED" || graphtest.At(p, "saga", "nodes", 0) != v[c.name] {
				t.Errorf("%s: %v", c.mutation, p)
			}
			if got := counts(graphtest.At(p, "saga", "receipts")); !slices.Equal(got, c.want) {
				t.Errorf("%s: receipts %q, want %q", c.mutation, got, c.want)
			}
			later := a.read(t, graphtest.At(p, "saga", "id"), "... on Saga{receipts{store kind name deleted left}}")
			if !slices.Equal(counts(graphtest.At(later, "receipts")), c.want) {
				t.Errorf("%s: later its receipts are %v", c.mutation, later)
			}
			if again := a.run(t, c.mutation, "deleted saga{id}", in{"id": v[c.name]}); again["deleted"] != false || again["saga"] != nil {
				t.Errorf("%s again: %v", c.mutation, again)
			}
		}
	})
}

const forgetting = "forgotten ids sagas{id state nodes} receipts{store kind name deleted left}"

func TestForgetByIDs(t *testing.T) {
	onBoth(t, func(t *testing.T, a author) {
		v := a.village(t)
		input := in{"ids": []any{v["told"], v["Baker"], unknown("Episode"), v["visit"], v["todo"], v["Baker"]}, "idempotencyKey": "k"}
		p := a.run(t, "forget", forgetting, input)
		if p["forgotten"] != 4.0 || len(p["ids"].([]any)) != 4 || len(p["sagas"].([]any)) != 4 || len(p["problems"].([]any)) != 0 {
			t.Errorf("%v", p)
		}
		want := []string{"GRAPH Entity edges 1 0", "GRAPH Entity mentions 1 0", "GRAPH Entity nodes 1 0", "GRAPH Episode edges 0 0", "GRAPH Episode mentions 2 0", "GRAPH Episode nodes 1 0",
			"GRAPH Relationship nodes 1 0", "RECORDS <nil> answers 0 0", "RECORDS Entity records 1 0", "RECORDS Todo records 1 0", "VECTORS Entity points 1 0", "VECTORS Episode points 1 0", "VECTORS Todo points 1 0"}
		if got := counts(p["receipts"]); !slices.Equal(got, want) {
			t.Errorf("receipts %q,\nwant %q", got, want)
		}
		for name, id := range v {
			there := !slices.Contains([]string{"told", "Baker", "visit", "todo", "uses"}, name)
			if (a.read(t, id, "") != nil) != there {
				t.Errorf("%s is there: %v", name, !there)
			}
		}
		if again := a.run(t, "forget", forgetting, input); !jsonEqual(p, again) {
			t.Errorf("again under the key: %v, want %v", again, p)
		}
		a.refuse(t, "forget", in{"ids": []any{v["Mill"]}, "idempotencyKey": "k"}, "CONFLICT", "idempotencyKey")
		if none := a.run(t, "forget", forgetting, in{"ids": []any{v["visit"]}}); none["forgotten"] != 0.0 || len(none["sagas"].([]any)) != 0 {
			t.Errorf("what is gone: %v", none)
		}
	})
}

func TestForgetWhere(t *testing.T) {
	onBoth(t, func(t *testing.T, a author) {
		v := a.village(t)
		stranger := author{a.Gateway, stores.NewScope("stranger", "", "")}
		kept := stranger.do(t, "createTodo", in{"content": "Buy flour"})["id"]
		p := a.run(t, "forget", forgetting, in{"where": in{"episodes": in{"sessionId": in{"eq": "s"}}, "todos": in{}, "profile": true}})
		if p["forgotten"] != 3.0 || len(p["ids"].([]any)) != 0 {
			t.Errorf("%v", p)
		}
		for name, id := range v {
			there := !slices.Contains([]string{"visit", "told", "todo", "profile"}, name)
			if (a.read(t, id, "") != nil) != there {
				t.Errorf("%s is there: %v", name, !there)
			}
		}
		if p := a.run(t, "forget", forgetting, in{"where": in{"everything": true}}); p["forgotten"] != 5.0 {
			t.Errorf("everything: %v", p)
		}
		for name, id := range v {
			if a.read(t, id, "") != nil {
				t.Errorf("%s is there", name)
			}
		}
		if stranger.read(t, kept, "") == nil {
			t.Error("something of another scope is gone")
		}
		for path, input := range map[string]in{
			"": {}, "where": {"where": in{}}, "ids": {"ids": []any{}}, "where.episodes.sessionId": {"where": in{"episodes": in{"sessionId": in{}}}},
			"where.episodes.sessionId.eq": {"where": in{"episodes": in{"sessionId": in{"eq": nil}}}}, "where.todos.and": {"where": in{"todos": in{"and": []any{}}}},
			"where.todos.not.content": {"where": in{"todos": in{"not": in{"content": nil}}}},
		} {
			a.refuse(t, "forget", input, "INVALID", path)
		}
		a.refuse(t, "forget", in{"ids": []any{v["Mill"]}, "where": in{"everything": true}}, "INVALID", "")
		a.refuse(t, "forget", in{"where": in{"profile": false, "everything": false}}, "INVALID", "where")
		a.refuse(t, "forget", in{"ids": slices.Repeat([]any{v["Mill"]}, 201)}, "INVALID", "ids")
		a.refuse(t, "forget", in{"ids": []any{unknown(stores.KindSaga)}}, "INVALID", "ids")
	})
}

// TestForgetMuch forgets more than one saga holds, with a fault half way, and wants the same request to go on from there
// and to answer for all of it.
func TestForgetMuch(t *testing.T) {
	a := author{graphtest.NewSplit(t), graphtest.Scope}
	const many = 450
	for range many / 50 {
		var some strings.Builder
		for i := range 50 {
			fmt.Fprintf(&some, `t%d:createTodo(input:{content:"todo %d"}){todo{id}} `, i, i)
		}
		a.Query(t, "mutation{"+some.String()+"}", nil, nil)
	}
	input := in{"where": in{"todos": in{}}, "idempotencyKey": "k"}
	var erased atomic.Int64
	a.Break(func(op resilience.Op) error {
		if op.Name == "vectors.delete" && erased.Add(1) > 1 {
			return stores.Unavailable(op.Backend, errors.New("down"))
		}
		return nil
	})
	const query = "mutation($i:ForgetInput!){x:forget(input:$i){" + forgetting + "}}"
	if r := a.Post(t, query, in{"i": input}, nil); len(r.Errors) != 1 || r.Errors[0].Code() != "STORE_UNAVAILABLE" {
		t.Fatalf("%s", r.Body)
	}
	a.Break(nil)
	a.settled(t)
	left := func() any {
		return graphtest.At(a.Query(t, "{todos{totalCount}}", nil, nil), "todos", "totalCount")
	}
	if n := left(); n == 0.0 || n == float64(many) {
		t.Errorf("half way %v are left", n)
	}
	first := a.run(t, "forget", forgetting, input)
	if first["forgotten"] != float64(many) || left() != 0.0 || !slices.Equal(counts(first["receipts"]), []string{"RECORDS <nil> answers 0 0", "RECORDS Todo records 450 0", "VECTORS Todo points 450 0"}) {
		t.Errorf("forgot %v, %v are left, receipts %v", first["forgotten"], left(), first["receipts"])
	}
	for _, s := range first["sagas"].([]any) {
		if n := len(graphtest.At(s, "nodes").([]any)); n > 200 {
			t.Errorf("one saga forgot %d nodes", n)
		}
	}
	kept := a.do(t, "createTodo", in{"content": "later"})["id"]
	if again := a.run(t, "forget", forgetting, input); !jsonEqual(first, again) || a.read(t, kept, "") == nil {
		t.Errorf("again: %v", again)
	}
}
