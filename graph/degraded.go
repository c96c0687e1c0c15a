package graph

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"thalamus/graph/transport"
	"thalamus/resilience"
	"thalamus/stores"
)

// ConsistencyHeader and the parameter extensions.consistency of a request say what may stand in for a store that is down:
// nothing, when one of them is STRONG; an earlier answer, when neither is given.
const (
	ConsistencyHeader = "Thalamus-Consistency"

	extensionConsistency = "consistency"
	consistencyStrong    = "STRONG"
)

// extensionDegraded says what of a response is missing or old; it is absent while all stores answer.
const extensionDegraded = "degraded"

// consistency refuses requests that ask for a consistency that there is not.
type consistency struct{}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
} = consistency{}

// ExtensionName is, like Validate and MutateOperationContext, of an extension of gqlgen.
func (consistency) ExtensionName() string { return "Consistency" }

// Validate accepts every schema.
func (consistency) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext refuses a bad request; it changes nothing.
func (consistency) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	if _, ok := isStrong(op); ok {
		return nil
	}
	return &gqlerror.Error{
		Message: "The consistency of a request is STRONG, or is left out: say it with the header " + ConsistencyHeader +
			" or the parameter extensions.consistency.",
		Extensions: map[string]any{"code": transport.CodeBadRequest},
	}
}

// isStrong says whether a request wants no earlier answers. It is not ok when it asks for something else.
func isStrong(op *graphql.OperationContext) (strong, ok bool) {
	for _, value := range op.Headers.Values(ConsistencyHeader) {
		if value != consistencyStrong {
			return false, false
		}
		strong = true
	}
	switch value := op.Extensions[extensionConsistency]; value {
	case nil:
		return strong, true
	case consistencyStrong:
		return true, true
	}
	return false, false
}

// degraded lets queries have earlier answers from stores that are down, and tells in the response what is old or missing.
// What mutations and events show is as it is stored.
func degraded(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	op := graphql.GetOperationContext(ctx)
	if strong, _ := isStrong(op); strong || op.Operation == nil || op.Operation.Operation != ast.Query {
		ctx = stores.Strong(ctx)
	}
	ctx, gathered := resilience.WithDegraded(ctx)
	response := next(ctx)
	if report := gathered.Report(time.Now()); report != nil {
		extend(response, extensionDegraded, report)
	}
	return response
}
