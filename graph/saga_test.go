package graph_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"thalamus/graph/graphtest"
	"thalamus/graph/model"
	"thalamus/resilience"
	"thalamus/stores"
)

// without takes a store away: every call to it fails, but for reads of the gateway's own when only is given.
func (a author) without(role stores.Role, only ...string) {
	a.Break(func(op resilience.Op) error {
		if op.Role == role && (len(only) == 0 || slices.Contains(only, op.Name)) {
			return stores.Unavailable(op.Backend, errors.New("down"))
		}
		return nil
	})
}

// unfinished lists the global ids of the author's writes that have not ended.
func (a author) unfinished(t *testing.T) (out []string) {
	t.Helper()
	data := a.Query(t, `{x:sagas(where:{not:{state:{in:[COMMITTED,COMPENSATED]}}},orderBy:[{field:CREATED_AT}]){edges{node{id}}}}`, nil, graphtest.As(a.scope))
	return ids(data)
}

// settled has every write that waits worked on until all have ended.
func (a author) settled(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		left := a.unfinished(t)
		if len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("writes that do not end: %v", left)
		}
		for _, id := range left {
			a.run(t, "retrySaga", "saga{state}", in{"id": id})
		}
		time.Sleep(10 * time.Millisecond)
	}
}

const sagaFields = "saga{id operation state onStoreDown attempts problem nextAttemptAt nodes steps{store name state attempts error} receipts{name}}"

// TestSagaOfAWrite wants every write to show its saga, and a write of nothing none.
func TestSagaOfAWrite(t *testing.T) {
	onBoth(t, func(t *testing.T, a author) {
		p := a.run(t, "createEpisode", "episode{id} "+sagaFields, in{"sessionId": "s", "content": "Rain"})
		s := p["saga"].(map[string]any)
		if s["operation"] != "createEpisode" || s["state"] != "COMMITTED" || s["onStoreDown"] != "ROLL_BACK" || s["nextAttemptAt"] != nil || graphtest.At(s, "nodes", 0) != graphtest.At(p, "episode", "id") {
			t.Errorf("%v", s)
		}
		for i, want := range []string{"VECTORS episodes.upsert DONE", "GRAPH episodes.put DONE"} {
			step := graphtest.At(s, "steps", i).(map[string]any)
			if got := strings.Join([]string{step["store"].(string), step["name"].(string), step["state"].(string)}, " "); got != want || step["attempts"] != 1.0 || step["error"] != nil {
				t.Errorf("step %d is %v, want %s", i, step, want)
			}
		}
		later := a.Query(t, "query($i:ID!){"+strings.Replace(sagaFields, "saga{", "saga(id:$i){", 1)+"}", in{"i": s["id"]}, nil)
		if !jsonEqual(later["saga"], p["saga"]) {
			t.Errorf("later it is %v, want %v", later["saga"], p["saga"])
		}
		if still := a.run(t, "updateEpisode", "episode{version} "+sagaFields, in{"id": graphtest.At(p, "episode", "id"), "content": "Rain"}); still["saga"] != nil || graphtest.At(still, "episode", "version") != 1.0 {
			t.Errorf("a write of nothing: %v", still)
		}
		other := graphtest.As(stores.NewScope("other", "", ""))
		data := a.Query(t, "query($i:ID!){saga(id:$i){id} node(id:$i){id} nodes(ids:[$i]){id} sagas{totalCount}}", in{"i": s["id"]}, other)
		if data["saga"] != nil || data["node"] != nil || graphtest.At(data, "nodes", 0) != nil || graphtest.At(data, "sagas", "totalCount") != 0.0 {
			t.Errorf("another scope sees %v", data)
		}
		both := a.Query(t, "query($i:[ID!]!){nodes(ids:$i){id ...on Saga{state} ...on Episode{content}}}", in{"i": []any{s["id"], graphtest.At(p, "episode", "id")}}, nil)
		if graphtest.At(both, "nodes", 0, "state") != "COMMITTED" || graphtest.At(both, "nodes", 1, "content") != "Rain" {
			t.Errorf("nodes are %v", both)
		}
	})
}

// TestQueued lets each kind of write wait for a store, and wants readers to see it once the store is back, and not before.
func TestQueued(t *testing.T) {
	a := author{graphtest.NewSplit(t), graphtest.Scope}
	v := a.village(t)
	queue := in{"onStoreDown": "QUEUE"}
	for _, c := range []struct {
		mutation, node string
		input          in
		down           string // what fails
		reads          string // what readers see of it, under x
	}{
		{"createEpisode", "episode{id content}", in{"sessionId": "u", "content": "Snow"}, "episodes.put", `{x:episodes(where:{sessionId:{eq:"u"}}){totalCount edges{node{content}}}}`},
		{"upsertEntity", "entity{id name}", in{"name": "Smith", "content": "Hammers"}, "entities.put", `{x:entity(by:{name:"Smith"}){name content}}`},
		{"updateEntity", "entity{id name}", in{"id": v["Mill"], "name": "Windmill", "content": "Turns"}, "entities.swap", `{x:entities(where:{name:{in:["Mill","Windmill"]}}){edges{node{name content version}}}}`},
		{"supersedeEntity", "entity{id name}", in{"id": v["Baker"], "summary": "Retired"}, "entities.put", `{x:entities(where:{name:{eq:"Baker"}}){edges{node{summary validTo version}}}}`},
		{"completeTodo", "todo{id status}", in{"id": v["todo"]}, "vectors.setPayload", `{x:todos{edges{node{status}}}}`},
		{"deleteEpisode", "deleted", in{"id": v["visit"]}, "episodes.delete", `{x:episodes(where:{sessionId:{eq:"s"}}){totalCount}}`},
		{"relate", "relationship{id}", in{"source": v["Mill"], "target": v["Baker"], "type": "REQUIRES"}, "relationships.put", `{x:relationships(where:{type:{eq:REQUIRES}}){totalCount}}`},
	} {
		t.Run(c.mutation, func(t *testing.T) {
			before := a.Query(t, c.reads, nil, nil)["x"]
			a.without(stores.RoleGraph, c.down)
			if strings.HasPrefix(c.down, "vectors") {
				a.without(stores.RoleVectors, c.down)
			}
			p := a.run(t, c.mutation, c.node+" "+sagaFields, merge(c.input, "write", queue, "idempotencyKey", c.mutation))
			id, _ := graphtest.At(p, "saga", "id").(string)
			if graphtest.At(p, "saga", "state") != "QUEUED" || graphtest.At(p, "saga", "nextAttemptAt") == nil || graphtest.At(p, "problems", 0, "code") != "QUEUED" || !strings.Contains(graphtest.At(p, "problems", 0, "message").(string), id) {
				t.Fatalf("%v", p)
			}
			if node, _, found := strings.Cut(c.node, "{"); found && p[node] == nil {
				t.Errorf("the node is not shown: %v", p)
			}
			if now := a.Query(t, c.reads, nil, nil)["x"]; !jsonEqual(before, now) {
				t.Errorf("readers see %v, want %v", now, before)
			}
			again := a.run(t, c.mutation, c.node+" "+sagaFields, merge(c.input, "idempotencyKey", c.mutation))
			if graphtest.At(again, "problems", 0, "code") != "QUEUED" || graphtest.At(again, "saga", "id") != id || !strings.Contains(graphtest.At(again, "problems", 0, "message").(string), id) {
				t.Errorf("the same request meanwhile: %v", again)
			}
			a.Break(nil)
			a.settled(t)
			if now := a.Query(t, c.reads, nil, nil)["x"]; jsonEqual(before, now) {
				t.Errorf("readers still see %v", now)
			}
			done := a.run(t, c.mutation, c.node+" "+sagaFields, merge(c.input, "idempotencyKey", c.mutation))
			if graphtest.At(done, "saga", "state") != "COMMITTED" || graphtest.At(done, "saga", "id") != id || len(done["problems"].([]any)) != 0 {
				t.Errorf("the same request afterwards: %v", done)
			}
		})
	}
}

// TestRolledBack wants a write that meets a store that is down to leave nothing, and its key free.
func TestRolledBack(t *testing.T) {
	a := author{graphtest.NewSplit(t), graphtest.Scope}
	a.without(stores.RoleVectors, "vectors.upsert")
	const query = `mutation{upsertEntity(input:{name:"Smith",idempotencyKey:"k"}){entity{id} saga{id}}}`
	r := a.Post(t, query, nil, nil)
	if len(r.Errors) != 1 || r.Errors[0].Code() != "STORE_UNAVAILABLE" {
		t.Fatalf("%s", r.Body)
	}
	data := a.Query(t, `{entities{totalCount} entity(by:{name:"Smith"}){id} sagas{edges{node{state problem steps{state}}}}}`, nil, nil)
	if graphtest.At(data, "entities", "totalCount") != 0.0 || data["entity"] != nil || graphtest.At(data, "sagas", "edges", 0, "node", "state") != "COMPENSATED" || graphtest.At(data, "sagas", "edges", 0, "node", "problem") != "the store is unavailable" {
		t.Errorf("%v", data)
	}
	a.Break(nil)
	if data := a.Query(t, query, nil, nil); graphtest.At(data, "upsertEntity", "entity", "id") == nil {
		t.Errorf("sent again: %v", data)
	}
}

// TestWaits wants an author to wait as long as they asked for.
func TestWaits(t *testing.T) {
	a := author{graphtest.NewSplit(t), graphtest.Scope}
	for name, write := range map[string]in{"accepted": {"wait": "ACCEPTED"}, "late": {"waitAtMost": "PT0.05S"}, "at once": {"waitAtMost": "PT0S"}} {
		t.Run(name, func(t *testing.T) {
			hold := make(chan struct{})
			a.Break(func(op resilience.Op) error {
				if op.Name == "episodes.put" {
					<-hold
				}
				return nil
			})
			p := a.run(t, "createEpisode", "episode{id} "+sagaFields, in{"sessionId": "s", "content": "Slow", "write": write, "idempotencyKey": name})
			id := graphtest.At(p, "episode", "id")
			if state := graphtest.At(p, "saga", "state"); id == nil || state != "PENDING" && state != "RUNNING" || len(p["problems"].([]any)) != 0 || a.read(t, id, "") != nil {
				t.Errorf("before it is committed: %v", p)
			}
			close(hold)
			a.Break(nil)
			for a.read(t, id, "") == nil || graphtest.At(a.read(t, graphtest.At(p, "saga", "id"), "...on Saga{state}"), "state") != "COMMITTED" {
				time.Sleep(time.Millisecond)
			}
			again := a.run(t, "createEpisode", "episode{id} "+sagaFields, in{"sessionId": "s", "content": "Slow", "write": in{"wait": "COMMITTED"}, "idempotencyKey": name})
			if graphtest.At(again, "episode", "id") != id || graphtest.At(again, "saga", "state") != "COMMITTED" {
				t.Errorf("again, with other waiting: %v", again)
			}
		})
	}
	a.refuse(t, "createTodo", in{"content": "x", "write": in{"waitAtMost": "PT6M"}}, "INVALID", "write.waitAtMost")
	a.refuse(t, "createTodo", in{"content": "x", "write": in{"waitAtMost": "-PT1S"}}, "INVALID", "write.waitAtMost")
	a.do(t, "createTodo", in{"content": "x", "write": nil})
}

// TestRetryAndResolve has an administrator look after a write that waits.
func TestRetryAndResolve(t *testing.T) {
	a := author{graphtest.NewSplit(t), graphtest.Scope}
	a.without(stores.RoleGraph, "entities.put")
	queue := func(name string) string {
		p := a.run(t, "upsertEntity", sagaFields, in{"name": name, "write": in{"onStoreDown": "QUEUE"}, "idempotencyKey": name})
		return graphtest.At(p, "saga", "id").(string)
	}
	one, other := queue("One"), queue("Other")
	if p := a.run(t, "retrySaga", sagaFields, in{"id": one}); graphtest.At(p, "saga", "state") != "QUEUED" || graphtest.At(p, "saga", "attempts") != 2.0 {
		t.Errorf("retried while the store is down: %v", p)
	}
	blocked := a.run(t, "upsertEntity", "entity{id} "+sagaFields, in{"name": "One", "summary": "More"})
	if graphtest.At(blocked, "problems", 0, "code") != "CONFLICT" || !strings.Contains(graphtest.At(blocked, "problems", 0, "message").(string), one) || graphtest.At(blocked, "saga", "id") != one {
		t.Errorf("beside a write that waits: %v", blocked)
	}
	a.Break(nil)
	if p := a.run(t, "retrySaga", sagaFields, in{"id": one}); graphtest.At(p, "saga", "state") != "COMMITTED" {
		t.Errorf("retried: %v", p)
	}
	if s := a.read(t, other, "...on Saga{state attempts}"); graphtest.At(s, "state") != "QUEUED" || graphtest.At(s, "attempts") != 1.0 {
		t.Errorf("a retry touched another write: %v", s)
	}
	p := a.run(t, "resolveSaga", sagaFields, in{"id": other, "reason": "Nobody wants it"})
	if graphtest.At(p, "saga", "state") != "COMPENSATED" || graphtest.At(p, "saga", "problem") != "resolved by an administrator: Nobody wants it" {
		t.Errorf("resolved: %v", p)
	}
	if lines := strings.Join(a.Log.Lines(4), "\n"); !strings.Contains(lines, "an administrator resolved a write") || !strings.Contains(lines, "Nobody wants it") {
		t.Errorf("the log says %q", lines)
	}
	if got := a.run(t, "upsertEntity", "entity{name}", in{"name": "Other", "idempotencyKey": "Other", "summary": "Another request"}); graphtest.At(got, "entity", "name") == nil && graphtest.At(got, "problems", 0, "path", 0) == "idempotencyKey" {
		t.Errorf("the key is not free: %v", got)
	}
	for _, id := range []string{one, other} {
		a.refuse(t, "retrySaga", in{"id": id}, "CONFLICT", "id")
		a.refuse(t, "resolveSaga", in{"id": id, "reason": "x"}, "CONFLICT", "id")
	}
	a.refuse(t, "resolveSaga", in{"id": one, "reason": ""}, "INVALID", "reason")
	a.refuse(t, "resolveSaga", in{"id": one, "reason": strings.Repeat("x", 1001)}, "INVALID", "reason")
	a.refuse(t, "retrySaga", in{"id": unknown("Todo")}, "INVALID", "id")
	missing := stores.Ref{Kind: stores.KindSaga, ID: stores.NewID()}
	a.refuse(t, "retrySaga", in{"id": model.GlobalID(missing)}, "NOT_FOUND", "id")
	stranger := author{a.Gateway, stores.NewScope("stranger", "", "")}
	stranger.refuse(t, "resolveSaga", in{"id": one, "reason": "x"}, "NOT_FOUND", "id")
}

// TestResolveStuck has an administrator give up a write that cannot be taken back, and leave one alone that is worked on.
func TestResolveStuck(t *testing.T) {
	a := author{graphtest.NewSplit(t), graphtest.Scope}
	a.Break(func(op resilience.Op) error {
		switch op.Name {
		case "episodes.put": // it never reaches the graph, so it can be taken back
			return &stores.Error{Kind: stores.ErrUnavailable, Backend: op.Backend, Cause: errDriver, Unsent: true, RetryAfter: time.Second}
		case "vectors.delete":
			return errDriver
		}
		return nil
	})
	const query = `mutation{createEpisode(input:{sessionId:"s",content:"Hail",idempotencyKey:"k"}){episode{id}}}`
	r := a.Post(t, query, nil, nil)
	stuck := ids(a.Query(t, `{x:sagas(where:{state:{eq:STUCK}}){edges{node{id}}}}`, nil, nil))
	if len(stuck) != 1 || len(r.Errors) != 1 || r.Errors[0].Code() != "STORE_UNAVAILABLE" || !strings.Contains(r.Errors[0].Message, stuck[0]) {
		t.Fatalf("%v are stuck: %s", stuck, r.Body)
	}
	a.refuse(t, "createEpisode", in{"sessionId": "s", "content": "Other", "idempotencyKey": "k"}, "CONFLICT", "idempotencyKey")
	if p := a.run(t, "resolveSaga", "saga{state steps{name state error}}", in{"id": stuck[0], "reason": "It is known"}); graphtest.At(p, "saga", "state") != "COMPENSATED" || graphtest.At(p, "saga", "steps", 0, "error") != "internal error" {
		t.Errorf("resolved: %v", p)
	}
	hold, held := make(chan struct{}), make(chan struct{}, 8)
	a.Break(func(op resilience.Op) error {
		if op.Name == "episodes.put" {
			held <- struct{}{}
			<-hold
		}
		return nil
	})
	p := a.run(t, "createEpisode", "saga{id}", in{"sessionId": "s", "content": "Hail", "idempotencyKey": "k", "write": in{"wait": "ACCEPTED"}})
	<-held
	for mutation, input := range map[string]in{"retrySaga": {}, "resolveSaga": {"reason": "x"}} {
		a.refuse(t, mutation, merge(input, "id", graphtest.At(p, "saga", "id")), "CONFLICT", "id")
	}
	close(hold)
	for graphtest.At(a.read(t, graphtest.At(p, "saga", "id"), "...on Saga{state}"), "state") != "COMMITTED" {
		time.Sleep(time.Millisecond)
	}
}
