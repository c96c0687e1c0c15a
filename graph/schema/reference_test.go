// Package schema_test keeps docs/schema.md equal to the schema.
package schema_test

import (
	"flag"
	"os"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

var update = flag.Bool("update", false, "write docs/schema.md")

// files lists the schema, a chapter of the reference each.
var files = []chapter{
	{"episode", "Episodes"}, {"entity", "Entities"}, {"relationship", "Relationships"}, {"procedure", "Procedures"},
	{"profile", "Profiles"}, {"todo", "Todos"}, {"recall", "Recall"}, {"saga", "Writes"}, {"event", "Events"}, {"forget", "Forgetting"},
	{"operations", "For operators"}, {"schema", "What all share"}, {"filter", "Filters"},
}

type chapter struct{ file, title string }

func TestReferenceIsCommitted(t *testing.T) {
	const page = "../../docs/schema.md"
	want := reference(t)
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s differs from the schema: run go test ./graph/schema -update", page)
	}
}

func TestEveryFileIsAChapter(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"reference_test.go": true, "markdown_test.go": true}
	for _, c := range files {
		known[c.file+".graphqls"] = true
	}
	for _, e := range entries {
		if !known[e.Name()] {
			t.Errorf("%s has no chapter in the reference", e.Name())
		}
	}
}

// reference is the page.
func reference(t *testing.T) string {
	t.Helper()
	var p page
	p.WriteString(introduction)
	for _, c := range files {
		p.chapter(c.title, parse(t, c.file+".graphqls"))
	}
	return p.String()
}

func parse(t *testing.T, name string) *ast.SchemaDocument {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := parser.ParseSchema(&ast.Source{Name: name, Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
