package limits

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"thalamus/graph/transport"
)

// Streams refuses a subscription of a caller who has as many open as there may be, whatever they came by.
type Streams struct {
	limit  int
	caller func(context.Context) any

	mu   sync.Mutex
	open map[any][]context.Context // of the subscriptions of each caller
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
} = (*Streams)(nil)

// NewStreams lets a caller have so many subscriptions at a time, 0 standing for any number. caller tells from the context of
// a request who asks, as a value that can be compared.
func NewStreams(limit int, caller func(context.Context) any) *Streams {
	return &Streams{limit: limit, caller: caller, open: map[any][]context.Context{}}
}

// ExtensionName is, like Validate, of an extension of gqlgen.
func (*Streams) ExtensionName() string { return "Streams" }

// Validate accepts every schema.
func (*Streams) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext takes a place for a subscription, which has it until its context ends.
func (s *Streams) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	if s.limit == 0 || op.Operation.Operation != ast.Subscription {
		return nil
	}
	caller := s.caller(ctx)
	if wanted := s.enter(ctx, caller); wanted > s.limit {
		return Exceeded(transport.CodeTooManyStreams, wanted, s.limit, fmt.Sprintf(
			"With this one, %d subscriptions of this user would be open; the limit is %d. End one of them first.", wanted, s.limit))
	}
	context.AfterFunc(ctx, func() { s.sweep(caller) })
	return nil
}

// enter takes a place, if one is left, and tells how many are then wanted. Those of subscriptions that have just ended are
// free at once, so that a client may end one and begin another.
func (s *Streams) enter(ctx context.Context, caller any) (wanted int) {
	s.sweep(caller)
	s.mu.Lock()
	defer s.mu.Unlock()
	if wanted = len(s.open[caller]) + 1; wanted <= s.limit {
		s.open[caller] = append(s.open[caller], ctx)
	}
	return wanted
}

// sweep gives back the places of what has ended.
func (s *Streams) sweep(caller any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[caller] = slices.DeleteFunc(s.open[caller], func(ctx context.Context) bool { return ctx.Err() != nil })
	if len(s.open[caller]) == 0 {
		delete(s.open, caller)
	}
}
