// Package selection reads from the operation what the loaders need to know: where a field stands in the response, what is
// selected beneath it, and, once a level of nodes is there, how many loads the next level will make.
package selection

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"thalamus/loaders"
	"thalamus/stores"
)

// together names the fields of one type that are answered by one batch.
var together = map[string]string{
	"Entity.content": "#record", "Entity.keywords": "#record", "Entity.aliases": "#record", "Entity.metadata": "#record",
	"Episode.previous": "#adjacent", "Episode.next": "#adjacent",
}

// Response holds the places of one response.
type Response struct {
	schema  *ast.Schema
	loaders *loaders.Loaders

	mu     sync.Mutex
	places map[string]*loaders.Place
}

type key struct{}

// With hands what [At] needs to the resolvers of one response.
func With(ctx context.Context, schema *ast.Schema, l *loaders.Loaders) context.Context {
	return context.WithValue(ctx, key{}, &Response{schema: schema, loaders: l, places: map[string]*loaders.Place{}})
}

// At gives the place of the running resolver.
func At(ctx context.Context) *loaders.Place {
	r := ctx.Value(key{}).(*Response)
	fc := graphql.GetFieldContext(ctx)
	path := responsePath(fc)
	id := path + "|" + fc.Object

	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.places[id]
	if !ok {
		p = r.place(ctx, fc, path)
		r.places[id] = p
	}
	return p
}

func (r *Response) place(ctx context.Context, fc *graphql.FieldContext, path string) *loaders.Place {
	op := graphql.GetOperationContext(ctx)
	parent := strings.TrimSuffix(strings.TrimSuffix(path, fc.Field.Alias), "/")
	targets := r.targets(op, fc.Field.Definition.Type, fc.Field.Selections, path)
	return &loaders.Place{
		Key:     batch(parent, fc.Object, fc.Field.Field),
		Path:    path,
		Field:   fc.Field.Name,
		Select:  func(k stores.Kind) []stores.Field { return selectedFields(op, targets, k) },
		Arrived: func(n map[stores.Kind]int) { r.announce(op, targets, n) },
	}
}

// batch names the batch of a field of a type below a path.
func batch(parent, object string, f *ast.Field) string {
	last := f.Alias
	if group, ok := together[object+"."+f.Name]; ok {
		last = group
	}
	return parent + "/" + last + "|" + object
}

// responsePath joins the response keys from the root to a field, leaving out list indices.
func responsePath(fc *graphql.FieldContext) string {
	var keys []string
	for ; fc != nil; fc = fc.Parent {
		if fc.Index == nil && fc.Field.Field != nil {
			keys = append(keys, fc.Field.Alias)
		}
	}
	slices.Reverse(keys)
	return strings.Join(keys, "/")
}

// target is a selection of nodes that a field leads to, through connections, edges, payloads and the like.
type target struct {
	path       string
	kinds      []stores.Kind
	selections ast.SelectionSet
}

func (r *Response) targets(op *graphql.OperationContext, t *ast.Type, sel ast.SelectionSet, path string) []target {
	def := r.schema.Types[t.Name()]
	if kinds := r.nodeKinds(def); kinds != nil {
		return []target{{path, kinds, sel}}
	}
	var out []target
	for _, f := range graphql.CollectFields(op, sel, []string{def.Name}) {
		if d := def.Fields.ForName(f.Name); d != nil && len(f.Selections) > 0 {
			out = append(out, r.targets(op, d.Type, f.Selections, path+"/"+f.Alias)...)
		}
	}
	return out
}

// nodeKinds lists the nouns a type stands for; nil when it stands for none.
func (r *Response) nodeKinds(def *ast.Definition) []stores.Kind {
	if slices.Contains(stores.Kinds, stores.Kind(def.Name)) {
		return []stores.Kind{stores.Kind(def.Name)}
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

// selectedFields names what is selected of a kind, which stores read as the heavy fields to bring along.
func selectedFields(op *graphql.OperationContext, targets []target, k stores.Kind) []stores.Field {
	fields := []stores.Field{}
	for _, t := range targets {
		if slices.Contains(t.kinds, k) {
			for _, f := range t.children(op, k) {
				fields = append(fields, stores.Field(f.Name))
			}
		}
	}
	return fields
}

// announce tells the loaders how many loads the nodes that arrived will cause, field by field.
func (r *Response) announce(op *graphql.OperationContext, targets []target, arrived map[stores.Kind]int) {
	for _, t := range targets {
		for _, k := range t.kinds {
			if n := arrived[k]; n > 0 {
				for _, f := range t.children(op, k) {
					r.loaders.Expect(batch(t.path, string(k), f.Field), n)
				}
			}
		}
	}
}
