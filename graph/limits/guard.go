package limits

import (
	"context"
	"crypto/sha256"

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

// MutateOperationParameters refuses a document that is over a limit; it changes nothing.
func (g *Guard) MutateOperationParameters(_ context.Context, request *graphql.RawParams) *gqlerror.Error {
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
