package graph_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"thalamus/graph"
	"thalamus/graph/graphtest"
	"thalamus/graph/model"
	"thalamus/stores"
)

// TestNoFieldTellsForeignFromUnknown gives every root field that takes ids one of another tenant and one of nobody, and wants
// the very same bytes. Which fields these are, and how they are asked, follows from the schema.
func TestNoFieldTellsForeignFromUnknown(t *testing.T) {
	w := regular(t)
	own := []stores.Node{w.batch.Episodes[0], w.batch.Entities[0].Entity, w.batch.Procedures[0], w.batch.Relationships[0], w.batch.Profiles[0], w.batch.Todos[0]}
	g := graphtest.NewWith(t, roomy)
	if err := g.Writes.Import(t.Context(), w.scope, w.batch); err != nil {
		t.Fatal(err)
	}
	rounds := 2
	if os.Getenv("THALAMUS_SOAK") != "" {
		rounds = 20
	}
	stranger := stores.Scope{User: w.scope.User, Device: w.scope.Device, Agent: string(stores.NewID())}
	pairs, fields := 0, map[string]bool{}
	schema := graph.Schema(nil).Schema()
	for kind, root := range map[ast.Operation]*ast.Definition{ast.Query: schema.Query, ast.Mutation: schema.Mutation} {
		for _, f := range root.Fields {
			for range rounds {
				if strings.HasPrefix(f.Name, "__") {
					break
				}
				for _, node := range own {
					if tellsApart(t, g, stranger, kind, f, node) {
						pairs++
						fields[f.Name] = true
					}
				}
			}
		}
	}
	for _, f := range slices.Concat(schema.Query.Fields, schema.Mutation.Fields) {
		if takesIDs(schema, f) && !fields[f.Name] {
			t.Errorf("%s takes ids and was given none", f.Name)
		}
	}
	t.Logf("%d pairs on %d fields", pairs, len(fields))
}

// takesIDs says whether an argument, or a field of an input, is an id.
func takesIDs(schema *ast.Schema, f *ast.FieldDefinition) bool {
	return slices.ContainsFunc(f.Arguments, func(a *ast.ArgumentDefinition) bool {
		if a.Type.Name() == "ID" {
			return true
		}
		def := schema.Types[a.Type.Name()]
		return def.Kind == ast.InputObject && a.Name == "input" && slices.ContainsFunc(def.Fields, func(in *ast.FieldDefinition) bool { return in.Type.Name() == "ID" })
	})
}

var instants = regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`)

// tellsApart asks about a node of another tenant and about one of nobody, and fails when the answers differ. It is false where
// the request happens to name neither.
func tellsApart(t *testing.T, g *graphtest.Gateway, s stores.Scope, kind ast.Operation, f *ast.FieldDefinition, node stores.Node) bool {
	t.Helper()
	foreign := graphtest.Global(node)
	a := &asking{t: t, schema: theSchema, rand: rand.New(rand.NewPCG(rand.Uint64(), 1)), pool: func(kind, _ string) string {
		if kind == "ID" {
			return foreign
		}
		return "heron"
	}}
	what := a.operation(kind, f)
	named := false
	what.Variables, named = withoutKeys(what.Variables, foreign)
	if !named {
		return false
	}
	nobody := stores.Ref{Kind: node.Ref().Kind, ID: stores.NewID()}
	unknown := model.GlobalID(nobody)
	x := g.Post(t, what.Query, what.Variables, graphtest.As(s))
	y := g.Post(t, what.Query, exchanged(what.Variables, foreign, unknown).(map[string]any), graphtest.As(s))
	level := func(body []byte, global string, id stores.ID) []byte {
		body = bytes.ReplaceAll(bytes.ReplaceAll(timeless(body), []byte(global), []byte("ID")), []byte(id), []byte("ID"))
		return instants.ReplaceAll(globalIDs.ReplaceAll(body, []byte("ANOTHER")), []byte("THEN"))
	}
	if a, b := level(x.Body, foreign, node.Ref().ID), level(y.Body, unknown, nobody.ID); !bytes.Equal(a, b) {
		t.Errorf("%s %v\na foreign %s: %s\nan unknown one: %s", what.Query, what.Variables, node.Ref().Kind, a, b)
	}
	return true
}

// withoutKeys leaves out idempotency keys, which would tell two requests apart, and cursors; it says whether an id is named.
func withoutKeys(vars map[string]any, id string) (map[string]any, bool) {
	named := false
	var walk func(v any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			out := map[string]any{}
			for k, inner := range v {
				if k != "idempotencyKey" && k != "write" {
					out[k] = walk(inner)
				}
			}
			return out
		case []any:
			out := make([]any, len(v))
			for i := range v {
				out[i] = walk(v[i])
			}
			return out
		case string:
			named = named || v == id
		}
		return v
	}
	return walk(vars).(map[string]any), named
}

// exchanged puts one text in the place of another.
func exchanged(v any, old, with string) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, inner := range v {
			out[k] = exchanged(inner, old, with)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = exchanged(v[i], old, with)
		}
		return out
	case string:
		return strings.ReplaceAll(v, old, with)
	}
	return v
}
