package graph_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"thalamus/graph/graphtest"
	"thalamus/graph/model"
	"thalamus/resilience"
	"thalamus/stores"
)

// secrets stand for what drivers put into their errors.
var secrets = []string{"hunter2", "/var/lib/thalamus", "SELECT", "10.1.2.3", "goroutine"}

var errDriver = errors.New("driver: SELECT * FROM episodes: dial 10.1.2.3 password=hunter2 file=/var/lib/thalamus/memory.db")

// TestKindsHaveCodes is the table from the kind of an error to the code a client sees.
func TestKindsHaveCodes(t *testing.T) {
	g := graphtest.New(t)
	for _, c := range []struct {
		err           error
		code, message string
	}{
		{&stores.Error{Kind: stores.ErrInvalid, Message: "is too long", Path: []string{"content"}, Cause: errDriver}, "BAD_USER_INPUT", "content is too long"},
		{&stores.Error{Kind: stores.ErrNotFound, Message: "no such thing", Cause: errDriver}, "NOT_FOUND", "no such thing"},
		{&stores.Error{Kind: stores.ErrConflict, Cause: errDriver}, "CONFLICT", "conflict"},
		{&stores.Error{Kind: stores.ErrUnsupported, Backend: "sqlite", Message: "cannot do this", Cause: errDriver}, "UNSUPPORTED", "cannot do this"},
		{stores.Unavailable("sqlite", errDriver), "STORE_UNAVAILABLE", "the store is unavailable"},
		{fmt.Errorf("in the middle of hunter2: %w", stores.Unavailable("sqlite", errDriver)), "STORE_UNAVAILABLE", "the store is unavailable"},
		{errors.Join(errDriver, stores.ErrUnavailable), "STORE_UNAVAILABLE", "unavailable"},
		{errDriver, "INTERNAL", "Internal error."},
		{context.DeadlineExceeded, "STORE_UNAVAILABLE", "A store did not answer in time; try again."}, // a store's own deadline, of no kind
	} {
		g.Break(func(resilience.Op) error { return c.err })
		r := g.Post(t, `{episodes{edges{node{content}}} todos{edges{node{content}}}}`, nil, nil)
		if len(r.Errors) != 2 || r.Status != 200 || r.Data == nil {
			t.Fatalf("%v: %s", c.err, r.Body)
		}
		for _, e := range r.Errors {
			if e.Code() != c.code || e.Message != c.message {
				t.Errorf("%v is shown as %s %q, want %s %q", c.err, e.Code(), e.Message, c.code, c.message)
			}
		}
		silent(t, r)
		if c.code == "INTERNAL" && !slices.ContainsFunc(g.Log.Lines(slog.LevelError), func(line string) bool { return strings.Contains(line, c.err.Error()) }) {
			t.Errorf("%v was not logged", c.err)
		}
	}
}

// silent fails when a response holds what only logs may.
func silent(t *testing.T, r graphtest.Response) {
	t.Helper()
	for _, secret := range secrets {
		if bytes.Contains(r.Body, []byte(secret)) {
			t.Errorf("the response leaks %q: %s", secret, r.Body)
		}
	}
}

// TestNothingLeaks breaks each operation of the stores in turn, for a query and a mutation that use them.
func TestNothingLeaks(t *testing.T) {
	g := graphtest.NewSample(t)
	const query = `{episodes(first:2){totalCount edges{node{content entities{name content todos{content}} previous{content} similar(first:1){score} embedding profile{content}}}}
		recall(input:{text:"ledger",expand:{depth:1}}){hits{score} legs{error}} neighborhood(of:"RW50aXR5OjAxYTA5ZWNiLTUxYzAtNzZlMy1hMDU1LWMxOWQ0MDdhNTZjYQ"){truncated}}`
	const mutation = `mutation{upsertEntity(input:{name:"Kettle",idempotencyKey:"kettle"}){entity{name} problems{message}}}`
	operations := map[string]bool{}
	for _, q := range []string{query, mutation} {
		for _, c := range g.Post(t, q, nil, nil).Calls {
			operations[c.Operation] = true
		}
	}
	if len(operations) < 15 {
		t.Fatalf("only %v", operations)
	}
	for broken := range operations {
		g.Break(func(op resilience.Op) error {
			if op.Name == broken {
				return errDriver
			}
			return nil
		})
		for _, q := range []string{query, strings.ReplaceAll(strings.ReplaceAll(mutation, "Kettle", "Kettle "+broken), `"kettle"`, `"kettle `+broken+`"`)} {
			silent(t, g.Post(t, q, nil, nil))
		}
	}
}

// refused fails unless a query is refused with one of the codes of a client's mistake.
func refused(t *testing.T, g *graphtest.Gateway, query string, vars map[string]any, codes ...string) {
	t.Helper()
	r := g.Post(t, query, vars, nil)
	if len(r.Errors) == 0 {
		t.Errorf("%s %v is not refused: %.200s", query, vars, r.Body)
	}
	for _, e := range r.Errors {
		if !slices.Contains(codes, e.Code()) || e.Message == "" || strings.HasPrefix(e.Message, "Internal") {
			t.Errorf("%s %v: %q %s", query, vars, e.Message, e.Code())
		}
	}
}

func TestBadArguments(t *testing.T) {
	g := graphtest.Sample(t)
	const bad, invalid = "BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"
	for _, n := range []string{"0", "-1", "201", "2147483647", "-2147483648"} {
		refused(t, g, `{episodes(first:`+n+`){edges{node{id}}}}`, nil, bad)
		refused(t, g, `{entities(last:`+n+`){edges{node{id}}}}`, nil, bad)
		refused(t, g, `{profile{episodes(first:`+n+`){edges{node{id}}}}}`, nil, bad)
		refused(t, g, `{entity(by:{name:"Grafana"}){relationships(first:`+n+`){edges{node{id}}}}}`, nil, bad)
		refused(t, g, `{entity(by:{name:"Grafana"}){neighbors(first:`+n+`){id}}}`, nil, bad)
		refused(t, g, `{entity(by:{name:"Grafana"}){similar(first:`+n+`){score}}}`, nil, bad)
		refused(t, g, `{recall(input:{text:"x",first:`+n+`}){hits{score}}}`, nil, bad)
	}
	for _, n := range []string{"2147483648", "-2147483649", "99999999999999999999", "1e3", "1.5", `"1"`, "true", "[1]"} {
		refused(t, g, `{episodes(first:`+n+`){edges{node{id}}}}`, nil, bad, invalid)
	}
	for _, v := range []any{2147483648.0, 1e300, "1", true, []any{1.0, 2.0}, map[string]any{}, 1.5} {
		refused(t, g, `query($n:Int){episodes(first:$n){edges{node{id}}}}`, map[string]any{"n": v}, bad, invalid)
	}
	for _, id := range []any{"", "x", "RXBpc29kZTo", "RXBpc29kZTp4", strings.Repeat("A", 10_000), "\u0000", 7.0, true,
		model.GlobalID(stores.Ref{Kind: "Nothing", ID: stores.NewID()}), model.GlobalID(stores.Ref{Kind: "Episode", ID: "01A0C2FA-A000-7C5D-AED3-5DB230D5882A"})} {
		for _, q := range []string{`query($i:ID!){node(id:$i){id}}`, `query($i:ID!){episode(id:$i){id}}`, `query($i:ID!){nodes(ids:[$i]){id}}`, `query($i:ID!){entity(by:{id:$i}){id}}`, `query($i:ID!){episodes(where:{id:{eq:$i}}){edges{node{id}}}}`} {
			refused(t, g, q, map[string]any{"i": id}, bad, invalid)
		}
	}
	for _, q := range []string{
		`{episodes(where:{outcome:{eq:NONSENSE}}){edges{node{id}}}}`, `{episodes(orderBy:[{field:CONTENT}]){edges{node{id}}}}`,
		`{episodes(where:{nonsense:{eq:1}}){edges{node{id}}}}`, `{nonsense}`, `{episode{id}}`, `{entity(by:{}){id}}`, `{entity(by:{id:"a",name:"b"}){id}}`,
		`{episodes(where:{timestamp:{gt:"yesterday"}}){edges{node{id}}}}`, `{episodes(where:{durationMs:{gt:99999999999999999999999}}){edges{node{id}}}}`,
		`{episodes(first:1,last:1){edges{node{id}}}}`, `{episodes(before:"x"){edges{node{id}}}}`, `{episodes(last:1,after:"x"){edges{node{id}}}}`,
		`{path(from:"x",to:"y"){length}}`, `{recall(input:{text:""}){hits{score}}}`, `{recall(input:{text:"x",legs:{dense:-1}}){hits{score}}}`,
		`{recall(input:{text:"x",legs:{dense:101}}){hits{score}}}`, `{recall(input:{text:"x",expand:{depth:3}}){hits{score}}}`, `{recall(input:{text:"x",expand:{minWeight:2}}){hits{score}}}`,
		`{entity(by:{name:"Grafana"}){similar(threshold:2){score}}}`,
	} {
		refused(t, g, q, nil, bad, invalid)
	}
	refused(t, g, `query($w:EpisodeWhere){episodes(where:$w){edges{node{id}}}}`, map[string]any{"w": map[string]any{"outcome": map[string]any{"eq": "NONSENSE"}}}, bad, invalid)
	refused(t, g, `query($t:[String!]){episodes(where:{content:{in:$t}}){edges{node{id}}}}`, map[string]any{"t": make1001()}, bad)
	refused(t, g, `query($t:[ID!]!){nodes(ids:$t){id}}`, map[string]any{"t": slices.Repeat([]any{model.GlobalID(stores.Ref{Kind: "Episode", ID: stores.NewID()})}, 201)}, bad)
}

func make1001() []any {
	out := make([]any, 1001)
	for i := range out {
		out[i] = "x"
	}
	return out
}

// TestIDsOfAnotherNoun wants a field that reads one noun to know nothing of another's ids.
func TestIDsOfAnotherNoun(t *testing.T) {
	g := graphtest.Sample(t)
	id := graphtest.At(g.Query(t, `{entity(by:{name:"Grafana"}){id}}`, nil, nil), "entity", "id")
	for _, field := range []string{"episode", "procedure", "relationship", "todo"} {
		data := g.Query(t, "query($i:ID!){x:"+field+"(id:$i){id}}", map[string]any{"i": id}, nil)
		if data["x"] != nil {
			t.Errorf("%s of an entity's id is %v", field, data["x"])
		}
	}
}

// TestForeignCursors wants a cursor to be good for its own list, order and scope only.
func TestForeignCursors(t *testing.T) {
	g := graphtest.Sample(t)
	cursor := func(query string) any {
		return graphtest.At(g.Query(t, query, nil, nil), "x", "pageInfo", "endCursor")
	}
	own := cursor(`{x:episodes(first:2){pageInfo{endCursor}}}`).(string)
	const next = `query($c:String){x:episodes(first:2,after:$c){edges{node{id}}}}`
	if got := len(ids(g.Query(t, next, map[string]any{"c": own}, nil))); got != 2 {
		t.Fatalf("its own list: %d episodes", got)
	}
	for what, c := range map[string]any{
		"another list":  cursor(`{x:entities(first:2){pageInfo{endCursor}}}`),
		"another order": cursor(`{x:episodes(first:2,orderBy:[{field:SESSION_ID}]){pageInfo{endCursor}}}`),
		"the other way": cursor(`{x:episodes(first:2,orderBy:[{field:TIMESTAMP,direction:ASC}]){pageInfo{endCursor}}}`),
		"cut short":     own[:len(own)-1], "changed": "A" + own[1:], "nonsense": "nonsense", "empty": "", "longer": own + "AAAA",
		"unsigned": string(stores.NewCursor([]stores.Order{{Field: "timestamp", Direction: "DESC"}, {Field: "id", Direction: "ASC"}}, []any{1.0, "x"}, "x")),
	} {
		t.Run(what, func(t *testing.T) { refused(t, g, next, map[string]any{"c": c}, "BAD_USER_INPUT") })
	}
	foreign := g.Post(t, next, map[string]any{"c": own}, graphtest.As(stores.NewScope("jonah", "", "")))
	if len(foreign.Errors) != 1 || foreign.Errors[0].Code() != "BAD_USER_INPUT" {
		t.Errorf("another scope: %s", foreign.Body)
	}
}

// TestDeadRecords takes the records away from a query that asks all stores, and wants the rest unharmed.
func TestDeadRecords(t *testing.T) {
	dead(t, stores.RoleRecords, map[string]bool{
		"episodes.edges.node.profile": true, "episodes.edges.node.todos": true, "episodes.edges.node.entities.content": true,
		"episodes.edges.node.entities.todos": true, "todos": true, "profile": true,
	})
}

// TestDeadVectors takes the vectors away: recall answers from the texts themselves.
func TestDeadVectors(t *testing.T) {
	dead(t, stores.RoleVectors, map[string]bool{
		"episodes.edges.node.similar": true, "episodes.edges.node.embedding": true, "todos.edges.node.similar": true,
	})
}

// TestDeadEmbedder takes the embedder away: recall answers by words.
func TestDeadEmbedder(t *testing.T) { dead(t, stores.RoleEmbedder, map[string]bool{}) }

// dead answers a query with and without a role and compares all but the fields that the role answers.
func dead(t *testing.T, gone stores.Role, costs map[string]bool) {
	t.Helper()
	g := graphtest.NewSample(t)
	const query = `{
		episodes(first:3){edges{node{content profile{summary} todos{content} similar(first:2){score node{content}} embedding previous{content}
			entities{name content todos{content} relationships(first:2){edges{node{weight target{...on Entity{name}}}}}}}}}
		todos(first:2){edges{node{content similar{score}}}} profile{summary} procedures(first:2){edges{node{name}}}
		named:entity(by:{name:"Grafana"}){summary} relationships(first:2){edges{node{type}}}
		recall(input:{text:"ledger",kinds:[EPISODE]}){hits{node{id}} legs{name error}}}`
	whole := g.Query(t, query, nil, nil)
	g.Break(func(op resilience.Op) error {
		if op.Role == gone {
			return stores.Unavailable(op.Backend, errDriver)
		}
		return nil
	})
	r := g.Post(t, query, nil, nil)
	silent(t, r)
	failed := map[string]bool{}
	for _, e := range r.Errors {
		if e.Code() != "STORE_UNAVAILABLE" {
			t.Errorf("%v: %s", e.Path, e.Code())
		}
		failed[names(e.Path)] = true
	}
	for path := range failed {
		if !costs[path] {
			t.Errorf("without the %s %s failed", gone, path)
		}
	}
	for path := range costs {
		if !failed[path] {
			t.Errorf("without the %s %s did not fail", gone, path)
		}
		blank(whole, strings.Split(path, "."))
	}
	if gone != stores.RoleRecords {
		if len(graphtest.At(r.Data, "recall", "hits").([]any)) == 0 || graphtest.At(r.Data, "recall", "legs", 0, "error") == nil {
			t.Errorf("recall without the %s: %v", gone, r.Data["recall"])
		}
		whole["recall"], r.Data["recall"] = nil, nil
	}
	if !jsonEqual(whole, r.Data) {
		t.Errorf("without the %s:\n%s", gone, difference(indented(t, whole), indented(t, r.Data)))
	}
}

// names joins a path without its indices.
func names(path []any) string {
	var out []string
	for _, p := range path {
		if s, ok := p.(string); ok {
			out = append(out, s)
		}
	}
	return strings.Join(out, ".")
}

// blank makes null what is at a path, in all items of the lists on the way.
func blank(v any, path []string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			blank(e, path)
		}
	case map[string]any:
		if len(path) == 1 {
			v[path[0]] = nil
		} else {
			blank(v[path[0]], path[1:])
		}
	}
}

// TestNodesOfADeadStore wants the nodes that the other stores have.
func TestNodesOfADeadStore(t *testing.T) {
	g := graphtest.NewSample(t)
	found := g.Query(t, `{todos(first:1){edges{node{id}}} entities(first:1){edges{node{id}}}}`, nil, nil)
	vars := map[string]any{"ids": []any{graphtest.At(found, "todos", "edges", 0, "node", "id"), graphtest.At(found, "entities", "edges", 0, "node", "id")}}
	g.Break(func(op resilience.Op) error {
		if op.Role == stores.RoleRecords {
			return stores.Unavailable(op.Backend, errDriver)
		}
		return nil
	})
	r := g.Post(t, `query($ids:[ID!]!){nodes(ids:$ids){id}}`, vars, nil)
	if len(r.Errors) != 1 || r.Errors[0].Code() != "STORE_UNAVAILABLE" || graphtest.At(r.Data, "nodes", 0) != nil || graphtest.At(r.Data, "nodes", 1) == nil {
		t.Errorf("%s", r.Body)
	}
}

// TestRecallWithoutAStore wants the hits that the other stores have.
func TestRecallWithoutAStore(t *testing.T) {
	g := graphtest.NewSample(t)
	for gone, kept := range map[stores.Role]string{stores.RoleRecords: "Episode", stores.RoleGraph: "Todo"} {
		g.Break(func(op resilience.Op) error {
			if op.Role == gone {
				return stores.Unavailable(op.Backend, errDriver)
			}
			return nil
		})
		r := g.Post(t, `{recall(input:{text:"renew the certificate of the webhook endpoint"}){hits{node{__typename}}}}`, nil, nil)
		if len(r.Errors) != 1 || r.Errors[0].Code() != "STORE_UNAVAILABLE" || graphtest.At(r.Data, "recall", "hits", 0, "node", "__typename") != kept {
			t.Errorf("without the %s: %.300s", gone, r.Body)
		}
		silent(t, r)
	}
}

// TestPanics wants a panic in a store to cost its field and to be logged with its words.
func TestPanics(t *testing.T) {
	g := graphtest.NewSample(t)
	for _, broken := range []string{"todos.byEpisode", "episodes.list", "vectors.search"} {
		g.Break(func(op resilience.Op) error {
			if op.Name == broken {
				panic("hunter2 slipped in " + broken)
			}
			return nil
		})
		r := g.Post(t, `{episodes(first:2){edges{node{content todos{content}}}} profile{content} recall(input:{text:"ledger"}){hits{score}}}`, nil, nil)
		silent(t, r)
		if len(r.Errors) == 0 || r.Errors[0].Code() != "INTERNAL" || r.Data["profile"] == nil {
			t.Errorf("%s: %s", broken, r.Body)
		}
		if !slices.ContainsFunc(g.Log.Lines(slog.LevelError), func(line string) bool { return strings.Contains(line, "slipped in "+broken) }) {
			t.Errorf("%s: the panic was not logged", broken)
		}
	}
}
