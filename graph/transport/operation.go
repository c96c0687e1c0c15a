package transport

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// ErrTimeout is the cause (see context.Cause) with which an operation's context ends when its time is over. It tells
// our deadline from the caller's leaving.
var ErrTimeout = errors.New("the operation's time is over")

const timeoutMessage = "The operation took too long and was stopped. Ask for less, or in smaller pages."

// deadline limits the time of queries and mutations, on every transport.
type deadline struct{ limit time.Duration }

var _ interface {
	graphql.HandlerExtension
	graphql.OperationInterceptor
} = deadline{}

func (deadline) ExtensionName() string                   { return "Deadline" }
func (deadline) Validate(graphql.ExecutableSchema) error { return nil }

func (d deadline) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	if graphql.GetOperationContext(ctx).Operation.Operation == ast.Subscription {
		return next(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, d.limit, ErrTimeout)
	responses := next(ctx)
	answered := false
	return func(ctx context.Context) *graphql.Response {
		if answered {
			return nil
		}
		answered = true
		defer cancel()
		response := responses(ctx)
		if response == nil && errors.Is(context.Cause(ctx), ErrTimeout) {
			return &graphql.Response{Errors: gqlerror.List{coded(CodeTimeout, timeoutMessage)}}
		}
		return response
	}
}

// oneStream refuses a subscription that comes to more or fewer than one field once @skip and @include have had their say.
type oneStream struct{ root string }

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
} = oneStream{}

func (oneStream) ExtensionName() string                   { return "OneStream" }
func (oneStream) Validate(graphql.ExecutableSchema) error { return nil }

func (s oneStream) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	if op.Operation.Operation != ast.Subscription {
		return nil
	}
	if n := len(graphql.CollectFields(op, op.Operation.SelectionSet, []string{s.root})); n != 1 {
		return coded(CodeValidationFailed, fmt.Sprintf("A subscription selects exactly one field; this one comes to %d. Use an operation for each.", n))
	}
	return nil
}

// introspection answers __schema and __type.
type introspection struct{}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
} = introspection{}

func (introspection) ExtensionName() string                   { return "Introspection" }
func (introspection) Validate(graphql.ExecutableSchema) error { return nil }

func (introspection) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	op.DisableIntrospection = false
	return nil
}

// WithoutDefer returns a schema like s that does not declare @defer, which gqlgen adds to every schema and which this
// edge does not offer. s is not changed. With gqlgen's Config:
//
//	config.Schema = transport.WithoutDefer(generated.NewExecutableSchema(config).Schema())
//	schema := generated.NewExecutableSchema(config)
func WithoutDefer(s *ast.Schema) *ast.Schema {
	without := *s
	without.Directives = maps.Clone(s.Directives)
	delete(without.Directives, "defer")
	return &without
}

// validationRules returns the rules of the specification and ours. The executor changes the set it is given, so each
// document gets a new one; documents seen before are not validated again.
func validationRules(introspection bool) func() *rules.Rules {
	return func() *rules.Rules {
		set := rules.NewDefaultRules()
		set.AddRule("NoDefer", noDefer)
		if !introspection {
			set.AddRule("NoIntrospection", noIntrospection)
		}
		return set
	}
}

// noDefer refuses @defer where the schema still declares it: gqlgen would answer such a query with nulls first.
func noDefer(observers *core.Events, report core.AddErrFunc) {
	observers.OnDirective(func(_ *core.Walker, d *ast.Directive) {
		if d.Name == "defer" && d.Definition != nil {
			report(core.Message("@defer is not offered here: ask for these fields without it."), core.At(d.Position))
		}
	})
}

func noIntrospection(observers *core.Events, report core.AddErrFunc) {
	observers.OnField(func(_ *core.Walker, f *ast.Field) {
		if f.Name == "__schema" || f.Name == "__type" {
			report(core.Message("Introspection is switched off on this server."), core.At(f.Position))
		}
	})
}
