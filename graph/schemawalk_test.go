package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"thalamus/access"
	"thalamus/graph"
	"thalamus/graph/graphtest"
	"thalamus/graph/model"
	"thalamus/stores"
)

// specs are the shapes of the nouns, by the name of their root list.
var specs = map[string]stores.Spec{
	"episodes": stores.EpisodeSpec, "entities": stores.EntitySpec, "procedures": stores.ProcedureSpec,
	"relationships": stores.RelationshipSpec, "profiles": stores.ProfileSpec, "todos": stores.TodoSpec, "sagas": stores.SagaSpec,
}

// ours lists the definitions that are not part of every schema.
func ours(t *testing.T) (out []*ast.Definition) {
	t.Helper()
	for _, def := range graph.Schema(nil).Schema().Types {
		if !def.BuiltIn && !strings.HasPrefix(def.Name, "__") {
			out = append(out, def)
		}
	}
	if len(out) < 100 {
		t.Fatalf("only %d types", len(out))
	}
	return out
}

func TestEverythingIsDescribed(t *testing.T) {
	check := func(description string, where ...string) {
		if strings.TrimSpace(description) == "" {
			t.Errorf("%s has no description", strings.Join(where, "."))
		}
	}
	for _, def := range ours(t) {
		check(def.Description, def.Name)
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			check(f.Description, def.Name, f.Name)
			for _, a := range f.Arguments {
				check(a.Description, def.Name, f.Name, a.Name)
			}
		}
		for _, v := range def.EnumValues {
			check(v.Description, def.Name, v.Name)
		}
		if def.Kind == ast.Scalar && def.Directives.ForName("specifiedBy") == nil {
			t.Errorf("scalar %s says nowhere how it is written", def.Name)
		}
	}
	for name, d := range graph.Schema(nil).Schema().Directives {
		check(d.Description, "@"+name)
		for _, a := range d.Arguments {
			if name == "from" || name == "access" {
				check(a.Description, "@"+name, a.Name)
			}
		}
	}
}

// role is what @from says, or nothing.
func role(directives ast.DirectiveList) string {
	if d := directives.ForName("from"); d != nil {
		return d.Arguments.ForName("role").Value.Raw
	}
	return ""
}

// TestNullabilityFollowsStores wants every field that another store answers than its parent's to be nullable and marked.
// A type without a role, such as a payload, is answered by whoever answers the field that leads to it.
func TestNullabilityFollowsStores(t *testing.T) {
	schema := graph.Schema(nil).Schema()
	crossing := 0
	for _, def := range ours(t) {
		if def.Kind != ast.Object || role(def.Directives) == "" && def != schema.Query {
			continue
		}
		for _, f := range def.Fields {
			answers := role(f.Directives)
			if answers == "" {
				answers = role(schema.Types[f.Type.Name()].Directives)
			}
			if answers == "" || answers == role(def.Directives) {
				continue
			}
			crossing++
			if f.Type.NonNull {
				t.Errorf("%s.%s is answered by %s but is not nullable", def.Name, f.Name, answers)
			}
			if role(f.Directives) == "" {
				t.Errorf("%s.%s is answered by %s but is not marked @from", def.Name, f.Name, answers)
			}
		}
	}
	if crossing < 20 {
		t.Errorf("only %d fields cross from store to store", crossing)
	}
}

// TestFiltersFitTheNouns wants every field of a where input to be one that the stores filter by, and every operator to
// fit its type; likewise every enum value of an order.
func TestFiltersFitTheNouns(t *testing.T) {
	schema := graph.Schema(nil).Schema()
	for root, spec := range specs {
		where := schema.Types[string(spec.Kind)+"Where"]
		checkWhere(t, schema, spec, where, "")
		for _, v := range schema.Types[string(spec.Kind)+"OrderField"].EnumValues {
			if _, err := model.OrderBy(spec, []map[string]any{{"field": v.Name, "direction": "DESC"}}); err != nil {
				t.Errorf("%s by %s: %v", root, v.Name, err)
			}
		}
	}
}

func checkWhere(t *testing.T, schema *ast.Schema, spec stores.Spec, where *ast.Definition, prefix string) {
	t.Helper()
	for _, f := range where.Fields {
		name := stores.Field(prefix + f.Name)
		kind, ok := spec.Fields[name]
		switch {
		case prefix == "" && slices.Contains([]string{"and", "or", "not"}, f.Name):
		case !ok:
			t.Errorf("%s.%s: the noun has no field %s", where.Name, f.Name, name)
		case kind == stores.Object:
			checkWhere(t, schema, spec, schema.Types[f.Type.Name()], string(name)+".")
		default:
			for _, op := range schema.Types[f.Type.Name()].Fields {
				value := map[stores.Type]any{stores.Text: "x", stores.TextList: "x", stores.Number: 1.0, stores.Time: stores.Now(), stores.Bool: true}[kind]
				switch op.Name {
				case "in":
					value = []any{value}
				case "isNull":
					value = true
				}
				if _, err := spec.Check(stores.Where(name, stores.Op(op.Name), value)); err != nil {
					t.Errorf("%s.%s.%s: %v", where.Name, f.Name, op.Name, err)
				}
			}
		}
	}
}

// administrative are the mutations that are about writes, stores and backends rather than nodes.
var administrative = []string{"retrySaga", "resolveSaga", "repairDrift", "holdBackend"}

// TestRolesOfRootFields wants what operators need to say so, in the schema and in its descriptions, and everything else to
// have the role of its kind.
func TestRolesOfRootFields(t *testing.T) {
	schema := graph.Schema(nil).Schema()
	forAdmins := append([]string{"drift"}, administrative...)
	seen := 0
	for _, root := range []struct {
		operation ast.Operation
		def       *ast.Definition
		usual     access.Role
	}{{ast.Query, schema.Query, access.Reader}, {ast.Mutation, schema.Mutation, access.Writer}, {ast.Subscription, schema.Subscription, access.Reader}} {
		if root.def == nil {
			continue
		}
		for _, f := range root.def.Fields {
			want := root.usual
			if slices.Contains(forAdmins, f.Name) {
				want = access.Admin
				seen++
			}
			if got := graph.Needs(root.operation, f); got != want {
				t.Errorf("%s needs %s, want %s", f.Name, got, want)
			}
			if strings.Contains(f.Description, "Needs the role ADMIN.") != (want == access.Admin) {
				t.Errorf("the description of %s: %s", f.Name, f.Description)
			}
		}
	}
	if seen != len(forAdmins) {
		t.Errorf("%d of %d fields for administrators are there", seen, len(forAdmins))
	}
}

// TestMutationsAreAlike wants one input, with a key, a way to wait and, for edits, a version, and in every answer problems
// and the saga.
func TestMutationsAreAlike(t *testing.T) {
	schema := graph.Schema(nil).Schema()
	for _, m := range schema.Mutation.Fields {
		if len(m.Arguments) != 1 || m.Arguments[0].Name != "input" || !m.Arguments[0].Type.NonNull {
			t.Errorf("%s does not take one input", m.Name)
			continue
		}
		input, payload := schema.Types[m.Arguments[0].Type.Name()], schema.Types[m.Type.Name()]
		if p := payload.Fields.ForName("problems"); p == nil || p.Type.String() != "[Problem!]!" || !m.Type.NonNull {
			t.Errorf("%s has no problems", payload.Name)
		}
		if !strings.HasSuffix(payload.Name, "Payload") {
			t.Errorf("%s answers %s", m.Name, payload.Name)
		}
		if slices.Contains(administrative, m.Name) {
			continue
		}
		if payload.Fields.ForName("saga") == nil && payload.Fields.ForName("sagas") == nil {
			t.Errorf("%s has no saga", payload.Name)
		}
		for _, field := range []string{"idempotencyKey", "write"} {
			if input.Fields.ForName(field) == nil {
				t.Errorf("%s has no %s", input.Name, field)
			}
		}
		edits := input.Fields.ForName("id") != nil || strings.HasPrefix(m.Name, "upsert")
		if (input.Fields.ForName("expectedVersion") != nil) != edits {
			t.Errorf("%s: expectedVersion belongs to edits", input.Name)
		}
	}
}

// TestIntrospection wants the schema that is served to be the one that was walked, without what is not served.
func TestIntrospection(t *testing.T) {
	g := graphtest.Sample(t)
	data := g.Query(t, `{__schema{directives{name} types{name} queryType{fields{name}} mutationType{fields{name}}}}`, nil, nil)
	for _, d := range graphtest.At(data, "__schema", "directives").([]any) {
		if name := graphtest.At(d, "name"); name == "defer" || name == "stream" {
			t.Errorf("@%s is offered but not served", name)
		}
	}
	served := map[any]bool{}
	for _, d := range graphtest.At(data, "__schema", "types").([]any) {
		served[graphtest.At(d, "name")] = true
	}
	for _, def := range ours(t) {
		if !served[def.Name] {
			t.Errorf("%s cannot be introspected", def.Name)
		}
	}
}
