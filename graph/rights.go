package graph

import (
	"context"
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"thalamus/access"
	"thalamus/graph/transport"
)

// rights refuses operations that need a greater role than their caller has. It is asked for every operation of every
// transport, whether its document was seen before or not.
type rights struct {
	introspection access.Role // the least role that may ask about the schema; empty: nobody may
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
} = rights{}

// ExtensionName is, like Validate and MutateOperationContext, of an extension of gqlgen.
func (rights) ExtensionName() string { return "Rights" }

// Validate accepts every schema.
func (rights) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext refuses an operation as a whole when its caller is not known any more, or one of its fields is not
// allowed; it changes nothing.
func (r rights) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	caller, _ := access.CallerOf(ctx)
	var refused *gqlerror.Error
	if !access.Valid(ctx) {
		return &gqlerror.Error{
			Message:    "The API key was taken back, or changed, since this connection began: connect again with a valid one.",
			Extensions: map[string]any{"code": transport.CodeUnauthenticated},
		}
	}
	rootFields(op.Operation.SelectionSet, map[string]bool{}, func(f *ast.Field) {
		if needed := r.needed(op.Operation.Operation, f); refused == nil && !caller.Role.Includes(needed) {
			refused = &gqlerror.Error{
				Message:    fmt.Sprintf("The field %q needs the role %s, and the caller is %s.", f.Name, needed, caller.Role),
				Extensions: map[string]any{"code": transport.CodeForbidden},
			}
			if f.Position != nil {
				refused.Locations = []gqlerror.Location{{Line: f.Position.Line, Column: f.Position.Column}}
			}
		}
	})
	return refused
}

// rootFields visits the fields of a selection with those of its fragments, each fragment once.
func rootFields(set ast.SelectionSet, seen map[string]bool, visit func(*ast.Field)) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			visit(s)
		case *ast.InlineFragment:
			rootFields(s.SelectionSet, seen, visit)
		case *ast.FragmentSpread:
			if !seen[s.Name] {
				seen[s.Name] = true
				rootFields(s.Definition.SelectionSet, seen, visit)
			}
		}
	}
}

// needed is the role that a field of a root type needs.
func (r rights) needed(operation ast.Operation, f *ast.Field) access.Role {
	switch f.Name {
	case "__typename":
		return access.Reader
	case "__schema", "__type":
		return r.introspection
	}
	return Needs(operation, f.Definition)
}

// Needs is the role that the definition of a field of a root type asks for.
func Needs(operation ast.Operation, f *ast.FieldDefinition) access.Role {
	if d := f.Directives.ForName("access"); d != nil {
		return access.Role(roleOf(d))
	}
	if operation == ast.Mutation {
		return access.Writer
	}
	return access.Reader
}

// discreet takes from errors of a document the names that they suggest, unless the caller may ask about the schema.
// Validation cannot do that: it knows no caller, since documents are kept for all.
func (r rights) discreet(next graphql.ErrorPresenterFunc) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		shown := next(ctx, err)
		caller, _ := access.CallerOf(ctx)
		if shown == nil || shown.Extensions["code"] != transport.CodeValidationFailed || caller.Role.Includes(r.introspection) {
			return shown
		}
		if i := strings.LastIndex(shown.Message, " Did you mean "); i >= 0 {
			without := *shown
			without.Message = shown.Message[:i]
			return &without
		}
		return shown
	}
}
