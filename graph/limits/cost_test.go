package limits_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"thalamus/examples"
	"thalamus/graph"
	"thalamus/graph/limits"
)

const sdl = `
directive @cost(weight: String!) on FIELD_DEFINITION
directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION
type Query {
	leaf: Int
	dear: Int @cost(weight: "7")
	thing: Thing
	things(first: Int = 10, last: Int): [Thing!] @cost(weight: "5") @listSize(assumedSize: 3, slicingArguments: ["first", "last"])
	assumed: [Thing!] @listSize(assumedSize: 4)
	page(in: In): Page @listSize(assumedSize: 6, slicingArguments: ["in.first"], sizedFields: ["edges"])
	byID(ids: [ID!]!): [Thing] @listSize(slicingArguments: ["ids"])
	any: Any
}
input In { first: Int }
type Page { edges: [Edge!] total: Int @cost(weight: "100") }
type Edge { node: Thing }
interface Any { leaf: Int }
type Thing implements Any { leaf: Int deep: Thing page(in: In): Page @listSize(assumedSize: 2, slicingArguments: ["in.first"], sizedFields: ["edges"]) }
type Dear implements Any { leaf: Int @cost(weight: "50") }
`

// costOf is the cost of the only operation of a document.
func costOf(t *testing.T, schema *ast.Schema, document string, vars map[string]any) int {
	t.Helper()
	doc, errs := gqlparser.LoadQueryWithRules(schema, document, rules.NewDefaultRules())
	if errs != nil {
		t.Fatal(document, errs)
	}
	coerced, err := validator.VariableValues(schema, doc.Operations[0], vars)
	if err != nil {
		t.Fatal(err)
	}
	return limits.NewWeights(schema).Of(doc.Operations[0], coerced)
}

func TestCost(t *testing.T) {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: sdl})
	for document, want := range map[string]int{
		"{leaf __typename}":                                          0,
		"{dear a:dear}":                                              14,
		"{thing{leaf deep{leaf}}}":                                   2,
		"{things{leaf}}":                                             5 + 10,
		"{things(first:2){deep{leaf}}}":                              5 + 2*2,
		"{things(first:2,last:4){leaf}}":                             5 + 4,
		"{things(first:null){leaf}}":                                 5 + 10,
		"{things(first:-3){leaf}}":                                   5,
		"{things(first:2147483647){leaf}}":                           5 + 1000, // the field will refuse it
		"query($n:Int=8){things(first:$n){leaf}}":                    5 + 8,
		"query($n:Int){things(last:$n){leaf}}":                       5 + 10,
		"{assumed{leaf}}":                                            4,
		"{page{total edges{node{leaf}}}}":                            1 + 100 + 6*2,
		"{page(in:{first:3}){edges{node{page{edges{node{leaf}}}}}}}": 1 + 3*(2+1+2*2),
		"{page(in:{first:3}){...{...F}}} fragment F on Page{edges{node{leaf}}}": 1 + 3*2,
		`{byID(ids:["a","b","c"]){leaf}}`:                                       3,
		"{any{leaf}}":                                                           1 + 50, // the costlier of both
		"{any{...on Thing{deep{leaf}} ...on Dear{leaf}}}":                       1 + 50,
		"{any{...on Thing{leaf}}}":                                              1,
		"{thing @skip(if:true){leaf}}":                                          1,
	} {
		if got := costOf(t, schema, document, nil); got != want {
			t.Errorf("%s costs %d, want %d", document, got, want)
		}
	}
	if got := costOf(t, schema, "query($i:In){page(in:$i){edges{node{leaf}}}}", map[string]any{"i": map[string]any{"first": 9}}); got != 1+9*2 {
		t.Errorf("by a variable: %d", got)
	}
}

// TestCostOfBombs wants what multiplies a million times to be reckoned at once and to end at a ceiling.
func TestCostOfBombs(t *testing.T) {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: sdl})
	var b strings.Builder
	b.WriteString("{thing{...F0}}")
	for i := range 99 {
		fmt.Fprintf(&b, " fragment F%d on Thing{a:deep{...F%[2]d} b:deep{...F%[2]d}}", i, i+1)
	}
	b.WriteString(" fragment F99 on Thing{leaf}")
	if got := costOf(t, schema, b.String(), nil); got != 1<<40 {
		t.Errorf("a bomb costs %d", got)
	}
	deep := "{things(first:1000)" + strings.Repeat("{page(in:{first:1000}){edges{node", 6) + "{leaf}" + strings.Repeat("}}}", 6) + "}"
	if got := costOf(t, schema, deep, nil); got != 1<<40 {
		t.Errorf("lists in lists cost %d", got)
	}
}

// TestExamplesAreAffordable wants every example to be far from every limit.
func TestExamplesAreAffordable(t *testing.T) {
	schema := graph.Schema(nil).Schema()
	queries, err := examples.Queries()
	if err != nil {
		t.Fatal(err)
	}
	half := limits.Default
	half.Document.Depth, half.Document.Tokens, half.Document.Selections, half.Document.Pairs = 12, 2000, 2000, 2500
	for _, q := range queries {
		if _, err := half.Measure(q.Query); err != nil {
			t.Errorf("%s: %v", q.Name, err)
		}
		if cost := costOf(t, schema, q.Query, q.Variables); cost < 1 || cost > limits.Default.Cost/4 {
			t.Errorf("%s costs %d", q.Name, cost)
		}
	}
}

// TestIntrospectionIsAffordable wants the query that every tool sends to pass, once.
func TestIntrospectionIsAffordable(t *testing.T) {
	const ref = " fragment Ref on __Type{kind name ofType{kind name ofType{kind name ofType{kind name ofType{kind name ofType{kind name ofType{kind name ofType{kind name ofType{kind name ofType{kind name}}}}}}}}}}"
	const schema = `__schema{description queryType{name kind} mutationType{name kind} subscriptionType{name kind} types{...Full}
		directives{name description isRepeatable locations args(includeDeprecated:true){...In}}}`
	const full = ` fragment Full on __Type{kind name description specifiedByURL isOneOf fields(includeDeprecated:true){name description
		args(includeDeprecated:true){...In} type{...Ref} isDeprecated deprecationReason} inputFields(includeDeprecated:true){...In}
		interfaces{...Ref} enumValues(includeDeprecated:true){name description isDeprecated deprecationReason} possibleTypes{...Ref}}`
	const in = " fragment In on __InputValue{name description type{...Ref} defaultValue isDeprecated deprecationReason}"
	for document, passes := range map[string]bool{
		"{" + schema + "}" + full + in + ref: true, "{a:" + schema + " b:" + schema + "}" + full + in + ref: false,
	} {
		if _, err := limits.Default.Measure(document); err != nil {
			t.Error(err)
		}
		if cost := costOf(t, graph.Schema(nil).Schema(), document, nil); (cost <= limits.Default.Cost) != passes {
			t.Errorf("%.30s costs %d", document, cost)
		}
	}
}

// TestListsSayTheirSize wants @listSize on every field that is a list of nodes or leads to one, such as a connection.
func TestListsSayTheirSize(t *testing.T) {
	schema := graph.Schema(nil).Schema()
	lists := 0
	for _, def := range schema.Types {
		if def.Kind != ast.Object || strings.HasPrefix(def.Name, "__") {
			continue
		}
		for _, f := range def.Fields {
			target := schema.Types[f.Type.Name()]
			if f.Type.Elem == nil || !target.IsCompositeType() || f.Directives.ForName("listSize") != nil {
				continue
			}
			lists++
			for _, leading := range leadingTo(schema, def) {
				sized := leading.Directives.ForName("listSize")
				if sized == nil || sized.Arguments.ForName("sizedFields") == nil || !names(sized.Arguments.ForName("sizedFields").Value, f.Name) {
					t.Errorf("%s leads to the list %s.%s and does not say its size: give it, or the list, @listSize", leading.Name, def.Name, f.Name)
				}
			}
		}
	}
	if lists < 10 {
		t.Errorf("only %d lists are beneath another field", lists)
	}
}

// leadingTo lists the fields of a type.
func leadingTo(schema *ast.Schema, of *ast.Definition) (fields []*ast.FieldDefinition) {
	for _, def := range schema.Types {
		for _, f := range def.Fields {
			if f.Type.Name() == of.Name && def.Kind == ast.Object {
				fields = append(fields, f)
			}
		}
	}
	return fields
}

func names(list *ast.Value, name string) bool {
	for _, child := range list.Children {
		if child.Value.Raw == name {
			return true
		}
	}
	return false
}
