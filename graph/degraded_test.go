package graph_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"thalamus/graph"
	"thalamus/graph/graphtest"
	"thalamus/resilience"
	"thalamus/stores"
)

// remote starts an edge whose stores count as servers, with a limit for the age of earlier answers.
func remote(t testing.TB, limit, open time.Duration) *graphtest.Gateway {
	t.Helper()
	return graphtest.NewServers(t, resilience.Settings{
		Timeout: time.Hour, Concurrency: 8, Open: open, StaleLimit: limit, StaleMemory: 64 << 20,
	})
}

// without lets no call reach the backends of some roles.
func without(g *graphtest.Gateway, roles ...stores.Role) {
	g.Break(func(op resilience.Op) error {
		if slices.Contains(roles, op.Role) {
			return stores.Unavailable(op.Backend, errDriver)
		}
		return nil
	})
}

const (
	writeEpisode = `mutation($c: String!) { createEpisode(input: {content: $c, sessionId: "s"}) { episode { id } problems { message } } }`
	writeTodo    = `mutation($c: String!) { createTodo(input: {content: $c}) { todo { id } problems { message } } }`
	readEpisodes = `{ episodes(first: 5) { totalCount edges { cursor node { id content } } } }`
	readTodos    = `{ todos(first: 5) { totalCount edges { node { id content } } } }`
)

func write(t testing.TB, g *graphtest.Gateway, mutation, content string, header http.Header) {
	t.Helper()
	g.Query(t, mutation, map[string]any{"c": content}, header)
}

// isMissing fails unless a response has one error, of a store that is down, and says which.
func isMissing(t testing.TB, what string, r graphtest.Response, source string) {
	t.Helper()
	if len(r.Errors) != 1 || r.Errors[0].Code() != "STORE_UNAVAILABLE" || r.Degraded == nil ||
		r.Degraded.Status != resilience.DegradedPartial || len(r.Degraded.Sources) != 1 || r.Degraded.Sources[0].Name != source || len(r.Degraded.Fields) != 0 {
		t.Errorf("%s: %s", what, r.Body)
	}
}

// TestAnEarlierAnswerStandsIn for a store that is down, and is marked with its age; nobody else has it.
func TestAnEarlierAnswerStandsIn(t *testing.T) {
	g := remote(t, time.Minute, time.Minute)
	write(t, g, writeEpisode, "before the flood", nil)
	write(t, g, writeTodo, "build a boat", nil)
	const query = `{ episodes(first: 5) { edges { cursor node { id content } } } todos(first: 5) { edges { node { content } } } }`
	asked := time.Now()
	live := g.Post(t, query, nil, nil)
	if len(live.Errors) > 0 || live.Degraded != nil || strings.Contains(string(live.Body), `"degraded"`) {
		t.Fatalf("while all is well: %s", live.Body)
	}
	without(g, stores.RoleGraph)
	time.Sleep(20 * time.Millisecond)
	r := g.Post(t, query, nil, nil)
	if len(r.Errors) > 0 || !reflect.DeepEqual(r.Data, live.Data) || r.Degraded == nil {
		t.Fatalf("%s\nwant the data of\n%s", r.Body, live.Body)
	}
	d := r.Degraded
	if d.Status != resilience.DegradedStale || len(d.Sources) != 1 || d.Sources[0].Name != "graph" || d.Sources[0].State != resilience.SourceDown {
		t.Errorf("%+v", d)
	}
	if len(d.Fields) != 1 || !slices.Equal(d.Fields[0].Path, []string{"episodes"}) || d.Fields[0].From != "cache" || d.Fields[0].StaleLimitMs != 60_000 ||
		d.Fields[0].AgeMs < 20 || d.Fields[0].AgeMs > time.Since(asked).Milliseconds() || d.Fields[0].AsOf.Before(asked.Truncate(time.Millisecond)) {
		t.Errorf("%+v", d.Fields)
	}
	if !strings.Contains(r.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("a degraded answer may be kept: %v", r.Header)
	}
	silent(t, r)
	if strings.Contains(string(r.Body), "sqlite\",\"state") {
		t.Errorf("a source is named by its product: %s", r.Body)
	}
	isMissing(t, "another question", g.Post(t, `{ episodes(first: 4) { totalCount } }`, nil, nil), "graph")
	isMissing(t, "another scope", g.Post(t, `{ episodes(first: 5) { edges { cursor node { id content } } } }`, nil, graphtest.As(stores.NewScope("other", "", ""))), "graph")
	g.Break(nil)
}

// TestAnOpenBreakerIsNamed, with the time after which it lets another call pass.
func TestAnOpenBreakerIsNamed(t *testing.T) {
	g := remote(t, time.Minute, time.Minute)
	write(t, g, writeEpisode, "before the flood", nil)
	g.Query(t, readEpisodes, nil, nil)
	without(g, stores.RoleGraph)
	for range 100 {
		r := g.Post(t, readEpisodes, nil, nil)
		if len(r.Errors) > 0 {
			t.Fatalf("%s", r.Body)
		}
		if s := r.Degraded.Sources[0]; s.State == resilience.SourceOpen {
			if s.RetryAfterMs <= 0 || s.RetryAfterMs > 60_000 {
				t.Errorf("%+v", s)
			}
			return
		}
	}
	t.Error("the breaker does not open")
}

// TestAgeHasALimit beyond which there is an error rather than an answer.
func TestAgeHasALimit(t *testing.T) {
	const limit = 300 * time.Millisecond
	g := remote(t, limit, time.Minute)
	write(t, g, writeEpisode, "before the flood", nil)
	asked := time.Now()
	g.Query(t, readEpisodes, nil, nil)
	without(g, stores.RoleGraph)
	for {
		r := g.Post(t, readEpisodes, nil, nil)
		if len(r.Errors) > 0 {
			isMissing(t, "too old", r, "graph")
			break
		}
		if r.Degraded.Fields[0].AgeMs > limit.Milliseconds()+50 || time.Since(asked) > time.Minute {
			t.Fatalf("too old: %s", r.Body)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if passed := time.Since(asked); passed < limit {
		t.Errorf("gone after %s", passed)
	}
	off := remote(t, 0, time.Minute)
	write(t, off, writeEpisode, "before the flood", nil)
	off.Query(t, readEpisodes, nil, nil)
	without(off, stores.RoleGraph)
	isMissing(t, "turned off", off.Post(t, readEpisodes, nil, nil), "graph")
}

// TestAWriteEndsWhatWasKept in its scope, and leaves other scopes and other stores alone.
func TestAWriteEndsWhatWasKept(t *testing.T) {
	g := remote(t, time.Minute, time.Minute)
	other := graphtest.As(stores.NewScope("other", "", ""))
	for _, header := range []http.Header{nil, other} {
		write(t, g, writeEpisode, "before the flood", header)
		write(t, g, writeTodo, "build a boat", header)
		g.Query(t, readEpisodes, nil, header)
		g.Query(t, readTodos, nil, header)
	}
	write(t, g, writeEpisode, "after the flood", nil)
	without(g, stores.RoleGraph, stores.RoleRecords)
	isMissing(t, "written", g.Post(t, readEpisodes, nil, nil), "graph")
	for _, r := range []graphtest.Response{g.Post(t, readTodos, nil, nil), g.Post(t, readEpisodes, nil, other)} {
		if len(r.Errors) > 0 || r.Degraded == nil {
			t.Errorf("not written: %s", r.Body)
		}
	}
}

// TestStrongReads have the store's own answer or an error, however they say it; any other word is refused.
func TestStrongReads(t *testing.T) {
	g := remote(t, time.Minute, time.Minute)
	write(t, g, writeEpisode, "before the flood", nil)
	g.Query(t, readEpisodes, nil, nil)
	without(g, stores.RoleGraph)
	header := http.Header{graph.ConsistencyHeader: {"STRONG"}}
	isMissing(t, "by header", g.Post(t, readEpisodes, nil, header), "graph")
	body := func(v any) map[string]any {
		return map[string]any{"query": readEpisodes, "extensions": map[string]any{"consistency": v}}
	}
	isMissing(t, "by parameter", g.Send(t, body("STRONG"), nil), "graph")
	if r := g.Send(t, body(nil), nil); len(r.Errors) > 0 || r.Degraded.Status != resilience.DegradedStale {
		t.Errorf("null: %s", r.Body)
	}
	for _, bad := range []any{"strong", "WEAK", "", 1, true, []any{"STRONG"}, map[string]any{}} {
		if r := g.Send(t, body(bad), nil); len(r.Errors) != 1 || r.Errors[0].Code() != "BAD_REQUEST" || !strings.Contains(r.Errors[0].Message, "STRONG") || r.Data != nil {
			t.Errorf("%v: %s", bad, r.Body)
		}
	}
	if r := g.Post(t, readEpisodes, nil, http.Header{graph.ConsistencyHeader: {"STRONG", "no"}}); len(r.Errors) != 1 || r.Errors[0].Code() != "BAD_REQUEST" {
		t.Errorf("a bad header: %s", r.Body)
	}
	ws := dial(t, g, nil)
	for _, c := range []struct{ extensions, want string }{{`{}`, `"status":"stale"`}, {`{"consistency":"STRONG"}`, `"STORE_UNAVAILABLE"`}, {`{"consistency":"no"}`, `"BAD_REQUEST"`}} {
		if got := ws(fmt.Sprintf(`{"query":%q,"extensions":%s}`, readEpisodes, c.extensions)); !strings.Contains(got, c.want) {
			t.Errorf("over a WebSocket with %s: %s", c.extensions, got)
		}
	}
	if got := dial(t, g, header)(fmt.Sprintf(`{"query":%q}`, readEpisodes)); !strings.Contains(got, `"STORE_UNAVAILABLE"`) {
		t.Errorf("by the header of a WebSocket: %s", got)
	}
}

// dial opens a WebSocket with a header and gives the way to run an operation over it, which answers its first message.
func dial(t *testing.T, g *graphtest.Gateway, header http.Header) func(payload string) string {
	t.Helper()
	s := httptest.NewServer(g.Handler)
	t.Cleanup(s.Close)
	conn, _, err := websocket.Dial(t.Context(), s.URL, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: header})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	ask := func(message string) string {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
			t.Fatal(err)
		}
		for {
			_, got, err := conn.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(got), `"complete"`) { // of the operation before
				return string(got)
			}
		}
	}
	ask(`{"type":"connection_init"}`)
	n := 0
	return func(payload string) string {
		n++
		return ask(fmt.Sprintf(`{"id":"%d","type":"subscribe","payload":%s}`, n, payload))
	}
}

// TestMutationsReadStrongly wants what a mutation shows never to be an earlier answer.
func TestMutationsReadStrongly(t *testing.T) {
	g := remote(t, time.Minute, time.Minute)
	created := g.Query(t, `mutation { createEpisode(input: {content: "before the flood", sessionId: "s"}) { episode { id } } upsertProfile(input: {content: "a builder"}) { profile { id } } }`, nil, nil)
	id := graphtest.At(created, "createEpisode", "episode", "id")
	const profile = `{ profile { content } }`
	g.Query(t, profile, nil, nil)
	g.Break(func(op resilience.Op) error {
		if op.Name == "profiles.of" {
			return stores.Unavailable(op.Backend, errDriver)
		}
		return nil
	})
	r := g.Post(t, `mutation($id: ID!) { updateEpisode(input: {id: $id, content: "after the flood"}) { episode { content profile { content } } } }`, map[string]any{"id": id}, nil)
	if len(r.Errors) != 1 || graphtest.At(r.Data, "updateEpisode", "episode", "content") != "after the flood" || r.Degraded == nil || r.Degraded.Status != resilience.DegradedPartial {
		t.Errorf("a mutation: %s", r.Body)
	}
	if r := g.Post(t, profile, nil, nil); len(r.Errors) > 0 || r.Degraded == nil {
		t.Errorf("a query: %s", r.Body)
	}
}

// TestBatchesAreKeptKeyByKey wants other combinations of nodes to be answered, if all of them are known.
func TestBatchesAreKeptKeyByKey(t *testing.T) {
	g := remote(t, time.Minute, time.Minute)
	var ids []any
	for i := range 4 {
		made := g.Query(t, writeEpisode, map[string]any{"c": fmt.Sprint("episode ", i)}, nil)
		ids = append(ids, graphtest.At(made, "createEpisode", "episode", "id"))
	}
	nobody := graphtest.Global(&stores.Episode{ID: stores.NewID()})
	const query = `query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Episode { content } } }`
	ask := func(ids ...any) graphtest.Response { return g.Post(t, query, map[string]any{"ids": ids}, nil) }
	ask(ids[0], ids[1], nobody)
	time.Sleep(2 * time.Millisecond)
	between := time.Now()
	ask(ids[2])
	without(g, stores.RoleGraph)
	r := ask(ids[2], ids[0])
	if len(r.Errors) > 0 || graphtest.At(r.Data, "nodes", 0, "content") != "episode 2" || graphtest.At(r.Data, "nodes", 1, "content") != "episode 0" {
		t.Errorf("%s", r.Body)
	}
	if r.Degraded == nil || !r.Degraded.Fields[0].AsOf.Before(between) {
		t.Errorf("the age is not that of the oldest part: %s", r.Body)
	}
	if r := ask(nobody, ids[1]); len(r.Errors) > 0 || graphtest.At(r.Data, "nodes", 0) != nil || graphtest.At(r.Data, "nodes", 1, "content") != "episode 1" {
		t.Errorf("one that is known to be absent: %s", r.Body)
	}
	for _, unknown := range [][]any{{ids[0], ids[3]}, {nobody}} {
		isMissing(t, "not all are known", ask(unknown...), "graph")
	}
}

// TestWholeAnswersAreAsTheyWere runs the golden operations, then again while graph and records are down.
func TestWholeAnswersAreAsTheyWere(t *testing.T) {
	g := remote(t, time.Hour, time.Minute)
	graphtest.Load(t, g)
	live := map[string]graphtest.Response{}
	for _, file := range goldenFiles(t) {
		if query, vars := document(t, file); !strings.Contains(query, "backends") && !strings.Contains(query, "sagas") { // neither is kept
			live[file] = g.Post(t, query, vars, nil)
		}
	}
	without(g, stores.RoleGraph, stores.RoleRecords)
	stood := 0
	for file, was := range live {
		query, vars := document(t, file)
		r := g.Post(t, query, vars, nil)
		for _, e := range r.Errors { // what says that there is nothing is not kept
			name, _ := e.Path[0].(string)
			if negative := indented(t, graphtest.At(was.Data, e.Path...)); len(negative) > 300 {
				t.Errorf("%s: %v is missing, and was %s", file, e.Path, negative)
			}
			delete(was.Data, name)
			delete(r.Data, name)
		}
		if stood += len(r.Data); !reflect.DeepEqual(stable(t, "", r.Data), stable(t, "", was.Data)) {
			t.Errorf("%s: %s\nwant the data of\n%s", file, r.Body, was.Body)
		}
	}
	if stood < 25 {
		t.Errorf("only %d fields stood in", stood)
	}
}

// TestScopesStayApart reads at random in two scopes while stores come and go, and wants no word of one in the other.
func TestScopesStayApart(t *testing.T) {
	g := remote(t, time.Minute, time.Millisecond)
	scopes := []stores.Scope{stores.NewScope("ann", "", ""), stores.NewScope("ann", "default/default", "")}
	canaries := []string{"canary-of-ann", "canary-of-device"}
	for i, s := range scopes {
		for range 3 {
			write(t, g, writeEpisode, canaries[i], graphtest.As(s))
			write(t, g, writeTodo, canaries[i], graphtest.As(s))
		}
		g.Query(t, `mutation($c: String!) { upsertEntity(input: {name: "Noah", content: $c, summary: $c}) { entity { id } } upsertProfile(input: {content: $c}) { profile { id } } }`, map[string]any{"c": canaries[i]}, graphtest.As(s))
	}
	reads := []string{
		readEpisodes, readTodos, `{ profile { content episodes(first: 2) { totalCount } } }`, `{ entity(by: {name: "Noah"}) { content summary episodes { edges { node { content } } } } }`,
		`{ episodes(first: 2, where: {content: {contains: "canary"}}) { edges { node { content entities { name } todos { content } } } } }`,
		`{ entities(first: 1) { totalCount edges { node { summary } } } }`, `{ recall(input: {text: "canary Noah"}) { hits { node { id ... on Episode { content } ... on Todo { content } } } } }`,
	}
	random := rand.New(rand.NewPCG(1, 2))
	stale, seen := 0, 0
	for n := range 400 {
		switch n % 20 {
		case 0:
			g.Break(nil)
		case 8:
			without(g, [][]stores.Role{{stores.RoleGraph}, {stores.RoleRecords}, {stores.RoleGraph, stores.RoleRecords}}[random.IntN(3)]...)
		}
		mine := random.IntN(2)
		r := g.Post(t, reads[random.IntN(len(reads))], nil, graphtest.As(scopes[mine]))
		if strings.Contains(string(r.Body), canaries[1-mine]) {
			t.Fatalf("%v reads %s", scopes[mine], r.Body)
		}
		if strings.Contains(string(r.Body), canaries[mine]) {
			seen++
			if r.Degraded != nil {
				stale++
			}
		}
	}
	if seen < 100 || stale < 50 {
		t.Errorf("%d answers with a canary, %d of them degraded: the test saw too little", seen, stale)
	}
}

// TestRecallFallsBack wants the legs that are left to answer, and the answer to say what it lacks.
func TestRecallFallsBack(t *testing.T) {
	const query = `{ recall(input: {text: "Why were webhooks delayed?", first: 5, expand: {depth: 1}}) { hits { score node { id } legs { name } } legs { name candidates error } } }`
	strong := http.Header{graph.ConsistencyHeader: {"STRONG"}}
	for _, c := range []struct {
		role   stores.Role
		source string
		failed []string
		lead   string // a leg that finds something
	}{
		{stores.RoleEmbedder, "embedder", []string{"DENSE"}, "KEYWORD"},
		{stores.RoleVectors, "vectors", []string{"DENSE", "KEYWORD"}, "TEXT"},
	} {
		g := remote(t, time.Minute, time.Minute)
		graphtest.Load(t, g)
		without(g, c.role)
		r := g.Post(t, query, nil, nil)
		if len(r.Errors) > 0 || r.Degraded == nil || r.Degraded.Status != resilience.DegradedPartial || len(r.Degraded.Sources) != 1 || r.Degraded.Sources[0].Name != c.source {
			t.Fatalf("without %s: %s", c.role, r.Body)
		}
		if graphtest.At(r.Data, "recall", "hits", 4) == nil {
			t.Errorf("without %s: too few hits: %s", c.role, r.Body)
		}
		var failed, found []string
		for _, l := range graphtest.At(r.Data, "recall", "legs").([]any) {
			switch name := graphtest.At(l, "name").(string); {
			case graphtest.At(l, "error") != nil:
				failed = append(failed, name)
			case graphtest.At(l, "candidates").(float64) > 0:
				found = append(found, name)
			}
		}
		if !slices.Equal(failed, c.failed) || !slices.Contains(found, c.lead) || !slices.Contains(found, "GRAPH") {
			t.Errorf("without %s: %v failed, %v found something", c.role, failed, found)
		}
		text, _ := json.Marshal(graphtest.At(r.Data, "recall", "hits"))
		if slices.ContainsFunc(failed, func(leg string) bool { return strings.Contains(string(text), leg) }) {
			t.Errorf("without %s: a leg that was not asked found something: %s", c.role, text)
		}
		if r := g.Post(t, query, nil, strong); len(r.Errors) != 1 || r.Errors[0].Code() != "STORE_UNAVAILABLE" || graphtest.At(r.Data, "recall") != nil {
			t.Errorf("strongly, without %s: %s", c.role, r.Body)
		}
		if r := g.Post(t, `{ recall(input: {text: "Why were webhooks delayed?", legs: {keyword: 0}}) { legs { name } } }`, nil, nil); len(r.Errors) != 1 {
			t.Errorf("by meaning alone, without %s: %s", c.role, r.Body)
		}
	}
	g := remote(t, time.Minute, time.Minute)
	graphtest.Load(t, g)
	without(g, stores.RoleVectors, stores.RoleGraph, stores.RoleRecords)
	if r := g.Post(t, query, nil, nil); len(r.Errors) != 1 || r.Errors[0].Code() != "STORE_UNAVAILABLE" {
		t.Errorf("without any: %s", r.Body)
	}
}
