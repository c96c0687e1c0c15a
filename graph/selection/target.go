package selection

import (
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"thalamus/loaders"
	"thalamus/stores"
)

// target is a selection of nodes that a field leads to, through connections, edges, payloads and the like.
type target struct {
	between    string // response keys between the field and the nodes
	kinds      []stores.Kind
	selections ast.SelectionSet
}

type targets []target

func (r *Response) targets(op *graphql.OperationContext, t *ast.Type, sel ast.SelectionSet, between string) targets {
	def := r.schema.Types[t.Name()]
	if kinds := nodeKinds(def); kinds != nil {
		return targets{{between, kinds, sel}}
	}
	var out targets
	for _, f := range graphql.CollectFields(op, sel, []string{def.Name}) {
		if len(f.Selections) > 0 {
			out = append(out, r.targets(op, f.Definition.Type, f.Selections, between+"/"+f.Alias)...)
		}
	}
	return out
}

// nodeKinds lists the nouns a type stands for; nil when it stands for none.
func nodeKinds(def *ast.Definition) []stores.Kind {
	if kind := stores.Kind(def.Name); slices.Contains(stores.Kinds, kind) {
		return []stores.Kind{kind}
	}
	if def.IsAbstractType() {
		return stores.Kinds
	}
	return nil
}

// children collects what is selected on nodes of a kind.
func (t target) children(op *graphql.OperationContext, k stores.Kind) []graphql.CollectedField {
	return graphql.CollectFields(op, t.selections, []string{string(k), "Node"})
}

// selected gives what is selected of a kind, which stores read as the heavy fields to bring along.
func (all targets) selected(op *graphql.OperationContext) func(stores.Kind) []stores.Field {
	return func(k stores.Kind) []stores.Field {
		fields := []stores.Field{}
		for _, t := range all {
			if slices.Contains(t.kinds, k) {
				for _, f := range t.children(op, k) {
					fields = append(fields, stores.Field(f.Name))
				}
			}
		}
		return fields
	}
}

// announce tells the loaders how many loads the nodes that arrived will cause, field by field.
func (all targets) announce(op *graphql.OperationContext, l *loaders.Loaders, above string) func(map[stores.Kind]int) {
	return func(arrived map[stores.Kind]int) {
		for _, t := range all {
			for _, k := range t.kinds {
				if n := arrived[k]; n > 0 {
					for _, f := range t.children(op, k) {
						l.Expect(batch(op, above+t.between, string(k), f), n)
					}
				}
			}
		}
	}
}
