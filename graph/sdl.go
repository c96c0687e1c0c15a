package graph

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// SDL is the schema in the schema definition language.
func SDL() string {
	var out strings.Builder
	formatter.NewFormatter(&out, formatter.WithIndent("  ")).FormatSchema(Schema(nil).Schema())
	return out.String()
}

// PossibleTypes names the object types of every interface and union, both in order.
func PossibleTypes() map[string][]string {
	schema := Schema(nil).Schema()
	out := map[string][]string{}
	for name, definition := range schema.Types {
		if definition.Kind != ast.Interface && definition.Kind != ast.Union {
			continue
		}
		for _, member := range schema.PossibleTypes[name] {
			out[name] = append(out[name], member.Name)
		}
		slices.Sort(out[name])
	}
	return out
}

// Introspection is the answer to [introspectionQuery].
func Introspection(ctx context.Context) (json.RawMessage, error) {
	exec := executor.New(Schema(nil))
	exec.Use(introspected{})
	op, errs := exec.CreateOperationContext(graphql.StartOperationTrace(ctx), &graphql.RawParams{Query: introspectionQuery})
	if len(errs) > 0 {
		return nil, errs
	}
	responses, ctx := exec.DispatchOperation(graphql.WithOperationContext(ctx, op), op)
	response := responses(ctx)
	if response == nil {
		return nil, ctx.Err()
	}
	if len(response.Errors) > 0 {
		return nil, response.Errors
	}
	return response.Data, nil
}

// introspected lets an executor answer questions about its schema.
type introspected struct{}

var _ graphql.OperationContextMutator = introspected{}

func (introspected) ExtensionName() string                   { return "Introspection" }
func (introspected) Validate(graphql.ExecutableSchema) error { return nil }

func (introspected) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	op.DisableIntrospection = false
	return nil
}

// introspectionQuery asks for everything that the specification of September 2025 lets a schema say about itself.
const introspectionQuery = `query IntrospectionQuery {
  __schema {
    description
    queryType { name }
    mutationType { name }
    subscriptionType { name }
    types { ...FullType }
    directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } }
  }
}

fragment FullType on __Type {
  kind name description specifiedByURL isOneOf
  fields(includeDeprecated: true) {
    name description
    args(includeDeprecated: true) { ...InputValue }
    type { ...TypeRef }
    isDeprecated deprecationReason
  }
  inputFields(includeDeprecated: true) { ...InputValue }
  interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef }
}

fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }

fragment TypeRef on __Type {
  kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }
}
`
