package selection_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"thalamus/graph/graphtest"
	"thalamus/resilience"
	"thalamus/stores"
)

func TestMain(m *testing.M) { graphtest.Main(m) }

// served lists the paths that the calls of an operation served.
func served(t *testing.T, query string, header http.Header) map[string][]string {
	t.Helper()
	g := graphtest.Sample(t)
	r := g.Post(t, query, nil, header)
	if len(r.Errors) > 0 {
		t.Fatal(r.Errors)
	}
	out := map[string][]string{}
	for _, c := range r.Calls {
		paths := slices.Clone(c.Paths)
		slices.Sort(paths)
		out[c.Operation] = append(out[c.Operation], strings.Join(paths, " "))
	}
	for _, paths := range out {
		slices.Sort(paths)
	}
	return out
}

// TestPlaces wants each call to name the response paths it serves, aliases included, indices left out.
func TestPlaces(t *testing.T) {
	got := served(t, `{
		all: episodes(first:3) {edges {node {mine: entities {name content tags: keywords} previous {content} next {todos {content}}}}}
		entity(by:{name:"Grafana"}) {relationships(first:2) {edges {node {source {...on Entity {name}} to: target {...on Entity {name}}}}}}
	}`, nil)
	for operation, want := range map[string][]string{
		"episodes.list":        {"all"},
		"entities.byEpisode":   {"all/edges/node/mine"},
		"entityRecords.byId":   {"all/edges/node/mine/content all/edges/node/mine/tags"},
		"episodes.adjacent":    {"all/edges/node/next all/edges/node/previous"},
		"todos.byEpisode":      {"all/edges/node/next/todos"},
		"relationships.byNode": {"entity/relationships"},
		"entities.byName":      {"entity"},
		"entities.byId":        {"entity/relationships/edges/node/source entity/relationships/edges/node/to"},
	} {
		if !slices.Equal(got[operation], want) {
			t.Errorf("%s served %q, want %q", operation, got[operation], want)
		}
	}
}

// TestSameFieldOtherSelection wants fields of one path that stand under different types not to be mistaken for another.
func TestSameFieldOtherSelection(t *testing.T) {
	g := graphtest.Sample(t)
	const query = `{neighborhood(of:"RXBpc29kZTowMWExN2FlYi1kYmMwLTdjNjQtYjc5Yi1lOWYyZjFiNDdjZTg",depth:2,first:100){nodes{node{
		...on Entity{relationships(first:3){edges{node{target{...on Entity{name todos{content}}}}}}}
		...on Episode{relationships(first:3){edges{node{type target{...on Entity{summary episodes(first:1){edges{node{content}}}}}}}}}
		...on Procedure{relationships(first:1){edges{node{weight source{id}}}}}
	}}}}`
	for range 10 {
		r := g.Post(t, query, nil, nil) // which fails when a batch is announced wrongly
		if len(r.Errors) > 0 {
			t.Fatal(r.Errors)
		}
		count := map[string]int{}
		for _, c := range r.Calls {
			count[c.Operation]++
		}
		if count["relationships.byNode"] != 2 || count["todos.byEntity"] != 1 || count["episodes.byEntity"] != 1 {
			t.Errorf("calls %v", r.Count())
		}
	}
}

// TestHeavyFieldsStay wants texts that nobody selected to stay in their store, whatever the place.
func TestHeavyFieldsStay(t *testing.T) {
	g := graphtest.NewSample(t)
	light := g.Post(t, `{episodes(first:100){edges{node{id}}} recall(input:{text:"ledger",first:50}){hits{node{id}}}}`, nil, nil)
	heavy := g.Post(t, `{episodes(first:100){edges{node{id content}}} recall(input:{text:"ledger",first:50}){hits{node{id ...on Episode{content} ...on Entity{summary}}}}}`, nil, nil)
	if len(light.Body) > len(heavy.Body)/2 {
		t.Errorf("%d bytes without texts, %d with", len(light.Body), len(heavy.Body))
	}
	// What is selected through fragments and aliases comes all the same.
	data := g.Query(t, `{episodes(first:1){edges{node{...A}}} todos(first:1){edges{node{sourceEpisode{...on Node{...A}}}}}} fragment A on Episode{text:content ...B} fragment B on Episode{context{project}}`, nil, nil)
	for _, path := range [][]any{{"episodes", "edges", 0, "node"}, {"todos", "edges", 0, "node", "sourceEpisode"}} {
		if node := graphtest.At(data, path...); graphtest.At(node, "text") == "" || graphtest.At(node, "text") == nil || graphtest.At(node, "context", "project") == nil {
			t.Errorf("%v is %v", path, node)
		}
	}
}

// TestMutationsAnnounce wants the joins of a payload in as many calls as those of a query.
func TestMutationsAnnounce(t *testing.T) {
	header := graphtest.As(stores.NewScope("selection", "", string(stores.NewID())))
	got := served(t, `mutation {
		a: upsertEntity(input:{name:"A"}) {entity {content keywords relationships {edges {node {id}}} versions {name}}}
		b: upsertEntity(input:{name:"B"}) {entity {content}}
		c: createEpisode(input:{sessionId:"s",content:"c"}) {episode {previous {content} next {content} entities {name} todos {content}}}
	}`, header)
	for operation, path := range map[string]string{"entities.byLineage": "a/entity/versions", "relationships.byNode": "a/entity/relationships", "todos.byEpisode": "c/episode/todos", "episodes.adjacent": "c/episode/next c/episode/previous"} {
		if !slices.Equal(got[operation], []string{path}) {
			t.Errorf("%s served %q, want %q", operation, got[operation], path)
		}
	}
	if !slices.Contains(got["entityRecords.byId"], "a/entity/content a/entity/keywords") || !slices.Contains(got["entityRecords.byId"], "b/entity/content") {
		t.Errorf("the records served %q", got["entityRecords.byId"])
	}
}

// TestCancelled wants a request that nobody waits for any more to end without a word about its batches.
func TestCancelled(t *testing.T) {
	g := graphtest.NewSample(t)
	ctx, cancel := context.WithCancel(t.Context())
	g.Break(func(op resilience.Op) error {
		if op.Name == "entities.byEpisode" {
			cancel()
			return ctx.Err()
		}
		return nil
	})
	r := g.Post(t, `{episodes(first:5){edges{node{entities{name relationships{edges{node{id}}}} todos{content}}}}}`, nil, nil)
	if len(r.Errors) == 0 || !json.Valid(r.Body) {
		t.Errorf("%s", r.Body)
	}
	if lines := g.Log.Lines(slog.LevelWarn); slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "batch left") }) {
		t.Error(lines)
	}
}
