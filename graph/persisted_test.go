package graph_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"thalamus/graph"
	"thalamus/graph/graphtest"
	"thalamus/graph/limits"
)

func hashed(query string) string {
	sum := sha256.Sum256([]byte(query))
	return hex.EncodeToString(sum[:])
}

// named are the parameters of a request that names a document by its hash; without a query it sends no more.
func named(query, hash string) map[string]any {
	p := map[string]any{"extensions": map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hash}}}
	if query != "" {
		p["query"] = query
	}
	return p
}

// wants checks the code of the only error, or that there is none.
func wants(t *testing.T, r graphtest.Response, code string) {
	t.Helper()
	if code == "" && len(r.Errors) == 0 {
		return
	}
	if len(r.Errors) != 1 || r.Errors[0].Code() != code {
		t.Errorf("%q wanted: %d %.300s", code, r.Status, r.Body)
	}
}

// get sends a GET, as browsers do for what may be cached.
func get(g *graphtest.Gateway, values url.Values) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/graphql?"+values.Encode(), nil)
	r.Header.Set("Accept", "application/json")
	g.Handler.ServeHTTP(rec, r)
	return rec
}

func TestAutomaticPersistedQueries(t *testing.T) {
	g := graphtest.NewWith(t, func(o *graph.Options) { o.Persisted = limits.NewPersisted(nil, true) })
	const query = "{profile{id}}"
	wants(t, g.Send(t, named("", hashed(query)), nil), limits.CodePersistedNotFound)
	wants(t, g.Send(t, named(query, hashed("{a}")), nil), "BAD_REQUEST")
	wants(t, g.Send(t, named("", hashed("{a}")), nil), limits.CodePersistedNotFound)
	wants(t, g.Send(t, named(query, hashed(query)), nil), "")
	wants(t, g.Send(t, named("", hashed(query)), nil), "")

	extension, err := json.Marshal(named("", hashed(query))["extensions"])
	if err != nil {
		t.Fatal(err)
	}
	if rec := get(g, url.Values{"extensions": {string(extension)}}); rec.Code != 200 || !strings.Contains(rec.Body.String(), `{"data":{"profile":null}}`) {
		t.Errorf("the hash alone by GET: %d %s", rec.Code, rec.Body)
	}
	for bad, code := range map[string]string{
		"{nothing}": "GRAPHQL_VALIDATION_FAILED", "{": "GRAPHQL_PARSE_FAILED", "{" + aliases(101, "__typename") + "}": limits.CodeAliases,
		"{" + aliases(50, `recall(input:{text:"a"}){hits{rank}}`) + "}": limits.CodeCost,
	} {
		wants(t, g.Send(t, named(bad, hashed(bad)), nil), code)
		wants(t, g.Send(t, named("", hashed(bad)), nil), limits.CodePersistedNotFound) // it was not kept
	}
}

// TestKeptDocumentsAreBounded wants what was not used for longest to go when there are too many, or too large ones.
func TestKeptDocumentsAreBounded(t *testing.T) {
	g := graphtest.NewWith(t, func(o *graph.Options) { o.Persisted = limits.NewPersisted(nil, true) })
	keep := func(query string) {
		wants(t, g.Send(t, named(query, hashed(query)), nil), "")
	}
	first := "{__typename}"
	keep(first)
	for i := range 300 {
		keep(fmt.Sprintf("{__typename} #%d%s", i, strings.Repeat("x", 60_000)))
	}
	wants(t, g.Send(t, named("", hashed(first)), nil), limits.CodePersistedNotFound)
	keep(first)
	for i := range 1000 {
		keep(fmt.Sprintf("{__typename} #%d", i))
	}
	wants(t, g.Send(t, named("", hashed(first)), nil), limits.CodePersistedNotFound)
	wants(t, g.Send(t, named("", hashed("{__typename} #1")), nil), "")
}

func TestPersistedQueriesOff(t *testing.T) {
	g := graphtest.New(t)
	wants(t, g.Send(t, named("", hashed("{profile{id}}")), nil), "PERSISTED_QUERY_NOT_SUPPORTED")
	wants(t, g.Send(t, named("{profile{id}}", hashed("{profile{id}}")), nil), "")
}

func TestAllowedOperations(t *testing.T) {
	const query = "{profile{id}}"
	g := graphtest.NewWith(t, func(o *graph.Options) { o.Persisted = limits.NewPersisted([]string{query}, true) })
	wants(t, g.Post(t, query, nil, nil), "")
	wants(t, g.Send(t, named("", hashed(query)), nil), "")
	wants(t, g.Send(t, named(query, hashed("{a}")), nil), "")
	for _, other := range []string{"{profile{content}}", query + " ", "{__schema{types{name}}}"} {
		wants(t, g.Post(t, other, nil, nil), limits.CodeNotAllowed)
		wants(t, g.Send(t, named(other, hashed(query)), nil), limits.CodeNotAllowed)
		wants(t, g.Send(t, named("", hashed(other)), nil), limits.CodeNotAllowed)
	}
}

// TestRates wants each scope to spend what it has, at once, and then to be told when to come back.
func TestRates(t *testing.T) {
	g := graphtest.NewWith(t, func(o *graph.Options) { o.Rate = limits.Rate{PerSecond: 1, Burst: 7500} })
	const query = `{recall(input:{text:"a",first:1}){hits{rank}}}`
	someone := http.Header{"Thalamus-User": {"someone"}}
	for range 2 {
		wants(t, g.Post(t, query, nil, nil), "")
	}
	r := g.Post(t, query, nil, nil)
	wants(t, r, "RATE_LIMITED")
	wait, _ := r.Errors[0].Extensions["retryAfterMs"].(float64)
	if after := r.Header.Get("Retry-After"); r.Status != 429 || wait < 1000 || after != fmt.Sprint(math.Ceil(wait/1000)) {
		t.Errorf("status %d, after %s s or %v ms", r.Status, after, wait)
	}
	wants(t, g.Post(t, query, nil, someone), "") // who has spent nothing
	wants(t, g.Post(t, "{nothing}", nil, someone), "GRAPHQL_VALIDATION_FAILED")
	wants(t, g.Post(t, query, nil, someone), "")
	wants(t, g.Post(t, query, nil, someone), "RATE_LIMITED")
	if rec := get(g, url.Values{"query": {query}}); rec.Code != 429 {
		t.Errorf("by GET: %d", rec.Code)
	}
}

// TestCalls wants a query to end its calls to stores at the limit, and a mutation to make all of its own.
func TestCalls(t *testing.T) {
	g := graphtest.NewWith(t, func(o *graph.Options) { o.Limits.Calls = 3 })
	wants(t, g.Post(t, "{a:episodes{edges{cursor}} b:episodes{edges{cursor}} c:episodes{edges{node{id}}}}", nil, nil), "")
	r := g.Post(t, "{"+aliases(6, "episodes{edges{node{id}}}")+"}", nil, nil)
	if len(r.Errors) != 3 || r.Errors[0].Code() != limits.CodeCalls || !strings.Contains(r.Errors[0].Message, "the limit is 3") {
		t.Errorf("%s", r.Body)
	}
	if len(r.Calls) != 3 || len(r.Errors) > 0 && len(r.Errors[0].Path) != 1 {
		t.Errorf("%d calls: %s", len(r.Calls), r.Body)
	}
	data := g.Query(t, "mutation{"+aliases(6, `createTodo(input:{content:"a"}){todo{id}}`)+"}", nil, nil)
	if graphtest.At(data, "axxxxx", "todo", "id") == nil {
		t.Errorf("a mutation was cut short: %v", data)
	}
}

// TestCostIsShown wants the figures with the trace, for those who may see it.
func TestCostIsShown(t *testing.T) {
	g := graphtest.Sample(t)
	r := g.Post(t, "{episodes(first:3){edges{node{id}}}}", nil, nil)
	if !strings.Contains(string(r.Body), `"cost":{"requested":207,"limit":100000}`) {
		t.Errorf("%s", r.Body)
	}
	if rec := get(g, url.Values{"query": {"{profile{id}}"}}); strings.Contains(rec.Body.String(), "requested") {
		t.Errorf("%s", rec.Body)
	}
}

// TestVariablesAreBounded wants values to be refused that only a program would nest so, or so many.
func TestVariablesAreBounded(t *testing.T) {
	g := graphtest.Sample(t)
	var where any = map[string]any{}
	for range 30 {
		where = map[string]any{"not": where}
	}
	r := g.Post(t, "query($w:EpisodeWhere){episodes(where:$w){totalCount}}", map[string]any{"w": where}, nil)
	wants(t, r, limits.CodeDepth)
	if len(r.Errors) == 1 && !strings.Contains(r.Errors[0].Message, "31 levels deep; the limit is 24") {
		t.Errorf("%s", r.Body)
	}
	r = g.Post(t, "query($j:JSON){__typename}", map[string]any{"j": slices.Repeat([]any{1}, 10_000)}, nil)
	wants(t, r, limits.CodeValues)
}
