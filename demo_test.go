package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thalamus/examples"
)

func TestDemo(t *testing.T) {
	environ := home(t)
	dir := filepath.Join(strings.TrimPrefix(environ[0], "HOME="), ".local", "share")
	s := serving(t, environ, "demo")
	s.output.await(t, "Ctrl-C ends the demo")
	out := s.output.String()
	wants(t, "the output", out, "Playground  "+s.URL+"/", "GraphQL     "+s.URL+"/graphql", filepath.Join(dir, "thalamus-demo"), "448 nouns",
		"development mode", "6 backend calls", `"todos": [`,
		"backend calls", `{"episodes": {"edges": [`, `"Ines Okafor"`, `{"recall": {"hits": [`, "retry storm", `{"entity": {"versions": [`, "MySQL")
	reference(t, s)
	before := query(t, s.URL, "{ episodes { totalCount } }", nil)
	deletes := query(t, s.URL, `mutation($id: ID!) { deleteEpisode(input: {id: $id}) { deleted } }`, map[string]any{"id": firstEpisode(t, s.URL)})
	if len(deletes.Errors) > 0 {
		t.Fatal(deletes.Errors)
	}
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "thalamus")); !os.IsNotExist(err) {
		t.Error("the user's own data directory was touched")
	}

	again := serving(t, environ, "demo")
	again.output.await(t, "Ctrl-C ends the demo")
	wants(t, "the output of the second start", again.output.String(), "as it was left")
	want := before.Data["episodes"].(map[string]any)["totalCount"].(float64) - 1
	after := query(t, again.URL, "{ episodes { totalCount } }", nil)
	if got := after.Data["episodes"].(map[string]any)["totalCount"]; got != want {
		t.Errorf("%v episodes after the second start, want %v: it seeds again", got, want)
	}
	if err := again.end(); err != nil {
		t.Error(err)
	}
}

// referenceParts show data of every store in an answer to the reference query.
var referenceParts = []string{
	`"entities":[{"name":`, `"relationships":{"edges":[{"node":{`, `"target":{"name":`, `"todos":[{"content":`, `"profile":{"content":"Ines Okafor leads`,
}

// reference runs the reference query, and looks for data of every store in its answer.
func reference(t *testing.T, s *running) {
	t.Helper()
	queries, err := examples.Queries()
	if err != nil {
		t.Fatal(err)
	}
	one := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	if want := strings.Replace(queries[0].Query, "Int! = 10", "Int! = 2", 1); one(demoQuestions[0].query) != one(want) {
		t.Errorf("the first question is\n%s\nwant\n%s", one(demoQuestions[0].query), one(want))
	}
	demo := query(t, s.URL, demoQuestions[0].query, nil)
	text, err := json.Marshal(demo.Data)
	if err != nil || len(demo.Errors) > 0 {
		t.Fatal(err, demo.Errors)
	}
	wants(t, "the answer to the first question", string(text), referenceParts...)
	a := query(t, s.URL, queries[0].Query, queries[0].Variables, "Thalamus-Trace", "1")
	if len(a.Errors) > 0 {
		t.Fatal(a.Errors)
	}
	if text, err = json.Marshal(a.Data); err != nil {
		t.Fatal(err)
	}
	wants(t, "the answer", string(text), referenceParts...)
	edges := a.Data["episodes"].(map[string]any)["edges"].([]any)
	if calls := len(a.Extensions.Trace.Calls); len(edges) != 10 || calls == 0 || calls > 6 {
		t.Errorf("%d episodes in %d calls, want 10 in at most 6", len(edges), calls)
	}
}

func firstEpisode(t *testing.T, url string) string {
	t.Helper()
	a := query(t, url, "{ episodes(first: 1) { edges { node { id } } } }", nil)
	if len(a.Errors) > 0 {
		t.Fatal(a.Errors)
	}
	edge := a.Data["episodes"].(map[string]any)["edges"].([]any)[0]
	return edge.(map[string]any)["node"].(map[string]any)["id"].(string)
}

// The demo takes over a directory that holds a memory already.
func TestDemoOnOwnDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mine")
	if _, errOut, err := command(t, home(t), `{"kind":"Todo","content":"stay alone"}`, "import", "-", "--data", dir); err != nil {
		t.Fatal(err, errOut)
	}
	s := serving(t, append(home(t), "THALAMUS_DATA="+dir), "demo")
	a := query(t, s.URL, "{ todos { totalCount } }", nil)
	if got := a.Data["todos"].(map[string]any)["totalCount"]; got != 1.0 {
		t.Errorf("%v todos, want 1", got)
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

func TestLayout(t *testing.T) {
	for document, want := range map[string]string{
		`{"a":1}`:                               `{"a": 1}`,
		`{"a":[],"b":{},"c":null,"d":true}`:     `{"a": [], "b": {}, "c": null, "d": true}`,
		`{"z":1.50,"a":"<é\n>"}`:                `{"z": 1.50, "a": "<é\n>"}`,
		`{"a":{"b":["` + dots + `",2]}}`:        "{\"a\": {\"b\": [\n  \"" + dots + "\",\n  2\n]}}",
		`{"a":"` + dots + dots + `"}`:           `{"a": "` + dots[:36] + `…"}`,
		`["` + dots + `",{"k":"` + dots + `"}]`: "[\n  \"" + dots + "\",\n  {\"k\": \"" + dots[:33] + "…\"}\n]",
		`not JSON`:                              `not JSON`,
	} {
		if got := layout(json.RawMessage(document), 46); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", document, got, want)
		}
	}
}

const dots = "........................................"
