package limits

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// The directives of the cost specification (https://ibm.github.io/graphql-specs/cost-spec.html).
const (
	directiveCost     = "cost"
	directiveListSize = "listSize"
)

// introspectionList is how long a list of the introspection is taken to be. Most are shorter, and some far longer.
const introspectionList = 15

// schemaCost is what asking for the schema as a whole costs by itself: nobody needs it twice at once.
const schemaCost = 40_000

// Weights knows what the fields of a schema cost.
type Weights struct {
	schema *ast.Schema
	fields map[*ast.FieldDefinition]*weight
}

// weight is what one field costs by itself, and how many nodes come of it.
type weight struct {
	cost    int
	list    bool
	assumed int             // length of the list, if no argument says
	slicing []string        // arguments, or paths to a field of their inputs, that say how long the list is
	sized   map[string]bool // fields beneath that are the list; none: the field is the list itself
}

// NewWeights reads @cost and @listSize off a schema.
func NewWeights(schema *ast.Schema) *Weights {
	w := &Weights{schema: schema, fields: map[*ast.FieldDefinition]*weight{}}
	for _, def := range schema.Types {
		for _, f := range def.Fields {
			w.fields[f] = read(f)
			if strings.HasPrefix(def.Name, "__") && f.Type.Elem != nil {
				w.fields[f].list, w.fields[f].assumed = true, introspectionList
			}
			if f.Name == "__schema" {
				w.fields[f].cost = schemaCost
			}
		}
	}
	return w
}

func read(f *ast.FieldDefinition) *weight {
	out := &weight{}
	if d := f.Directives.ForName(directiveCost); d != nil {
		n, _ := strconv.Atoi(d.Arguments.ForName("weight").Value.Raw)
		out.cost = max(n, 0)
	}
	d := f.Directives.ForName(directiveListSize)
	if d == nil {
		return out
	}
	out.list, out.assumed = true, 1
	for _, a := range d.Arguments {
		switch a.Name {
		case "assumedSize":
			out.assumed, _ = strconv.Atoi(a.Value.Raw)
		case "slicingArguments":
			out.slicing = texts(a.Value)
		case "sizedFields":
			out.sized = map[string]bool{}
			for _, name := range texts(a.Value) {
				out.sized[name] = true
			}
		}
	}
	return out
}

func texts(list *ast.Value) (out []string) {
	for _, child := range list.Children {
		out = append(out, child.Value.Raw)
	}
	return out
}

// Of is the most that a validated operation can cost. A field costs its weight and, for each node in it, 1 and what is
// selected on the node. Of the selections on an interface those of the costliest type count. What @skip and @include leave
// out counts, too. Variables are those that the schema has coerced.
func (w *Weights) Of(op *ast.OperationDefinition, variables map[string]any) int {
	root := w.schema.Query
	switch op.Operation {
	case ast.Mutation:
		root = w.schema.Mutation
	case ast.Subscription:
		root = w.schema.Subscription
	}
	r := &reckoning{Weights: w, variables: variables, costs: map[place]int{}}
	return r.on(root, op.SelectionSet, sizing{})
}

// reckoning is the cost of one operation. A selection that is met again at a like place, as those of fragments are, is
// reckoned once.
type reckoning struct {
	*Weights
	variables map[string]any
	costs     map[place]int
}

// sizing is the length that a field gives to lists in its nodes.
type sizing struct {
	by *weight
	n  int
}

type place struct {
	selection ast.Selection
	on        *ast.Definition
	sizing    sizing
}

// on is the cost of a selection on a node of an object type.
func (r *reckoning) on(object *ast.Definition, set ast.SelectionSet, from sizing) (total int) {
	for _, s := range set {
		key := place{s, object, from}
		cost, known := r.costs[key]
		if !known {
			cost = r.selection(object, s, from)
			r.costs[key] = cost
		}
		total = plus(total, cost)
	}
	return total
}

func (r *reckoning) selection(object *ast.Definition, s ast.Selection, from sizing) int {
	condition, set := "", ast.SelectionSet(nil)
	switch s := s.(type) {
	case *ast.Field:
		return r.field(object, s, from)
	case *ast.InlineFragment:
		condition, set = s.TypeCondition, s.SelectionSet
	case *ast.FragmentSpread:
		condition, set = s.Definition.TypeCondition, s.Definition.SelectionSet
	}
	if !r.applies(condition, object) {
		return 0
	}
	return r.on(object, set, from)
}

// applies says whether a fragment on a type, the object's own or an interface of it, concerns an object.
func (r *reckoning) applies(condition string, object *ast.Definition) bool {
	if condition == "" || condition == object.Name {
		return true
	}
	for _, possible := range r.schema.PossibleTypes[condition] {
		if possible.Name == object.Name {
			return true
		}
	}
	return false
}

func (r *reckoning) field(object *ast.Definition, f *ast.Field, from sizing) int {
	def := object.Fields.ForName(f.Name)
	if def == nil {
		return 0 // __typename
	}
	w, n, next := r.fields[def], 1, sizing{}
	switch {
	case w.list && w.sized != nil:
		next = sizing{w, r.length(w, def, f)}
	case w.list:
		n = r.length(w, def, f)
	case from.by != nil && from.by.sized[f.Name]:
		n = from.n
	}
	if len(f.SelectionSet) == 0 {
		return w.cost
	}
	return plus(w.cost, times(n, plus(1, r.node(r.schema.Types[def.Type.Name()], f.SelectionSet, next))))
}

// node is the cost of a selection on a node of any type: of the costliest that an interface stands for.
func (r *reckoning) node(def *ast.Definition, set ast.SelectionSet, from sizing) (most int) {
	if !def.IsAbstractType() {
		return r.on(def, set, from)
	}
	for _, possible := range r.schema.PossibleTypes[def.Name] {
		most = max(most, r.on(possible, set, from))
	}
	return most
}

// length is how long a list can be: as the largest of its slicing arguments says, or as is assumed without them.
func (r *reckoning) length(w *weight, def *ast.FieldDefinition, f *ast.Field) int {
	most, given := 0, false
	for _, path := range w.slicing {
		name, rest, nested := strings.Cut(path, ".")
		value := r.argument(def, f, name)
		if nested {
			input, _ := value.(map[string]any)
			value = input[rest]
		}
		if n, ok := whole(value); ok {
			most, given = max(most, n), true
		}
	}
	if !given {
		return w.assumed
	}
	return most
}

// argument is the value of an argument; nil when it has none. A number that cannot be read is too large.
func (r *reckoning) argument(def *ast.FieldDefinition, f *ast.Field, name string) any {
	if a := f.Arguments.ForName(name); a != nil {
		switch value, err := a.Value.Value(r.variables); {
		case err != nil:
			return longest
		case value != nil:
			return value
		}
	}
	if d := def.Arguments.ForName(name); d != nil && d.DefaultValue != nil {
		if value, err := d.DefaultValue.Value(nil); err == nil {
			return value
		}
	}
	return nil
}

// longest is more than any list can hold: a field that is asked for more says so itself, and asks no store.
const longest = 1000

// whole reads a number as arguments hold it, or the length of a list.
func whole(v any) (n int, ok bool) {
	switch v := v.(type) {
	case int64:
		return int(min(max(v, 0), longest)), true
	case int:
		return min(max(v, 0), longest), true
	case float64:
		return int(min(max(v, 0), longest)), true
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			return longest, true // no number is so large
		}
		return whole(f)
	case []any:
		return min(len(v), longest), true
	}
	return 0, false
}
