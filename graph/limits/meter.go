package limits

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"golang.org/x/time/rate"

	"thalamus/graph/transport"
)

// callers is how many callers have a bucket at a time. The one that asked for nothing for longest loses its bucket, which
// by then is the fullest.
const callers = 10_000

// Meter reckons the cost of every operation, whatever it came by, refuses one that is over the limit, and charges its
// caller.
type Meter struct {
	weights *Weights
	limit   int
	caller  func(context.Context) any
	charge  Rate
	buckets *lru.Cache[any, *rate.Limiter]
}

// Rate is what a caller may spend: so much in each second, and so much at once after a rest. Without PerSecond nobody is
// charged.
type Rate struct{ PerSecond, Burst int }

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
} = (*Meter)(nil)

// NewMeter makes a meter. caller tells from the context of a request who pays, as a value that can be compared.
func NewMeter(w *Weights, limit int, r Rate, caller func(context.Context) any) *Meter {
	buckets, _ := lru.New[any, *rate.Limiter](callers) // fails for a size of 0 only
	return &Meter{w, limit, caller, r, buckets}
}

// ExtensionName is, like Validate, of an extension of gqlgen.
func (*Meter) ExtensionName() string { return meterName }

// Validate accepts every schema.
func (*Meter) Validate(graphql.ExecutableSchema) error { return nil }

const meterName = "Meter"

// Cost is what an operation was reckoned to cost, and the limit, for people to look at.
type Cost struct {
	Requested int `json:"requested"`
	Limit     int `json:"limit"`
}

// CostOf is the cost of an operation that a meter let pass.
func CostOf(op *graphql.OperationContext) (Cost, bool) {
	c, ok := op.Stats.GetExtension(meterName).(Cost)
	return c, ok
}

// MutateOperationContext reckons and charges. The price of a subscription is that of one event, paid when it starts.
func (m *Meter) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	cost := m.weights.Of(op.Operation, op.Variables)
	op.Stats.SetExtension(meterName, Cost{cost, m.limit})
	if cost > m.limit {
		return Exceeded(CodeCost, cost, m.limit, fmt.Sprintf(
			"The operation costs %d; the limit is %d. Ask for shorter pages, or for fewer lists within lists.", cost, m.limit))
	}
	return m.pay(m.caller(ctx), cost)
}

// pay takes the cost of an operation, at least 1, from the caller's bucket. A bucket that is too small for any such
// operation is emptied.
func (m *Meter) pay(caller any, cost int) *gqlerror.Error {
	if m.charge.PerSecond == 0 {
		return nil
	}
	now := time.Now()
	bucket := rate.NewLimiter(rate.Limit(m.charge.PerSecond), m.charge.Burst)
	if known, ok, _ := m.buckets.PeekOrAdd(caller, bucket); ok {
		bucket = known
		m.buckets.Get(caller) // which makes it a recent one
	}
	reserved := bucket.ReserveN(now, min(max(cost, 1), m.charge.Burst))
	wait := reserved.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	reserved.CancelAt(now)
	ms := int(math.Ceil(float64(wait) / float64(time.Millisecond)))
	return &gqlerror.Error{
		Message: fmt.Sprintf("The operation costs %d, which this caller cannot spend yet: try again in %d ms.", cost, ms),
		Extensions: map[string]any{
			"code": transport.CodeRateLimited, "limit": m.charge.PerSecond, "value": cost, "retryAfterMs": ms,
		},
	}
}
