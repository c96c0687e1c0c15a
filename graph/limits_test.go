package graph_test

import (
	"math"
	"strings"
	"testing"

	"thalamus/graph"
	"thalamus/graph/graphtest"
	"thalamus/graph/limits"
	"thalamus/loaders"
)

// TestNestedListsAreBounded wants a short query that asks for millions of nodes to be refused before they are there.
func TestNestedListsAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("twenty thousand nodes take minutes under the race detector")
	}
	g := graphtest.NewWith(t, func(o *graph.Options) { // documents that ask for so much are refused beforehand
		o.Limits.Cost = math.MaxInt
		o.Limits.Document = limits.Measure{Tokens: 10_000, Aliases: 1000, RootFields: 1000}
	})
	graphtest.Load(t, g)
	for _, query := range []string{
		`{episodes(first:200){edges{node{similar(first:100){node{similar(first:100){node{similar(first:100){node{id}}}}}}}}}}`,
		"{entities(first:200){edges{node{" + strings.Repeat("neighbors(first:200){id ... on Entity{", 7) + "id" + strings.Repeat("}}", 7) + "}}}}",
		"{" + aliases(200, "episodes(first:200){edges{node{id}}}") + "}",
	} {
		r := g.Post(t, query, nil, nil)
		if len(r.Errors) == 0 || len(r.Errors) > 101 {
			t.Fatalf("%.60s: %d errors", query, len(r.Errors))
		}
		if e := r.Errors[0]; !strings.Contains(e.Message, "20000 nodes") || e.Code() != "BAD_USER_INPUT" {
			t.Errorf("%.60s: %+v", query, e)
		}
		if len(r.Body) > 200*loaders.MaxNodes {
			t.Errorf("%.60s: %d bytes", query, len(r.Body))
		}
	}
}

func aliases(n int, field string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("a" + strings.Repeat("x", i) + ":" + field + " ")
	}
	return b.String()
}

// TestLargeNumbers wants 64 bits where values may need them, and a clear refusal where a noun does not count so far.
func TestLargeNumbers(t *testing.T) {
	g := graphtest.New(t)
	data := g.Query(t, `mutation{createEpisode(input:{sessionId:"n",content:"c",durationMs:5000000000}){episode{durationMs}problems{message}}}`, nil, nil)
	if got := graphtest.At(data, "createEpisode", "episode", "durationMs"); got != 5e9 {
		t.Errorf("a duration of 58 days is %v", got)
	}
	data = g.Query(t, `mutation{createEpisode(input:{sessionId:"n",content:"c",sequencePosition:2147483647}){problems{code path}} decayRelationships(input:{staleAfter:"P200Y"}){problems{message}}}`, nil, nil)
	if got := graphtest.At(data, "createEpisode", "problems").([]any); len(got) != 1 {
		t.Errorf("a position that leaves no room for the next: %v", got)
	}
	if got := graphtest.At(data, "decayRelationships", "problems").([]any); len(got) != 0 {
		t.Errorf("200 years: %v", got)
	}
	r := g.Post(t, `mutation{decayRelationships(input:{staleAfter:"P300Y"}){decayed}}`, nil, nil)
	if len(r.Errors) != 1 || !strings.Contains(r.Errors[0].Message, "290 years") || r.Errors[0].Code() != "BAD_USER_INPUT" {
		t.Errorf("300 years: %+v", r.Errors)
	}
}

// TestArgumentsAreNamed wants an error about a value to say which argument held it.
func TestArgumentsAreNamed(t *testing.T) {
	g := graphtest.Sample(t)
	for query, want := range map[string]string{
		`{path(from:"x",to:"y"){length}}`: "from",
		`{nodes(ids:["x"]){id}}`:          "ids.0",
		`{episodes(first:0){totalCount}}`: "first",
		`mutation{createEpisode(input:{sessionId:"s",content:"c",entities:["bad"]}){episode{id}}}`: "input.entities.0",
		`{episodes(where:{timestamp:{gt:"yesterday"}}){totalCount}}`:                               "where.timestamp.gt",
	} {
		r := g.Post(t, query, nil, nil)
		if len(r.Errors) != 1 {
			t.Fatalf("%s: %+v", query, r.Errors)
		}
		var got []string
		list, _ := r.Errors[0].Extensions["argument"].([]any)
		for _, step := range list {
			got = append(got, step.(string))
		}
		if strings.Join(got, ".") != want {
			t.Errorf("%s: argument %v, want %s", query, got, want)
		}
	}
}

// TestOneInstantPerAnswer wants what depends on the time to be the same wherever it is selected.
func TestOneInstantPerAnswer(t *testing.T) {
	g := graphtest.Sample(t)
	data := g.Query(t, `{episodes(first:50){edges{node{a:retrievability b:retrievability}}}}`, nil, nil)
	for _, e := range graphtest.At(data, "episodes", "edges").([]any) {
		if n := graphtest.At(e, "node").(map[string]any); n["a"] != n["b"] {
			t.Fatalf("%v", n)
		}
	}
}
