package limits_test

import (
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"thalamus/graph"
	"thalamus/graph/limits"
	"thalamus/graph/limits/attacks"
)

// FuzzGuard wants no document to make the guard panic, and every document that it lets pass to be walked, validated and
// reckoned in few steps: as many as it has selections.
func FuzzGuard(f *testing.F) {
	for _, a := range attacks.All() {
		if len(a.Query) < 2000 {
			f.Add(a.Query)
		}
	}
	schema := graph.Schema(nil).Schema()
	weights := limits.NewWeights(schema)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := limits.Default.Measure(text)
		if err != nil {
			if err.Message == "" || err.Extensions["code"] == nil {
				t.Fatalf("refused without a reason: %v", err)
			}
			return
		}
		doc, unparsable := parser.ParseQuery(&ast.Source{Input: text})
		if unparsable != nil {
			return
		}
		steps := 0
		for _, op := range doc.Operations {
			walk(doc, op.SelectionSet, &steps)
		}
		if steps > m.Selections {
			t.Fatalf("%d steps through %d selections", steps, m.Selections)
		}
		if errs := validator.ValidateWithRules(schema, doc, rules.NewDefaultRules()); len(errs) > 0 {
			return
		}
		for _, op := range doc.Operations {
			if cost := weights.Of(op, map[string]any{}); cost < 0 {
				t.Fatalf("it costs %d", cost)
			}
		}
	})
}
