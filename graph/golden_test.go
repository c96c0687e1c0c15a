package graph_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"thalamus/examples"
	"thalamus/graph"
	"thalamus/graph/graphtest"
	"thalamus/stores"
)

var update = flag.Bool("update", false, "write the golden answers anew")

// golden is what an operation answered: its data, and the calls it made to the stores.
type golden struct {
	Calls []string `json:"calls"`
	Data  any      `json:"data"`
}

func goldenFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.graphql")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden operations", err)
	}
	return files
}

// document reads an operation and the variables in its first line.
func document(t *testing.T, file string) (query string, vars map[string]any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if line, rest, _ := strings.Cut(string(text), "\n"); strings.HasPrefix(line, "# variables: ") {
		if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "# variables: ")), &vars); err != nil {
			t.Fatal(err)
		}
		return rest, vars
	}
	return string(text), nil
}

// TestGolden runs the operations of testdata on the sample memory. It has a copy of its own, because how much a word
// weighs in a recall depends on how rare it is in all scopes together.
func TestGolden(t *testing.T) {
	g := graphtest.NewSample(t)
	for _, file := range goldenFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".graphql"), func(t *testing.T) {
			query, vars := document(t, file)
			r := g.Post(t, query, vars, nil)
			if len(r.Errors) > 0 {
				t.Fatal(r.Errors)
			}
			got := indented(t, golden{r.Count(), stable(t, "", r.Data)})
			name := answerFile(file)
			if *update {
				if err := os.WriteFile(name, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s is not what it was; run with -update and look at the difference\n%s", name, difference(want, got))
			}
		})
	}
}

// answerFile is where the answer to an operation is kept. Real servers give the same answers as the embedded stores, but
// for what is about the servers themselves.
func answerFile(operation string) string {
	name := strings.TrimSuffix(operation, ".graphql")
	if graphtest.OnServers() && filepath.Base(name) == "backends" {
		name += ".servers"
	}
	return name + ".json"
}

func indented(t *testing.T, v any) []byte {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// stable replaces what differs from run to run or from machine to machine.
func stable(t *testing.T, key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		if score, ok := v["score"].(float64); ok && score > 0 && v["name"] == "KEYWORD" { // each engine has its own
			v["score"] = "positive"
		}
		for k, e := range v {
			v[k] = stable(t, k, e)
		}
	case []any:
		if key == "embedding" {
			return fmt.Sprintf("%d numbers", len(v))
		}
		for i, e := range v {
			v[i] = stable(t, key, e)
		}
	case float64:
		if key == "retrievability" && v >= 0 && v <= 1 {
			return "0 to 1"
		}
		if key == "latencyMs" && v >= 0 {
			return "some time"
		}
		if slices.Contains([]string{"open", "inUse", "limit", "acquisitions", "waits", "waitedMs", "refused"}, key) && v >= 0 {
			return "some"
		}
		return math.Round(v*1e6) / 1e6
	}
	return v
}

// difference shows the first lines that differ.
func difference(want, got []byte) string {
	a, b := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			end := min(i+12, len(a), len(b))
			return fmt.Sprintf("line %d\nwant\n%s\ngot\n%s", i+1, strings.Join(a[i:end], "\n"), strings.Join(b[i:end], "\n"))
		}
	}
	return fmt.Sprintf("%d lines instead of %d", len(b), len(a))
}

// TestGoldenCoversTheSchema wants every field that can be read in some golden operation, or in a tested subscription.
func TestGoldenCoversTheSchema(t *testing.T) {
	schema := graph.Schema(nil).Schema()
	seen := map[string]bool{}
	queries := slices.Clone(subscriptions)
	for _, file := range goldenFiles(t) {
		query, _ := document(t, file)
		queries = append(queries, query)
	}
	for _, query := range queries {
		doc, err := gqlparser.LoadQueryWithRules(schema, query, nil)
		if err != nil {
			t.Fatal(query, err)
		}
		for _, op := range doc.Operations {
			visit(schema, op.SelectionSet, seen)
		}
		for _, f := range doc.Fragments {
			visit(schema, f.SelectionSet, seen)
		}
	}
	for name, def := range schema.Types {
		if def.Kind != ast.Object || def.BuiltIn || name == "Mutation" || strings.HasSuffix(name, "Payload") || name == "Problem" {
			continue
		}
		for _, f := range def.Fields {
			if !strings.HasPrefix(f.Name, "__") && !seen[name+"."+f.Name] {
				t.Errorf("no golden operation selects %s.%s", name, f.Name)
			}
		}
	}
}

func visit(schema *ast.Schema, all ast.SelectionSet, seen map[string]bool) {
	for _, s := range all {
		switch s := s.(type) {
		case *ast.Field:
			for _, def := range schema.GetPossibleTypes(s.ObjectDefinition) {
				seen[def.Name+"."+s.Name] = true
			}
			visit(schema, s.SelectionSet, seen)
		case *ast.InlineFragment:
			visit(schema, s.SelectionSet, seen)
		}
	}
}

// TestExamples runs every example operation on a copy of the sample memory: no errors, no problems, no empty answers. A
// subscription is told of what the mutations did.
func TestExamples(t *testing.T) {
	g := graphtest.NewSample(t)
	all, err := examples.Queries()
	if err != nil {
		t.Fatal(err)
	}
	server := g.Serve(t)
	begin := graphtest.Subscribe(t, server, memoryEvents, nil, nil).Root()["cursor"]
	for _, q := range all {
		t.Run(q.Name, func(t *testing.T) {
			if strings.HasPrefix(q.Query, "subscription") {
				tells(t, server, q, begin)
				return
			}
			r := g.Post(t, q.Query, q.Variables, nil)
			if len(r.Errors) > 0 {
				t.Fatal(r.Errors)
			}
			for field, v := range r.Data {
				if empty(v) {
					t.Errorf("%s is empty: %s", field, r.Body)
				}
				if problems, ok := graphtest.At(v, "problems").([]any); ok && len(problems) > 0 {
					t.Errorf("%s: %v", field, problems)
				}
			}
			again := g.Post(t, q.Query, q.Variables, nil)
			if strings.HasPrefix(q.Query, "mutation") && !jsonEqual(r.Data, again.Data) {
				t.Errorf("twice gives\n%s\nand\n%s", r.Body, again.Body)
			}
		})
	}
}

// tells wants a subscription to tell of all that happened behind a cursor, with the nodes that there are.
func tells(t *testing.T, server *httptest.Server, q examples.Query, after any) {
	t.Helper()
	s := graphtest.Subscribe(t, server, q.Query, map[string]any{"after": after}, nil)
	told := map[any]int{}
	for e := s.Root(); e["__typename"] != "CaughtUp"; e = s.Root() {
		told[e["__typename"]]++
		if e["__typename"] == "MemoryCreated" && graphtest.At(e, "node", "id") == nil || e["__typename"] == "SagaChanged" && graphtest.At(e, "saga", "operation") == nil {
			t.Errorf("it says nothing of what happened: %v", e)
		}
	}
	if told["MemoryCreated"] == 0 || told["SagaChanged"] == 0 {
		t.Errorf("told of %v", told)
	}
}

// empty says that there is nothing in an answer: null, or a connection or list without items.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, key := range []string{"edges", "hits", "nodes"} {
			if list, ok := v[key].([]any); ok && len(list) == 0 {
				return true
			}
		}
	}
	return false
}

func jsonEqual(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// TestWalksOfPages walks every root list forwards and backwards in small pages and wants each node once, in order.
func TestWalksOfPages(t *testing.T) {
	g := graphtest.Sample(t)
	for _, field := range []string{"episodes", "entities", "procedures", "relationships", "todos", "profiles", "sagas"} {
		whole := ids(g.Query(t, "{x:"+field+"(first:200){edges{node{id}}}}", nil, nil))
		var forwards, backwards []string
		for step, arguments := range []string{"first:7,after:$c", "last:7,before:$c"} {
			var cursor any
			for {
				data := g.Query(t, "query($c:String){x:"+field+"("+arguments+"){edges{node{id}}pageInfo{hasNextPage hasPreviousPage startCursor endCursor}}}", map[string]any{"c": cursor}, nil)
				info := graphtest.At(data, "x", "pageInfo").(map[string]any)
				if step == 0 {
					forwards, cursor = append(forwards, ids(data)...), info["endCursor"]
				} else {
					backwards, cursor = append(ids(data), backwards...), info["startCursor"]
				}
				if more := []string{"hasNextPage", "hasPreviousPage"}[step]; info[more] != true {
					break
				}
			}
		}
		if !slices.Equal(forwards, whole) || !slices.Equal(backwards, whole) {
			t.Errorf("%s: walks of %d and %d steps, want %d", field, len(forwards), len(backwards), len(whole))
		}
	}
}

// ids lists the nodes of the connection x.
func ids(data map[string]any) (out []string) {
	for _, e := range graphtest.At(data, "x", "edges").([]any) {
		out = append(out, graphtest.At(e, "node", "id").(string))
	}
	return out
}

// TestWalksBelowNodes pages through the edges and the episodes of an entity.
func TestWalksBelowNodes(t *testing.T) {
	w := regular(t)
	entity := w.batch.Entities[3].Entity
	for field, want := range map[string]int{"relationships": 6 + 2 + 5, "episodes": 15} {
		var cursor any
		seen := map[any]bool{}
		for {
			data := w.Query(t, "query($e:ID!,$c:String){entity(by:{id:$e}){x:"+field+"(first:2,after:$c){edges{node{id}}pageInfo{hasNextPage endCursor}}}}",
				map[string]any{"e": graphtest.Global(entity), "c": cursor}, graphtest.As(w.scope))
			page := graphtest.At(data, "entity", "x")
			for _, e := range graphtest.At(page, "edges").([]any) {
				seen[graphtest.At(e, "node", "id")] = true
			}
			if cursor = graphtest.At(page, "pageInfo", "endCursor"); graphtest.At(page, "pageInfo", "hasNextPage") != true {
				break
			}
		}
		if len(seen) != want {
			t.Errorf("%d %s, want %d", len(seen), field, want)
		}
	}
	if stores.NewScope("", "", "") != graphtest.Scope {
		t.Error("requests without headers come from another scope than the default one")
	}
}
