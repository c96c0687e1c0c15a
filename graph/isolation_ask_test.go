package graph_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"thalamus/stores"
)

// asking makes operations out of the schema: any root fields, with arguments that somebody curious might try, and with much
// selected. What it draws follows from its seed.
type asking struct {
	t      testing.TB
	schema *ast.Schema
	rand   *rand.Rand
	pool   func(kind, field string) string // an id, a cursor or a text to try

	writing   bool
	declared  []string
	variables map[string]any
}

// trial is a request: what a client sends.
type trial struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables"`
}

// operation asks for root fields, in one of the ways in which a field can be selected.
func (a *asking) operation(kind ast.Operation, fields ...*ast.FieldDefinition) trial {
	a.writing, a.declared, a.variables = kind == ast.Mutation, nil, map[string]any{}
	out := trial{}
	var selections []string
	for i, f := range fields {
		name := f.Name
		if len(fields) > 1 || a.chance(30) {
			name = fmt.Sprintf("a%d: %s", i, f.Name)
		}
		selections = append(selections, name+a.arguments(f)+a.selection(f.Type, 2))
	}
	text, after := strings.Join(selections, " "), ""
	root := map[ast.Operation]string{ast.Query: "Query", ast.Mutation: "Mutation", ast.Subscription: "Subscription"}[kind]
	switch {
	case a.chance(15):
		text = "... on " + root + " { " + text + " }"
	case a.chance(15):
		text, after = "...F", " fragment F on "+root+" { "+text+" }"
	}
	head := ""
	if len(a.declared) > 0 {
		head = "(" + strings.Join(a.declared, ", ") + ")"
	}
	out.Query, out.Variables = fmt.Sprintf("%s%s { %s }%s", kind, head, text, after), a.variables
	return out
}

// arguments gives a field its arguments, as variables.
func (a *asking) arguments(f *ast.FieldDefinition) string {
	var given []string
	for _, arg := range f.Arguments {
		if !arg.Type.NonNull && !a.chance(40) || arg.Name == "last" || arg.Name == "before" {
			continue
		}
		name := fmt.Sprintf("v%d", len(a.declared))
		a.declared = append(a.declared, fmt.Sprintf("$%s: %s", name, arg.Type))
		a.variables[name] = a.value(arg.Type, arg.Name, f.Name)
		given = append(given, arg.Name+": $"+name)
	}
	if len(given) == 0 {
		return ""
	}
	return "(" + strings.Join(given, ", ") + ")"
}

// values of arguments that would be refused too often if they were just any.
var sensible = map[string]any{
	"first": 7, "depth": 2, "maxDepth": 4, "threshold": 0.0, "minWeight": 0.0, "stability": 2.5, "emotionalValence": 0.25, "weight": 0.5, "rate": 0.1, "importance": 5,
	"staleAfter": "PT1S", "waitAtMost": "PT5S", "held": false, "successRate": 0.5, "everything": true, "dense": 1.0, "keyword": 1.0, "session": 1.0, "graph": 1.0,
}

// unwritten are fields of inputs that depend on others in ways that a blind author does not meet.
var unwritten = []string{"capsule", "endTimestamp", "validTo", "validFrom", "endTime", "completedAt", "expectedVersion", "executedAt", "startTime", "sequencePosition", "timestamp", "predictionErrorAt"}

// value is one of a type; within is the field or input that it is for.
func (a *asking) value(t *ast.Type, name, within string) any {
	if t.Elem != nil {
		list := []any{a.value(t.Elem, name, within)}
		if a.chance(30) && t.Elem.Name() != "SagaState" && a.schema.Types[t.Elem.Name()].Kind != ast.Enum {
			list = append(list, a.value(t.Elem, name, within))
		}
		return list
	}
	def := a.schema.Types[t.Name()]
	if v, ok := sensible[name]; ok && def.Kind == ast.Scalar {
		return v
	}
	switch def.Kind {
	case ast.Enum:
		return def.EnumValues[a.rand.IntN(len(def.EnumValues))].Name
	case ast.InputObject:
		return a.input(def, within)
	}
	switch t.Name() {
	case "ID":
		return a.pool("ID", name+" "+within)
	case "String":
		return a.pool("String", name)
	case "JSON":
		return map[string]any{"note": a.pool("String", "content")}
	case "DateTime":
		return time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(a.rand.IntN(1000)) * time.Hour).Format(time.RFC3339)
	case "Duration":
		return "P1D"
	case "Int", "Long":
		return 1 + a.rand.IntN(5)
	case "Float":
		return 0.5
	case "Boolean":
		return a.chance(50)
	}
	a.t.Fatalf("nobody knows what to try for the type %s: teach the test of isolation", t.Name())
	return nil
}

// input is an input object: of conditions one, of anything else what has to be there and some of the rest.
func (a *asking) input(def *ast.Definition, within string) any {
	out := map[string]any{}
	if def.Directives.ForName("oneOf") != nil || strings.HasSuffix(def.Name, "Filter") && def.Name != "MemoryEventFilter" || strings.HasSuffix(def.Name, "Where") {
		f := def.Fields[a.rand.IntN(len(def.Fields))]
		if f.Name == "everything" && !a.chance(10) {
			f = def.Fields[0]
		}
		out[f.Name] = a.value(f.Type, f.Name, within)
		return out
	}
	for _, f := range def.Fields {
		if slices.Contains(unwritten, f.Name) {
			continue
		}
		if f.Type.NonNull && f.DefaultValue == nil || a.chance(30) || f.Name == "summary" || f.Name == "keywords" || f.Name == "aliases" {
			out[f.Name] = a.value(f.Type, f.Name, within+" "+def.Name)
		}
	}
	return out
}

// selection selects of a type all that is plain, and some of what leads on.
func (a *asking) selection(t *ast.Type, depth int) string {
	def := a.schema.Types[t.Name()]
	switch def.Kind {
	case ast.Object:
		return " { " + a.fields(def, depth, nil) + " }"
	case ast.Interface, ast.Union:
		kinds := a.schema.PossibleTypes[def.Name]
		parts := []string{"__typename"}
		for _, kind := range kinds {
			parts = append(parts, "... on "+kind.Name+" { "+a.fields(kind, depth, kinds)+" }")
		}
		return " { " + strings.Join(parts, " ") + " }"
	}
	return ""
}

// fields of a type; beside are the types with which it shares its place, so that names may have to be told apart.
func (a *asking) fields(def *ast.Definition, depth int, beside []*ast.Definition) string {
	var out []string
	page := strings.HasSuffix(def.Name, "Connection") || strings.HasSuffix(def.Name, "Edge")
	for _, f := range def.Fields {
		if strings.HasPrefix(f.Name, "__") || f.Name == "embedding" && !a.chance(3) {
			continue
		}
		plain := a.schema.Types[f.Type.Name()].Kind == ast.Scalar || a.schema.Types[f.Type.Name()].Kind == ast.Enum
		own := a.schema.Types[f.Type.Name()].Directives.ForName("from") == nil && len(f.Arguments) == 0 && f.Type.Name() != "Node"
		if !plain && !own && !page && (depth == 0 || depth < 2 && !a.chance(25)) {
			continue
		}
		name := f.Name
		if slices.ContainsFunc(beside, func(other *ast.Definition) bool {
			same := other.Fields.ForName(f.Name)
			return same != nil && (same.Type.String() != f.Type.String() || !plain)
		}) {
			name = strings.ToLower(def.Name) + "_" + f.Name + ": " + f.Name
		}
		next := depth - 1
		if own || page {
			next = depth
		}
		arguments := ""
		if f.Arguments.ForName("after") != nil || f.Arguments.ForName("types") != nil {
			arguments = a.arguments(f)
		}
		out = append(out, name+arguments+a.selection(f.Type, next))
	}
	return strings.Join(out, " ")
}

func (a *asking) chance(percent int) bool { return a.rand.IntN(100) < percent }

// kindsIn are the nouns that a name speaks of.
func kindsIn(words string) (kinds []string) {
	for _, kind := range []string{"Episode", "Entity", "Procedure", "Relationship", "Profile", "Todo", "Saga"} {
		if strings.Contains(words, kind) || strings.Contains(words, strings.ToLower(kind)) {
			kinds = append(kinds, kind)
		}
	}
	switch first, _, _ := strings.Cut(words, " "); first {
	case "entities":
		return []string{string(stores.KindEntity)}
	case "sourceEpisode":
		return []string{string(stores.KindEpisode)}
	case "consolidatedInto":
		return []string{string(stores.KindProcedure)}
	case "source", "target", "from", "to", "of":
		return []string{"Episode", "Entity", "Procedure"}
	}
	if strings.Contains(words, "relate") || strings.Contains(words, "strengthen") || strings.Contains(words, "weaken") {
		return []string{"Relationship"}
	}
	return kinds
}
