package graph_test

import (
	"fmt"
	"sync"
	"testing"

	"thalamus/graph/graphtest"
)

// TestSameKeySameAnswer sends each mutation twice under one key, with edits in between, and then with another input.
func TestSameKeySameAnswer(t *testing.T) {
	a := newAuthor(t)
	x, y := a.do(t, "upsertEntity", in{"name": "X"})["id"], a.do(t, "upsertEntity", in{"name": "Y"})["id"]
	episode := a.do(t, "createEpisode", in{"sessionId": "s", "content": "Once"})["id"]
	procedure := a.do(t, "createProcedure", in{"name": "P", "domain": "CODING"})["id"]
	todo := a.do(t, "createTodo", in{"content": "T"})["id"]
	profile := a.do(t, "upsertProfile", in{"content": "A"})["id"]
	edge := a.do(t, "relate", in{"source": x, "target": y, "type": "USES"})["id"]
	for _, c := range []struct {
		mutation string
		input    in
		other    []any // makes it another input
		edit     func()
	}{
		{"createEpisode", in{"sessionId": "s", "content": "Twice?"}, []any{"content", "Thrice"}, nil},
		{"updateEpisode", in{"id": episode, "content": "First"}, []any{"content", "Second"}, func() { a.do(t, "updateEpisode", in{"id": episode, "content": "In between"}) }},
		{"upsertEntity", in{"name": "Z", "summary": "First"}, []any{"summary", "Second"}, func() { a.do(t, "upsertEntity", in{"name": "Z", "summary": "In between"}) }},
		{"updateEntity", in{"id": x, "label": "First"}, []any{"label", nil}, func() { a.do(t, "updateEntity", in{"id": x, "label": "In between"}) }},
		{"createProcedure", in{"name": "Q", "domain": "CODING", "steps": []any{in{"action": "a", "parameters": in{"b": 1.0, "a": []any{in{}}}}}}, []any{"name", "R"}, nil},
		{"updateProcedure", in{"id": procedure, "script": "First"}, []any{"script", nil}, func() { a.do(t, "updateProcedure", in{"id": procedure, "script": "In between"}) }},
		{"recordProcedureOutcome", in{"id": procedure, "success": true}, []any{"success", false}, func() { a.do(t, "recordProcedureOutcome", in{"id": procedure, "success": false}) }},
		{"createTodo", in{"content": "U"}, []any{"urgency", "HIGH"}, nil},
		{"updateTodo", in{"id": todo, "reason": "First"}, []any{"reason", "Second"}, func() { a.do(t, "updateTodo", in{"id": todo, "reason": "In between"}) }},
		{"completeTodo", in{"id": todo}, []any{"completedAt", "2026-01-01T00:00:00Z"}, func() { a.do(t, "updateTodo", in{"id": todo, "status": "PENDING"}) }},
		{"upsertProfile", in{"content": "B"}, []any{"content", "C"}, func() { a.do(t, "upsertProfile", in{"content": "In between"}) }},
		{"updateProfile", in{"id": profile, "importance": 3}, []any{"importance", 4}, func() { a.do(t, "updateProfile", in{"id": profile, "importance": 5}) }},
		{"relate", in{"source": y, "target": x, "type": "USES", "weight": 0.5}, []any{"weight", 0.6}, func() { a.do(t, "relate", in{"source": y, "target": x, "type": "USES", "weight": 0.7}) }},
		{"updateRelationship", in{"id": edge, "weight": 0.2}, []any{"weight", 0.3}, func() { a.do(t, "updateRelationship", in{"id": edge, "weight": 0.9}) }},
		{"strengthen", in{"edges": in{"id": edge}}, []any{"rate", 0.2}, func() { a.do(t, "strengthen", in{"edges": in{"id": edge}}) }},
		{"weaken", in{"edges": in{"id": edge}}, []any{"rate", 0.2}, func() { a.do(t, "weaken", in{"edges": in{"id": edge}}) }},
		{"decayRelationships", in{"staleAfter": "PT0S"}, []any{"rate", 0.2}, func() { a.do(t, "decayRelationships", in{"staleAfter": "PT0S"}) }},
	} {
		input := merge(c.input, "idempotencyKey", "key of "+c.mutation)
		first := a.send(t, c.mutation, input)
		if len(first["problems"].([]any)) > 0 {
			t.Fatalf("%s: %v", c.mutation, first["problems"])
		}
		if c.edit != nil {
			c.edit()
		}
		if again := a.send(t, c.mutation, input); !jsonEqual(stripJoins(first), stripJoins(again)) {
			t.Errorf("%s twice under one key answers\n%v\nand\n%v", c.mutation, first, again)
		}
		a.refuse(t, c.mutation, merge(input, c.other...), "CONFLICT", "idempotencyKey")
		stranger := newAuthor(t)
		if p := stranger.send(t, c.mutation, input); len(p["problems"].([]any)) > 0 && graphtest.At(p, "problems", 0, "path", 0) == "idempotencyKey" {
			t.Errorf("%s: the key of one scope counts in another", c.mutation)
		}
	}
	a.refuse(t, "createTodo", in{"content": "x", "idempotencyKey": "key of createEpisode"}, "CONFLICT", "idempotencyKey")
	a.refuse(t, "createTodo", in{"content": "x", "idempotencyKey": string(make([]byte, 300))}, "INVALID", "idempotencyKey")
}

// stripJoins leaves out what an entity's payload reads from the records now: a key keeps what the mutation wrote, joins
// read what is there.
func stripJoins(payload map[string]any) map[string]any {
	if e, ok := payload["entity"].(map[string]any); ok {
		for _, field := range []string{"content", "keywords", "aliases", "metadata", "supersedes", "supersededBy", "versions"} {
			delete(e, field)
		}
	}
	return payload
}

// TestNullIsNotAbsent wants an input with a null to be another input than one without the field.
func TestNullIsNotAbsent(t *testing.T) {
	a := newAuthor(t)
	id := a.do(t, "createTodo", in{"content": "x", "reason": "y"})["id"]
	a.do(t, "updateTodo", in{"id": id, "content": "z", "idempotencyKey": "k"})
	a.refuse(t, "updateTodo", in{"id": id, "content": "z", "reason": nil, "idempotencyKey": "k"}, "CONFLICT", "idempotencyKey")
}

// TestKeyOfWhatIsGone wants a key to stay taken when what it wrote was deleted, and its answer to be forgotten.
func TestKeyOfWhatIsGone(t *testing.T) {
	a := newAuthor(t)
	input := in{"content": "a secret", "idempotencyKey": "k"}
	id := a.do(t, "createTodo", input)["id"]
	a.do(t, "deleteTodo", in{"id": id})
	a.refuse(t, "createTodo", input, "CONFLICT", "idempotencyKey")
}

// TestOneKeyManyCallers sends one request many times at once.
func TestOneKeyManyCallers(t *testing.T) {
	a := newAuthor(t)
	edge := in{"source": a.do(t, "upsertEntity", in{"name": "X"})["id"], "target": a.do(t, "upsertEntity", in{"name": "Y"})["id"], "type": "USES", "weight": 0.5}
	id := a.do(t, "relate", edge)["id"]
	for mutation, input := range map[string]in{
		"createEpisode": {"sessionId": "s", "content": "Only once"}, "createTodo": {"content": "Only once"},
		"upsertEntity": {"name": "Only once"}, "strengthen": {"edges": in{"id": id}, "rate": 0.5},
		"createProcedure": {"name": "Only once", "domain": "CODING"}, "upsertProfile": {"content": "Only once"},
	} {
		input["idempotencyKey"] = "one " + mutation
		answers := make([]map[string]any, 16)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = a.send(t, mutation, input) })
		}
		wg.Wait()
		for _, other := range answers[1:] {
			if !jsonEqual(answers[0], other) {
				t.Errorf("%s: callers hear\n%v\nand\n%v", mutation, answers[0], other)
			}
		}
	}
	near(t, "the weight after many requests to strengthen once", graphtest.At(a.read(t, id, "... on Relationship{weight}"), "weight"), 0.75)
	data := a.Query(t, `{episodes{totalCount} todos{totalCount} entities{totalCount} procedures{totalCount}}`, nil, graphtest.As(a.scope))
	for field, want := range map[string]float64{"episodes": 1, "todos": 1, "entities": 3, "procedures": 1} {
		if n := graphtest.At(data, field, "totalCount"); n != want {
			t.Errorf("%v %s, want %v", n, field, want)
		}
	}
}

// TestManyWriters lets many callers edit one node at once, each knowing its version, and wants no edit lost.
func TestManyWriters(t *testing.T) {
	a := newAuthor(t)
	id := a.do(t, "upsertEntity", in{"name": "Counter", "metadata": in{"n": 0.0}})["id"]
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for done := false; !done; {
				now := a.read(t, id, "... on Entity{version metadata}")
				next := graphtest.At(now, "metadata", "n").(float64) + 1
				p := a.send(t, "updateEntity", in{"id": id, "expectedVersion": graphtest.At(now, "version"), "metadata": in{"n": next}})
				done = len(p["problems"].([]any)) == 0
			}
		})
	}
	wg.Wait()
	if got := a.read(t, id, "... on Entity{version metadata}"); graphtest.At(got, "metadata", "n") != 8.0 || graphtest.At(got, "version") != 9.0 {
		t.Errorf("after 8 edits: %v", got)
	}
	names := sync.WaitGroup{}
	for i := range 8 {
		names.Go(func() { a.send(t, "upsertEntity", in{"name": "One name", "label": fmt.Sprint(i)}) })
	}
	names.Wait()
	data := a.Query(t, `{entities(where:{name:{eq:"One name"}}){totalCount}}`, nil, graphtest.As(a.scope))
	if n := graphtest.At(data, "entities", "totalCount"); n != 1.0 {
		t.Errorf("%v entities of one name", n)
	}
}
