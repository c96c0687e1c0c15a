package limits_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"thalamus/graph/limits"
	"thalamus/graph/limits/attacks"
)

// lots is above every figure of the documents here, so that all of them are taken.
var lots = limits.Limits{Document: limits.Measure{
	Bytes: 1e6, Tokens: 1e6, Operations: 1e6, Fragments: 1e6, Variables: 1e6, Depth: 1e6, Selections: 1e6, Aliases: 1e6,
	Directives: 1e6, RootFields: 1e6, Pairs: 1e6,
}}

func TestMeasure(t *testing.T) {
	for document, want := range map[string]limits.Measure{
		"{a}": {Bytes: 3, Tokens: 3, Operations: 1, Depth: 1, Selections: 1, RootFields: 1},
		// Fragments count wherever they are spread, and selections once more in the fragment itself.
		"{a{...F} b{...F}} fragment F on T{c:d e @skip(if:true)}": {
			Bytes: 55, Tokens: 29, Operations: 1, Fragments: 1, Depth: 2, Selections: 10, Aliases: 2, Directives: 2, RootFields: 2,
		},
		// What no operation spreads is validated as well.
		"{a} fragment F on T{b:c ...G} fragment G on T{d:e}": {
			Bytes: 50, Tokens: 23, Operations: 1, Fragments: 2, Depth: 1, Selections: 5, Aliases: 2, RootFields: 1,
		},
		"query A($a:[Int]=[[1]] @d $b:Int){a(b:{c:[{d:1}]})} query B{...{a b}}": {
			Bytes: 69, Tokens: 49, Operations: 2, Variables: 2, Depth: 3, Selections: 4, Directives: 1, RootFields: 2,
		},
		// Three of a and, beneath these, three of b make three pairs each; the one c beside them makes none.
		"{a{b} ...F ...{a{b}} c} fragment F on T{a{b}}": {
			Bytes: 45, Tokens: 26, Operations: 1, Fragments: 1, Depth: 3, Selections: 11, RootFields: 4, Pairs: 6,
		},
	} {
		got, err := lots.Measure(document)
		if err != nil {
			t.Fatal(document, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", document, diff)
		}
	}
}

// TestEachLimit sets each limit in turn below what a document has, and wants the refusal to name both.
func TestEachLimit(t *testing.T) {
	const document = "query($v:Int){a:b a:b @d{...F} c{c{e}}} query Q{f} fragment F on T{e} fragment G on T{e}"
	all, err := lots.Measure(document)
	if err != nil {
		t.Fatal(err)
	}
	for code, of := range map[string]func(*limits.Measure) *int{
		"LIMIT_BYTES":       func(m *limits.Measure) *int { return &m.Bytes },
		"LIMIT_TOKENS":      func(m *limits.Measure) *int { return &m.Tokens },
		"LIMIT_OPERATIONS":  func(m *limits.Measure) *int { return &m.Operations },
		"LIMIT_FRAGMENTS":   func(m *limits.Measure) *int { return &m.Fragments },
		"LIMIT_VARIABLES":   func(m *limits.Measure) *int { return &m.Variables },
		"LIMIT_DEPTH":       func(m *limits.Measure) *int { return &m.Depth },
		"LIMIT_SELECTIONS":  func(m *limits.Measure) *int { return &m.Selections },
		"LIMIT_ALIASES":     func(m *limits.Measure) *int { return &m.Aliases },
		"LIMIT_DIRECTIVES":  func(m *limits.Measure) *int { return &m.Directives },
		"LIMIT_ROOT_FIELDS": func(m *limits.Measure) *int { return &m.RootFields },
		"LIMIT_PAIRS":       func(m *limits.Measure) *int { return &m.Pairs },
	} {
		l := limits.Limits{Document: all}
		if _, err := l.Measure(document); err != nil {
			t.Fatalf("at every limit: %v", err)
		}
		*of(&l.Document)--
		value, limit := *of(&all), *of(&l.Document)
		_, err := l.Measure(document)
		if err == nil || err.Extensions["code"] != code || err.Extensions["value"] != value || err.Extensions["limit"] != limit ||
			!strings.Contains(err.Message, fmt.Sprint(value)) || !strings.Contains(err.Message, fmt.Sprint(limit)) {
			t.Errorf("%s of %d, where it may be %d: %+v", code, value, limit, err)
		}
	}
}

func TestCircles(t *testing.T) {
	for _, document := range []string{
		"{...A} fragment A on Q{...A}", "{a} fragment A on Q{...A}", "{...A} fragment A on Q{a{...B}} fragment B on Q{...{...A}}",
	} {
		_, err := limits.Default.Measure(document)
		if err == nil || err.Extensions["code"] != "GRAPHQL_VALIDATION_FAILED" || !strings.Contains(err.Message, "spreads itself") {
			t.Errorf("%s: %v", document, err)
		}
	}
}

// TestKillers wants each document that has ended other servers to be refused, by the limit that was made for it.
func TestKillers(t *testing.T) {
	wanted := map[string]string{
		"nesting: unclosed [, 1000000": limits.CodeBytes, "nesting: fields, 900": limits.CodeDepth,
		"nesting: inline fragments, 900": limits.CodeDepth, "fragments: spread twice, 24": limits.CodeSelections,
		"fragments: spread twice, 98": limits.CodeSelections, "fragments: unused, 24": limits.CodeSelections,
		"fragments: two aliases, 10": limits.CodeSelections, "fragments: fields twice, 10": limits.CodeSelections, "fragments: two aliases, 24": limits.CodeDepth,
		"fragments: wide, 100": limits.CodeSelections, "fragments: many, 101": limits.CodeFragments,
		"repetition: beneath, 500": limits.CodePairs, "repetition: beneath, 3000": limits.CodePairs, "repetition: beneath, 10000": limits.CodeTokens,
		"repetition: objects within objects, 8": limits.CodePairs, "repetition: __typename, 3000": limits.CodeRootFields,
		"definitions: variables, 5000": limits.CodeTokens, "definitions: variables, 101": limits.CodeVariables,
		"definitions: operations, 21": limits.CodeOperations, "definitions: operations, 5000": limits.CodeBytes,
		"aliases: __typename, 101": limits.CodeAliases, "aliases: __typename, 20000": limits.CodeBytes,
		"directives: @skip(if:false) on a field, 2000": limits.CodeTokens, "directives: in fragments, 60": limits.CodeDirectives,
	}
	for _, a := range attacks.All() {
		_, name, _ := strings.Cut(a.Name, ": ")
		name = a.Family + ": " + name
		code, ok := wanted[name]
		if !ok {
			continue
		}
		if _, err := limits.Default.Measure(a.Query); err == nil || err.Extensions["code"] != code {
			t.Errorf("%s: %v instead of %s", name, err, code)
		}
		delete(wanted, name)
	}
	if len(wanted) > 0 {
		t.Errorf("not among the attacks: %v", wanted)
	}
}

// TestEverythingPasses wants no document within the default limits to have more selections than validation can walk: what
// passes is expanded in full here, fragment by fragment.
func TestEverythingPasses(t *testing.T) {
	passed := 0
	for _, a := range attacks.All() {
		m, err := limits.Default.Measure(a.Query)
		doc, unparsable := parser.ParseQuery(&ast.Source{Input: a.Query})
		if a.Query == "" || err != nil || unparsable != nil {
			continue
		}
		passed++
		steps := 0
		for _, op := range doc.Operations {
			walk(doc, op.SelectionSet, &steps)
		}
		for _, f := range doc.Fragments {
			walk(doc, f.SelectionSet, &steps)
		}
		if steps > limits.Default.Document.Selections || len(doc.Fragments) < 2 && steps != m.Selections {
			t.Errorf("%s: %d steps, measured as %d", a.Name, steps, m.Selections)
		}
	}
	if passed < 100 {
		t.Errorf("only %d attacks pass", passed)
	}
}

func walk(doc *ast.QueryDocument, set ast.SelectionSet, steps *int) {
	for _, s := range set {
		*steps++
		switch s := s.(type) {
		case *ast.Field:
			walk(doc, s.SelectionSet, steps)
		case *ast.InlineFragment:
			walk(doc, s.SelectionSet, steps)
		case *ast.FragmentSpread:
			if f := doc.Fragments.ForName(s.Name); f != nil {
				walk(doc, f.SelectionSet, steps)
			}
		}
	}
}

func BenchmarkMeasure(b *testing.B) {
	for _, a := range attacks.All() {
		if strings.HasSuffix(a.Name, ": full") {
			b.Run(a.Name, func(b *testing.B) {
				for b.Loop() {
					_, _ = limits.Default.Measure(a.Query)
				}
			})
		}
	}
}
