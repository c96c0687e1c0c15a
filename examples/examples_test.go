package examples_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"

	"thalamus/examples"
	"thalamus/stores"
	"thalamus/stores/hashing"
)

func TestEveryQueryFitsTheSchema(t *testing.T) {
	schema := loadSchema(t)
	queries, err := examples.Queries()
	if err != nil {
		t.Fatal(err)
	}
	if len(queries) != 18 {
		t.Errorf("%d queries, want 18", len(queries))
	}
	groups := map[string]bool{}
	last := ""
	for _, q := range queries {
		doc, errs := gqlparser.LoadQueryWithRules(schema, q.Query, nil)
		if len(errs) > 0 {
			t.Errorf("%s: %v", q.Name, errs)
			continue
		}
		if len(doc.Operations) != 1 || doc.Operations[0].Name == "" {
			t.Errorf("%s: want one operation with a name", q.Name)
			continue
		}
		if _, err := validator.VariableValues(schema, doc.Operations[0], q.Variables); err != nil {
			t.Errorf("%s: variables: %v", q.Name, err)
		}
		for name := range q.Variables {
			if doc.Operations[0].VariableDefinitions.ForName(name) == nil {
				t.Errorf("%s: variable %q is not declared", q.Name, name)
			}
		}
		if q.Group != last && groups[q.Group] {
			t.Errorf("%s: the group %q is torn apart", q.Name, q.Group)
		}
		groups[q.Group], last = true, q.Group
	}
}

func loadSchema(t *testing.T) *ast.Schema {
	t.Helper()
	names, err := filepath.Glob("../graph/schema/*.graphqls")
	if err != nil || len(names) == 0 {
		t.Fatalf("no schema: %v", err)
	}
	var sources []*ast.Source
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, &ast.Source{Name: name, Input: string(text)})
	}
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// Least number of questions, of 15, with a right answer among the first five, and among the first. The built-in embedder
// alone reaches both; a recall of several legs has to do at least as well.
const (
	floorFive  = 14
	floorFirst = 8
)

func TestQuestionsHaveFindableAnswers(t *testing.T) {
	m := load(t)
	questions, err := examples.Questions()
	if err != nil {
		t.Fatal(err)
	}
	var nodes []stores.Ref
	var contents []string
	for _, e := range m.episodes {
		if e.Scope == stores.NewScope("", "", "") {
			nodes, contents = append(nodes, e.Ref()), append(contents, e.EmbeddingText())
		}
	}
	for _, e := range m.entities {
		if e.Scope == stores.NewScope("", "", "") && e.ValidTo == nil {
			nodes, contents = append(nodes, e.Ref()), append(contents, e.EmbeddingText())
		}
	}
	for _, q := range questions {
		contents = append(contents, q.Text)
	}
	vectors := embed(t, contents)
	five, first := 0, 0
	for i, q := range questions {
		for _, want := range q.Expect {
			if !slices.Contains(nodes, want) {
				t.Errorf("%q expects %v, which no visitor sees", q.Text, want)
			}
		}
		ranked := slices.Clone(nodes)
		score := map[stores.Ref]float32{}
		for j, n := range nodes {
			score[n] = dot(vectors[j], vectors[len(nodes)+i])
		}
		slices.SortFunc(ranked, func(a, b stores.Ref) int { return int(1e6 * (score[b] - score[a])) })
		rank := slices.IndexFunc(ranked, func(r stores.Ref) bool { return slices.Contains(q.Expect, r) }) + 1
		if rank <= 5 {
			five++
		}
		if rank == 1 {
			first++
		}
		t.Logf("rank %3d: %s", rank, q.Text)
	}
	if len(questions) != 15 || five < floorFive || first < floorFirst {
		t.Errorf("of %d questions %d have an answer among the first five and %d first; want 15, %d and %d",
			len(questions), five, first, floorFive, floorFirst)
	}
}

func TestTwoTodosAreNearlyTheSame(t *testing.T) {
	m := load(t)
	contents := make([]string, len(m.todos))
	for i, d := range m.todos {
		contents[i] = d.EmbeddingText()
	}
	vectors := embed(t, contents)
	pairs := 0
	for i := range vectors {
		for j := range i {
			if s := dot(vectors[i], vectors[j]); s >= 0.85 {
				pairs++
				t.Logf("%.3f: %s / %s", s, contents[j], contents[i])
			}
		}
	}
	if pairs != 1 {
		t.Errorf("%d pairs of todos are at least 0.85 alike, want 1", pairs)
	}
}

func embed(t *testing.T, contents []string) [][]float32 {
	t.Helper()
	vectors, err := hashing.New().Embed(t.Context(), contents)
	if err != nil {
		t.Fatal(err)
	}
	return vectors
}

func dot(a, b []float32) (sum float32) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func TestMCPMemoryIsWhole(t *testing.T) {
	names := map[string]bool{}
	entities, relations := 0, 0
	for _, line := range lines(t, examples.MCPMemory()) {
		var item struct {
			Type, Name, EntityType, From, To, RelationType string
			Observations                                   []string
		}
		if err := json.Unmarshal([]byte(line), &item); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		switch item.Type {
		case "entity":
			entities++
			if names[item.Name] || item.EntityType == "" || len(item.Observations) == 0 {
				t.Errorf("bad entity %s", line)
			}
			names[item.Name] = true
		case "relation":
			relations++
			if !names[item.From] || !names[item.To] || item.RelationType == "" {
				t.Errorf("bad relation %s", line)
			}
		default:
			t.Errorf("type %q", item.Type)
		}
	}
	if entities != 15 || relations != 20 {
		t.Errorf("%d entities and %d relations, want 15 and 20", entities, relations)
	}
}
