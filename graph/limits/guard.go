package limits

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// remembered is how many documents are known to be within the limits.
const remembered = 10_000

// Guard measures every document before it is parsed, whatever it came by. Documents within the limits are remembered and
// measured once.
type Guard struct {
	limits Limits
	passed *lru.Cache[[sha256.Size]byte, struct{}]
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
} = (*Guard)(nil)

// NewGuard makes a guard of limits.
func NewGuard(l Limits) *Guard {
	passed, _ := lru.New[[sha256.Size]byte, struct{}](remembered) // fails for a size of 0 only
	return &Guard{l, passed}
}

// ExtensionName is, like Validate, of an extension of gqlgen.
func (*Guard) ExtensionName() string { return "Guard" }

// Validate accepts every schema.
func (*Guard) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters refuses a document or variables that are over a limit; it changes nothing.
func (g *Guard) MutateOperationParameters(_ context.Context, request *graphql.RawParams) *gqlerror.Error {
	if err := g.limits.variables(request.Variables); err != nil {
		return err
	}
	hash := sha256.Sum256([]byte(request.Query))
	if _, ok := g.passed.Get(hash); ok {
		return nil
	}
	if _, err := g.limits.Measure(request.Query); err != nil {
		return err
	}
	g.passed.Add(hash, struct{}{})
	return nil
}

// variables refuses values that are too many, or nested too deep.
func (l Limits) variables(all map[string]any) *gqlerror.Error {
	depth, count := 0, 0
	for _, v := range all {
		d, n := extentOf(v)
		depth, count = max(depth, d), count+n
	}
	if depth > l.Document.Depth {
		return Exceeded(CodeDepth, depth, l.Document.Depth, fmt.Sprintf("The variables are nested %d levels deep; the limit is %d.", depth, l.Document.Depth))
	}
	if count > l.Values {
		return Exceeded(CodeValues, count, l.Values, fmt.Sprintf("The variables hold %d values; the limit is %d.", count, l.Values))
	}
	return nil
}

// extentOf is how deep lists and objects are nested in a JSON value, and how many values there are, itself included. Who
// decoded it bounds the depth.
func extentOf(v any) (depth, count int) {
	add := func(child any) {
		d, n := extentOf(child)
		depth, count = max(depth, d), count+n
	}
	switch v := v.(type) {
	case []any:
		for _, child := range v {
			add(child)
		}
	case map[string]any:
		for _, child := range v {
			add(child)
		}
	default:
		return 0, 1
	}
	return depth + 1, count + 1
}
