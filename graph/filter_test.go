package graph_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"thalamus/graph"
	"thalamus/graph/graphtest"
	"thalamus/graph/model"
	"thalamus/stores"
)

// flat is a noun as its JSON shows it, which spells fields as GraphQL does.
type flat map[string]any

// field digs out a field; "context.project" is one of a nested object. References are their keys.
func (f flat) field(name string) any {
	v := any(map[string]any(f))
	for _, part := range strings.Split(name, ".") {
		v = graphtest.At(v, part)
	}
	if ref, ok := v.(map[string]any); ok {
		return ref["id"]
	}
	if s, ok := v.(string); ok {
		if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
			return at
		}
	}
	return v
}

// everything reads all nodes of the sample memory's default scope, and the writes that made them.
func everything(t *testing.T, set *stores.Set) map[string][]flat {
	t.Helper()
	q := stores.Query{Page: stores.Page{First: 1000}}
	return map[string][]flat{
		"episodes": flatten(t, q, set.Episodes.List), "entities": flatten(t, q, set.Entities.List),
		"procedures": flatten(t, q, set.Procedures.List), "relationships": flatten(t, q, set.Relationships.List),
		"profiles": flatten(t, q, set.Profiles.List), "todos": flatten(t, q, set.Todos.List),
		"sagas": flatten(t, q, set.Journal.List),
	}
}

func flatten[T any](t *testing.T, q stores.Query, list func(context.Context, stores.Scope, stores.Query) (stores.Slice[T], error)) []flat {
	t.Helper()
	page, err := list(t.Context(), graphtest.Scope, q)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(page.Items)
	if err != nil {
		t.Fatal(err)
	}
	var out []flat
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func compare(a, b any) int {
	switch a := a.(type) {
	case string:
		return strings.Compare(a, b.(string))
	case float64:
		return cmp.Compare(a, b.(float64))
	case time.Time:
		return a.Compare(b.(time.Time))
	case bool:
		return map[bool]int{true: 1}[a] - map[bool]int{true: 1}[b.(bool)]
	}
	panic(fmt.Sprintf("%T cannot be compared", a))
}

// matches says what an operator means; operand is as [flat.field] gives values.
func matches(op string, v, operand any) bool {
	if op == "isNull" {
		return (v == nil) == operand.(bool)
	}
	if v == nil {
		return false
	}
	switch op {
	case "eq":
		return compare(v, operand) == 0
	case "gt":
		return compare(v, operand) > 0
	case "gte":
		return compare(v, operand) >= 0
	case "lt":
		return compare(v, operand) < 0
	case "lte":
		return compare(v, operand) <= 0
	case "contains":
		return strings.Contains(v.(string), operand.(string))
	case "startsWith":
		return strings.HasPrefix(v.(string), operand.(string))
	case "in":
		return slices.ContainsFunc(operand.([]any), func(o any) bool { return compare(v, o) == 0 })
	case "has":
		return slices.Contains(v.([]any), operand)
	}
	panic(op)
}

// written is an operand as a client writes it.
func written(v any, filter string) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = written(e, filter)
		}
		return out
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case float64:
		if filter == "UrgencyFilter" {
			return []string{"LOW", "MEDIUM", "HIGH", "URGENT"}[int(v)]
		}
	case string:
		if filter == "IDFilter" || filter == "IDListFilter" {
			for _, kind := range stores.Kinds { // which noun does not matter to a filter
				return model.GlobalID(stores.Ref{Kind: kind, ID: stores.ID(v)})
			}
		}
	}
	return v
}

// operands picks values to compare with: those of the nodes themselves, from the middle.
func operands(op string, nodes []flat, field string) []any {
	var present []any
	for _, n := range nodes {
		if v := n.field(field); v != nil {
			if list, ok := v.([]any); ok {
				v = list[len(list)-1]
			}
			present = append(present, v)
		}
	}
	switch {
	case op == "isNull":
		return []any{true, false}
	case len(present) == 0:
		return nil
	case op == "in":
		return []any{[]any{present[0], present[len(present)/2]}, []any{present[len(present)-1]}, []any{}}
	case op == "contains" || op == "startsWith":
		s := []rune(present[len(present)/2].(string))
		return []any{string(s[:min(4, len(s))]), string(s[len(s)/2:]), "%", "_"}
	}
	return []any{present[len(present)/2], present[0]}
}

// TestEveryFilter compares each operator of each field of each root list with what it means.
func TestEveryFilter(t *testing.T) {
	g := graphtest.Sample(t)
	schema := graph.Schema(nil).Schema()
	all := everything(t, g.Set)
	for root, spec := range specs {
		t.Run(root, func(t *testing.T) {
			tried := 0
			var walk func(where *ast.Definition, prefix string, wrap func(any) map[string]any)
			walk = func(where *ast.Definition, prefix string, wrap func(any) map[string]any) {
				for _, f := range where.Fields {
					name, filter := prefix+f.Name, schema.Types[f.Type.Name()]
					inner := func(v any) map[string]any { return wrap(map[string]any{f.Name: v}) }
					if strings.HasSuffix(filter.Name, "Where") {
						if filter != where { // and, or and not have a test of their own
							walk(filter, name+".", inner)
						}
						continue
					}
					for _, op := range filter.Fields {
						for _, operand := range operands(op.Name, all[root], name) {
							tried++
							input := inner(map[string]any{op.Name: written(operand, filter.Name)})
							checkFilter(t, g, root, spec, input, all[root], func(n flat) bool { return matches(op.Name, n.field(name), operand) })
						}
					}
				}
			}
			walk(schema.Types[string(spec.Kind)+"Where"], "", func(v any) map[string]any { return v.(map[string]any) })
			if tried < 40 {
				t.Errorf("only %d filters were tried", tried)
			}
		})
	}
}

func checkFilter(t *testing.T, g *graphtest.Gateway, root string, spec stores.Spec, where map[string]any, nodes []flat, want func(flat) bool) {
	t.Helper()
	query := fmt.Sprintf("query($w:%sWhere){x:%s(where:$w,first:200){totalCount edges{node{id}}}}", spec.Kind, root)
	data := g.Query(t, query, map[string]any{"w": where}, nil)
	var expected []string
	for _, n := range nodes {
		if want(n) {
			expected = append(expected, model.GlobalID(stores.Ref{Kind: spec.Kind, ID: stores.ID(n["id"].(string))}))
		}
	}
	if got := ids(data); !slices.Equal(got, expected) {
		t.Errorf("%s where %v: %d nodes, want %d", root, where, len(got), len(expected))
	}
	if n := graphtest.At(data, "x", "totalCount"); n != float64(len(expected)) {
		t.Errorf("%s where %v: totalCount is %v, want %d", root, where, n, len(expected))
	}
}

// TestConnectives combines conditions.
func TestConnectives(t *testing.T) {
	g := graphtest.Sample(t)
	episodes := everything(t, g.Set)["episodes"]
	failed := func(n flat) bool { return n["outcome"] == "FAILURE" }
	vivid := func(n flat) bool { return n["emotionalValence"].(float64) >= 0.5 }
	is := map[string]any{"outcome": map[string]any{"eq": "FAILURE"}}
	feels := map[string]any{"emotionalValence": map[string]any{"gte": 0.5}}
	for _, c := range []struct {
		where map[string]any
		want  func(flat) bool
	}{
		{nil, func(flat) bool { return true }},
		{map[string]any{}, func(flat) bool { return true }},
		{map[string]any{"outcome": nil}, func(flat) bool { return true }},
		{map[string]any{"outcome": map[string]any{"eq": nil}}, func(flat) bool { return true }},
		{map[string]any{"outcome": map[string]any{"eq": "FAILURE"}, "emotionalValence": map[string]any{"gte": 0.5}}, func(n flat) bool { return failed(n) && vivid(n) }},
		{map[string]any{"and": []any{is, feels}}, func(n flat) bool { return failed(n) && vivid(n) }},
		{map[string]any{"or": []any{is, feels}}, func(n flat) bool { return failed(n) || vivid(n) }},
		{map[string]any{"not": is}, func(n flat) bool { return !failed(n) }},
		{map[string]any{"not": map[string]any{"or": []any{is, feels}}}, func(n flat) bool { return !failed(n) && !vivid(n) }},
		{map[string]any{"not": map[string]any{"predictionError": map[string]any{"gt": 0}}}, func(n flat) bool { return n["predictionError"] == nil || n["predictionError"].(float64) <= 0 }},
		{map[string]any{"emotionalValence": map[string]any{"gte": 0.2, "lt": 0.5}}, func(n flat) bool {
			return n["emotionalValence"].(float64) >= 0.2 && n["emotionalValence"].(float64) < 0.5
		}},
		{map[string]any{"or": []any{}}, func(flat) bool { return false }},
		{map[string]any{"and": []any{}}, func(flat) bool { return true }},
	} {
		checkFilter(t, g, "episodes", stores.EpisodeSpec, c.where, episodes, c.want)
	}
}

// TestEveryOrder compares each order of each root list, both ways, with what it means.
func TestEveryOrder(t *testing.T) {
	g := graphtest.Sample(t)
	schema := graph.Schema(nil).Schema()
	all := everything(t, g.Set)
	for root, spec := range specs {
		for _, v := range schema.Types[string(spec.Kind)+"OrderField"].EnumValues {
			order, err := model.OrderBy(spec, []map[string]any{{"field": v.Name}})
			if err != nil {
				t.Fatal(err)
			}
			field := string(order[0].Field)
			for _, direction := range []string{"ASC", "DESC"} {
				sorted := slices.Clone(all[root])
				slices.SortFunc(sorted, func(a, b flat) int {
					c := byField(a, b, field)
					if direction == "DESC" {
						c = -c
					}
					return cmp.Or(c, strings.Compare(a["id"].(string), b["id"].(string)))
				})
				var want []string
				for _, n := range sorted {
					want = append(want, model.GlobalID(stores.Ref{Kind: spec.Kind, ID: stores.ID(n["id"].(string))}))
				}
				query := fmt.Sprintf("{x:%s(first:200,orderBy:[{field:%s,direction:%s}]){edges{node{id}}}}", root, v.Name, direction)
				if got := ids(g.Query(t, query, nil, nil)); !slices.Equal(got, want) {
					t.Errorf("%s: not in order", query)
				}
			}
		}
	}
}

// byField compares two nodes, null first.
func byField(a, b flat, field string) int {
	x, y := a.field(field), b.field(field)
	if x == nil || y == nil {
		return map[bool]int{true: 1}[x != nil] - map[bool]int{true: 1}[y != nil]
	}
	return compare(x, y)
}
