package graph_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"thalamus/graph/graphtest"
	"thalamus/resilience"
	"thalamus/stores"
)

const (
	memoryEvents = `subscription($f:MemoryEventFilter,$a:String){e:memoryEvents(filter:$f,after:$a){__typename cursor previousCursor at
		...on MemoryCreated{id kind node{id ...on Episode{content entities{name}} ...on Todo{content}}}
		...on MemoryUpdated{id kind version changedFields node{...on Todo{content status}}}
		...on MemoryForgotten{id kind} ...on SagaChanged{id state saga{operation state}}
		...on BackendChanged{backend{name role breaker{state}}} ...on Gap{from to advice}}}`
	todoEvents = `subscription($i:[ID!]){todoEvents(ids:$i){__typename cursor ...on MemoryCreated{id} ...on MemoryUpdated{id changedFields}}}`
	sagaUpdate = `subscription($i:ID!){u:sagaUpdates(id:$i){state}}`
	onlyNodes  = "CREATED UPDATED FORGOTTEN"
)

var subscriptions = []string{memoryEvents, todoEvents, sagaUpdate}

// types makes a filter.
func types(names string) map[string]any {
	return map[string]any{"f": map[string]any{"types": strings.Fields(names)}}
}

// TestMemoryEvents tells what becomes of nodes and writes, with what is selected of them.
func TestMemoryEvents(t *testing.T) {
	onBoth(t, func(t *testing.T, a author) {
		s := graphtest.Subscribe(t, a.Serve(t), memoryEvents, nil, graphtest.As(a.scope))
		if e := s.Root(); e["__typename"] != "CaughtUp" {
			t.Fatalf("it begins with %v", e)
		}
		entity := a.do(t, "upsertEntity", in{"name": "Ada"})
		episode := a.do(t, "createEpisode", in{"sessionId": "s", "content": "met Ada", "entities": []any{entity["id"]}})
		todo := a.do(t, "createTodo", in{"content": "write"})
		a.do(t, "updateTodo", in{"id": todo["id"], "status": "COMPLETED"})
		a.run(t, "deleteEpisode", "deleted", in{"id": episode["id"]})
		var got []string
		cursor := ""
		for len(got) < 10 {
			e := s.Root()
			if cursor != "" && e["previousCursor"] != cursor {
				t.Errorf("%v follows %s", e, cursor)
			}
			if cursor = e["cursor"].(string); s.LastID != cursor {
				t.Errorf("the event is called %s, its cursor is %s", s.LastID, cursor)
			}
			switch e["__typename"] {
			case "SagaChanged":
				got = append(got, fmt.Sprint("saga ", e["state"], " ", graphtest.At(e, "saga", "operation")))
			case "MemoryUpdated":
				fields := e["changedFields"].([]any)
				if !slices.Contains(fields, any("status")) || e["version"] != 2.0 {
					t.Errorf("%v", e)
				}
				got = append(got, fmt.Sprint("updated ", e["kind"], " ", graphtest.At(e, "node", "status")))
			case "MemoryForgotten":
				got = append(got, fmt.Sprint("forgotten ", e["kind"], " ", e["id"] == episode["id"]))
			default:
				got = append(got, fmt.Sprint("created ", e["kind"], " ", e["id"]))
			}
		}
		want := []string{
			fmt.Sprint("created Entity ", entity["id"]), "saga COMMITTED upsertEntity", fmt.Sprint("created Episode ", episode["id"]), "saga COMMITTED createEpisode",
			fmt.Sprint("created Todo ", todo["id"]), "saga COMMITTED createTodo", "updated Todo COMPLETED", "saga COMMITTED updateTodo",
			"forgotten Episode true", "saga COMMITTED deleteEpisode",
		}
		if !slices.Equal(got, want) {
			t.Errorf("events\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// TestResumption goes on behind a cursor, given as an argument or as the name of the last event, without gap or repetition.
func TestResumption(t *testing.T) {
	a := author{graphtest.New(t), graphtest.Scope}
	server := a.Serve(t)
	vars := types(onlyNodes)
	first := graphtest.Subscribe(t, server, memoryEvents, vars, nil)
	first.Root()
	var ids []any
	for i := range 6 {
		ids = append(ids, a.do(t, "createTodo", in{"content": fmt.Sprint("todo ", i)})["id"])
	}
	first.Root()
	if e := first.Root(); e["id"] != ids[1] {
		t.Fatalf("%v", e)
	}
	first.End()
	byName := http.Header{"Last-Event-Id": {first.LastID}}
	byArgument := types(onlyNodes)
	byArgument["a"] = first.LastID
	for name, s := range map[string]*graphtest.Stream{
		"by argument":  graphtest.Subscribe(t, server, memoryEvents, byArgument, nil),
		"by its name":  graphtest.Subscribe(t, server, memoryEvents, vars, byName),
		"its own name": graphtest.Subscribe(t, server, memoryEvents, map[string]any{"f": vars["f"], "a": "not looked at"}, byName),
	} {
		for _, id := range ids[2:] {
			if e := s.Root(); e["id"] != id {
				t.Errorf("%s: %v, want %v", name, e, id)
			}
		}
		if e := s.Root(); e["__typename"] != "CaughtUp" {
			t.Errorf("%s: %v", name, e)
		}
	}
}

// TestBadSubscriptions are refused with what to do.
func TestBadSubscriptions(t *testing.T) {
	a := author{graphtest.New(t), graphtest.Scope}
	server := a.Serve(t)
	a.do(t, "createTodo", in{"content": "x"})
	stranger := stores.NewScope("stranger", "", "")
	list := graphtest.At(a.Query(t, "{todos{pageInfo{endCursor}}}", nil, nil), "todos", "pageInfo", "endCursor").(string)
	mine := graphtest.Subscribe(t, server, memoryEvents, nil, nil)
	mine.Root()
	for name, c := range map[string]struct {
		query  string
		vars   map[string]any
		header http.Header
	}{
		"garbage":             {memoryEvents, map[string]any{"a": "x"}, nil},
		"a list's cursor":     {memoryEvents, map[string]any{"a": list}, nil},
		"a foreign cursor":    {memoryEvents, map[string]any{"a": mine.LastID}, graphtest.As(stranger)},
		"a bad name":          {memoryEvents, nil, http.Header{"Last-Event-Id": {"x"}}},
		"no types":            {memoryEvents, map[string]any{"f": map[string]any{"types": []any{}}}, nil},
		"no ids":              {`subscription{todoEvents(ids:[]){cursor}}`, nil, nil},
		"ids of another noun": {`subscription{todoEvents(ids:["RXBpc29kZTowMWExN2FlYi1kYmMwLTdjNjQtYjc5Yi1lOWYyZjFiNDdjZTg"]){cursor}}`, nil, nil},
	} {
		r, _ := graphtest.Subscribe(t, server, c.query, c.vars, c.header).Next()
		if len(r.Errors) != 1 || r.Errors[0].Code() != "BAD_USER_INPUT" || r.Errors[0].Message == "" {
			t.Errorf("%s: %s", name, r.Body)
		}
	}
}

// TestOneStream refuses subscriptions that come to several fields, or to none.
func TestOneStream(t *testing.T) {
	server := graphtest.New(t).Serve(t)
	for _, query := range []string{
		`subscription{a:memoryEvents{cursor} b:memoryEvents{cursor}}`, `subscription{memoryEvents @skip(if:true){cursor}}`,
		`subscription($b:Boolean=true){memoryEvents @skip(if:$b){cursor}}`, `subscription{...@skip(if:true){memoryEvents{cursor}}}`,
	} {
		if r, _ := graphtest.Subscribe(t, server, query, nil, nil).Next(); len(r.Errors) != 1 || r.Errors[0].Code() != "GRAPHQL_VALIDATION_FAILED" {
			t.Errorf("%s: %s", query, r.Body)
		}
	}
}

// TestEventsStayInTheirScope: others hear nothing of them.
func TestEventsStayInTheirScope(t *testing.T) {
	a := author{graphtest.New(t), graphtest.Scope}
	server := a.Serve(t)
	for _, s := range []stores.Scope{stores.NewScope("other", "", ""), stores.NewScope("", "phone", ""), stores.NewScope("", "", "helper")} {
		other := author{a.Gateway, s}
		stream := graphtest.Subscribe(t, server, memoryEvents, types(onlyNodes), graphtest.As(s))
		stream.Root()
		mine := a.run(t, "createTodo", "todo{id} saga{id}", in{"content": "secret"})
		if e := graphtest.Subscribe(t, server, sagaUpdate, map[string]any{"i": graphtest.At(mine, "saga", "id")}, graphtest.As(s)).Root(); e != nil {
			t.Errorf("another scope sees the write %v", e)
		}
		theirs := other.do(t, "createTodo", in{"content": "theirs"})
		if e := stream.Root(); e["id"] != theirs["id"] || graphtest.At(e, "node", "content") != "theirs" {
			t.Errorf("%+v was told %v", s, e)
		}
	}
}

// TestSagaUpdates follows a write to its end.
func TestSagaUpdates(t *testing.T) {
	a := author{graphtest.NewSplit(t), graphtest.Scope}
	server := a.Serve(t)
	a.without(stores.RoleVectors)
	p := a.run(t, "createTodo", "saga{id}", in{"content": "later", "write": in{"onStoreDown": "QUEUE"}})
	vars := map[string]any{"i": graphtest.At(p, "saga", "id")}
	s := graphtest.Subscribe(t, server, sagaUpdate, vars, nil)
	if now := s.Root(); now["state"] != "QUEUED" {
		t.Fatalf("%v", now)
	}
	a.Break(nil)
	a.settled(t)
	if now := s.Root(); now["state"] != "COMMITTED" {
		t.Errorf("%v", now)
	}
	if r, more := s.Next(); more {
		t.Errorf("after its end: %s", r.Body)
	}
	ended := graphtest.Subscribe(t, server, sagaUpdate, vars, nil)
	if now := ended.Root(); now["state"] != "COMMITTED" {
		t.Errorf("%v", now)
	}
	if _, more := ended.Next(); more {
		t.Error("it goes on")
	}
	unknown := graphtest.Subscribe(t, server, sagaUpdate, map[string]any{"i": unknown("Saga")}, nil)
	if now := unknown.Root(); now != nil {
		t.Errorf("%v", now)
	}
}

// TestTodoEvents are those of todos.
func TestTodoEvents(t *testing.T) {
	a := author{graphtest.New(t), graphtest.Scope}
	server := a.Serve(t)
	all := graphtest.Subscribe(t, server, todoEvents, nil, nil)
	all.Root()
	a.do(t, "upsertEntity", in{"name": "Nobody"})
	one, two := a.do(t, "createTodo", in{"content": "one"}), a.do(t, "createTodo", in{"content": "two"})
	some := graphtest.Subscribe(t, server, todoEvents, map[string]any{"i": []any{two["id"]}}, nil)
	some.Root()
	a.do(t, "updateTodo", in{"id": one["id"], "content": "uno"})
	a.do(t, "updateTodo", in{"id": two["id"], "content": "due"})
	for i, want := range []any{one["id"], two["id"], one["id"], two["id"]} {
		if e := all.Root(); e["id"] != want {
			t.Errorf("event %d is %v", i, e)
		}
	}
	if e := some.Root(); e["id"] != two["id"] || e["__typename"] != "MemoryUpdated" {
		t.Errorf("%v", e)
	}
}

// TestBackendEvents tells of breakers that move, and at the beginning of those that are not closed.
func TestBackendEvents(t *testing.T) {
	a := author{graphtest.NewServers(t, resilience.Settings{Open: time.Hour, Timeout: time.Minute, Concurrency: 8}), graphtest.Scope}
	server := a.Serve(t)
	s := graphtest.Subscribe(t, server, memoryEvents, types("BACKEND"), nil)
	s.Root()
	hold := func(held bool) {
		a.Query(t, `mutation($h:Boolean!){holdBackend(input:{role:VECTORS,held:$h}){problems{code}}}`, map[string]any{"h": held}, nil)
	}
	state := func(s *graphtest.Stream) any { return graphtest.At(s.Root(), "backend", "breaker", "state") }
	hold(true)
	if got := state(s); got != "HELD" {
		t.Errorf("%v", got)
	}
	late := graphtest.Subscribe(t, server, memoryEvents, types("BACKEND"), nil)
	late.Root()
	if got := state(late); got != "HELD" {
		t.Errorf("who comes later is told %v", got)
	}
	hold(false)
	if got := state(s); got != "CLOSED" {
		t.Errorf("%v", got)
	}
}

// TestBackendEventsOfEachRole are as many as the backend plays roles; a client that keeps cursors misses nothing by them.
func TestBackendEventsOfEachRole(t *testing.T) {
	a := author{graphtest.NewGuarded(t, resilience.Settings{Open: time.Hour, Timeout: time.Minute, Concurrency: 8}), graphtest.Scope}
	server := a.Serve(t)
	s := graphtest.Subscribe(t, server, memoryEvents, types("BACKEND"), nil)
	cursor := s.Root()["cursor"]
	a.do(t, "createTodo", in{"content": "moves the outbox on"})
	a.Query(t, `mutation{holdBackend(input:{role:GRAPH,held:true}){problems{code}}}`, nil, nil)
	var all, told []string
	for _, b := range a.Query(t, `{backends{name role breaker{state}}}`, nil, nil)["backends"].([]any) {
		if graphtest.At(b, "breaker", "state") == "HELD" {
			all = append(all, fmt.Sprint(b))
		}
	}
	for range all {
		e := s.Root()
		if e["previousCursor"] != cursor || s.LastID != e["cursor"] {
			t.Errorf("%v, called %s, follows %v", e, s.LastID, cursor)
		}
		cursor = e["cursor"]
		told = append(told, fmt.Sprint(e["backend"]))
	}
	slices.Sort(all)
	slices.Sort(told)
	if len(all) < 2 && !graphtest.OnServers() || !slices.Equal(told, all) {
		t.Errorf("told of\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(all, "\n"))
	}
}
