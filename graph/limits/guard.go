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

// MutateOperationParameters refuses a document that is over a limit, and variables that are nested too deep; it changes
// nothing.
func (g *Guard) MutateOperationParameters(_ context.Context, request *graphql.RawParams) *gqlerror.Error {
	for _, v := range request.Variables {
		if depth, limit := depthOf(v), g.limits.Document.Depth; depth > limit {
			return Exceeded(CodeDepth, depth, limit, fmt.Sprintf("The variables are nested %d levels deep; the limit is %d.", depth, limit))
		}
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

// depthOf is how deep lists and objects are nested in a JSON value; who decoded it bounds that.
func depthOf(v any) (depth int) {
	switch v := v.(type) {
	case []any:
		for _, child := range v {
			depth = max(depth, depthOf(child))
		}
	case map[string]any:
		for _, child := range v {
			depth = max(depth, depthOf(child))
		}
	default:
		return 0
	}
	return depth + 1
}
