// Package selection reads from the operation what the loaders need to know: where a field stands in the response, what is
// selected beneath it, and, once a level of nodes is there, how many loads the next level will make.
//
// All loads of a batch come from nodes that arrived together, so each batch is announced once and in full.
package selection

import (
	"context"
	"encoding/json"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"thalamus/loaders"
)

// together names the fields that one batch answers although they are different ones.
var together = map[string]string{
	"Entity.content": "record", "Entity.keywords": "record", "Entity.aliases": "record", "Entity.metadata": "record",
	"Episode.previous": "adjacent", "Episode.next": "adjacent",
	"Episode.relationships": "edges", "Entity.relationships": "edges", "Procedure.relationships": "edges",
	"Relationship.source": "ends", "Relationship.target": "ends",
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
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at(graphql.GetOperationContext(ctx), graphql.GetFieldContext(ctx))
}

func (r *Response) at(op *graphql.OperationContext, fc *graphql.FieldContext) *loaders.Place {
	id, path := position(fc)
	p, ok := r.places[id]
	if !ok {
		p = r.place(op, fc, path)
		r.places[id] = p
	}
	return p
}

func (r *Response) place(op *graphql.OperationContext, fc *graphql.FieldContext, path string) *loaders.Place {
	parent, between := above(fc)
	p := &loaders.Place{Path: path, Field: fc.Field.Name}
	if parent == nil {
		p.Key = path
		r.loaders.Expect(p.Key, 1)
	} else {
		p.Key = batch(op, r.at(op, parent).Key+between, fc.Object, fc.Field)
	}
	targets := r.targets(op, fc.Field.Definition.Type, fc.Field.Selections, "")
	p.Select = targets.selected(op)
	p.Arrived = targets.announce(op, r.loaders, p.Key)
	return p
}

// batch names the batch that answers a field of the nodes below another batch: the fields that share it are those of one
// name and type, or those that are answered together, with the same arguments.
func batch(op *graphql.OperationContext, above, object string, f graphql.CollectedField) string {
	name := object + "." + f.Name
	if group, ok := together[name]; ok {
		name = group
	}
	if len(f.Definition.Arguments) > 0 {
		args, err := json.Marshal(f.ArgumentMap(op.Variables))
		if err != nil {
			panic("selection: arguments are not JSON: " + err.Error()) // they were parsed from JSON or GraphQL
		}
		name += string(args)
	}
	return above + "/" + name
}

// position tells places apart by the types and response keys that lead to a field, list indices left out, and gives the
// path of response keys alone.
func position(fc *graphql.FieldContext) (id, path string) {
	var chain [32]*graphql.FieldContext
	fields := chain[:0]
	for ; fc != nil; fc = fc.Parent {
		if isField(fc) {
			fields = append(fields, fc)
		}
	}
	var ids, keys strings.Builder
	for i := len(fields) - 1; i >= 0; i-- {
		f := fields[i]
		ids.WriteString(f.Object + "." + f.Field.Alias + "/")
		keys.WriteString(f.Field.Alias)
		if i > 0 {
			keys.WriteByte('/')
		}
	}
	return ids.String(), keys.String()
}

// above finds the resolver that brought the node of a field, and the response keys between the two; nil for a root field.
func above(fc *graphql.FieldContext) (resolver *graphql.FieldContext, between string) {
	for p := fc.Parent; p != nil; p = p.Parent {
		switch {
		case !isField(p):
		case p.IsResolver:
			return p, between
		default:
			between = "/" + p.Field.Alias + between
		}
	}
	return nil, ""
}

// isField tells fields from list items and from the root.
func isField(fc *graphql.FieldContext) bool { return fc.Index == nil && fc.Field.Field != nil }
