package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"thalamus/access"
	"thalamus/graph/limits"
	"thalamus/resilience"
)

// metricOperation is how long operations take. Its labels hold no names, of which clients may send any number.
const metricOperation = "thalamus.operation.duration"

var operationBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// Attributes of the request's span, by OpenTelemetry's conventions for GraphQL servers.
const (
	spanName = attribute.Key("graphql.operation.name")
	spanType = attribute.Key("graphql.operation.type")
)

// maxName is how much of a name that a client made up is logged.
const maxName = 100

type callsKey struct{}

// CountCalls is a middleware of guards: it counts the calls to stores that each operation makes, for its line in the log,
// and refuses those that a response makes beyond its allowance.
func CountCalls(ctx context.Context, _ resilience.Op, next func(context.Context) error) error {
	if calls, ok := ctx.Value(callsKey{}).(*atomic.Int64); ok {
		calls.Add(1)
	}
	if a, ok := ctx.Value(allowanceKey{}).(*allowance); ok {
		if made := int(a.made.Add(1)); made > a.limit {
			return limits.Exceeded(limits.CodeCalls, made, a.limit, fmt.Sprintf(
				"The operation makes %d calls to stores or more; the limit is %d. Ask for less at once.", made, a.limit))
		}
	}
	return next(ctx)
}

type allowanceKey struct{}

// allowance is how many calls to stores one response may make.
type allowance struct {
	limit int
	made  atomic.Int64
}

// withAllowance limits the calls of a query or an event. Those of a mutation are not limited: a write that was begun must
// be able to end.
func withAllowance(ctx context.Context, limit int) context.Context {
	if op := graphql.GetOperationContext(ctx).Operation; op == nil || op.Operation == ast.Mutation {
		return ctx
	}
	return context.WithValue(ctx, allowanceKey{}, &allowance{limit: limit})
}

// operations reports on every operation: a line in the log, a duration, and attributes of the request's span. Neither
// holds the query's text nor its variables.
type operations struct {
	log      *slog.Logger
	duration metric.Float64Histogram
}

func newOperations(log *slog.Logger, meters metric.MeterProvider) (*operations, error) {
	duration, err := meters.Meter("thalamus/graph").Float64Histogram(metricOperation, metric.WithUnit("s"),
		metric.WithDescription("How long GraphQL operations take."), metric.WithExplicitBucketBoundaries(operationBuckets...))
	if err != nil {
		return nil, fmt.Errorf("metric %s: %w", metricOperation, err)
	}
	return &operations{log: log, duration: duration}, nil
}

// observe wraps one operation. A query or mutation is reported with its answer, a subscription when it ends.
func (o *operations) observe(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx).Operation
	trace.SpanFromContext(ctx).SetAttributes(spanName.String(op.Name), spanType.String(string(op.Operation)))
	r := &operationReport{operations: o, op: op, start: time.Now()}
	ctx = context.WithValue(ctx, callsKey{}, &r.calls)
	if op.Operation != ast.Subscription { // which lives longer than a failure
		ctx = resilience.Patience(ctx)
	}
	responses := next(ctx)
	if op.Operation == ast.Subscription { // nobody asks for the rest of one whose client is gone
		context.AfterFunc(ctx, func() { r.end(ctx) })
	}
	return func(ctx context.Context) *graphql.Response {
		response := responses(ctx)
		if response != nil {
			r.note(response)
		}
		if op.Operation != ast.Subscription || response == nil {
			r.end(ctx)
		}
		return response
	}
}

// operationReport is what is told about one operation.
type operationReport struct {
	*operations
	op    *ast.OperationDefinition
	start time.Time
	calls atomic.Int64

	mu        sync.Mutex
	responses int
	errors    gqlerror.List
	degraded  resilience.DegradedStatus
	empty     bool
	told      bool
}

func (r *operationReport) note(response *graphql.Response) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.responses++
	r.errors = append(r.errors, response.Errors...)
	if d, ok := response.Extensions[extensionDegraded].(*resilience.Degradation); ok {
		r.degraded = d.Status
	}
	r.empty = r.empty || string(response.Data) == "null" || len(response.Data) == 0
}

func (r *operationReport) end(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told {
		return
	}
	r.told = true
	took := time.Since(r.start)
	r.duration.Record(ctx, took.Seconds(), metric.WithAttributes(
		attribute.String("type", string(r.op.Operation)), attribute.String("status", r.status())))
	attrs := []slog.Attr{
		slog.String("operation", r.op.Name[:min(len(r.op.Name), maxName)]), slog.String("type", string(r.op.Operation)), slog.String("status", r.status()),
		slog.Duration("took", took), slog.Int64("calls", r.calls.Load()),
	}
	if caller, known := access.CallerOf(ctx); known {
		attrs = append(attrs, slog.String("caller", caller.Name))
	}
	if codes := codesOf(r.errors); len(codes) > 0 {
		attrs = append(attrs, slog.Any("errors", codes))
	}
	if r.degraded != "" {
		attrs = append(attrs, slog.String("degraded", string(r.degraded)))
	}
	if r.op.Operation == ast.Subscription {
		attrs = append(attrs, slog.Int("events", r.responses))
	}
	r.log.LogAttrs(ctx, slog.LevelInfo, "operation", attrs...)
}

// status is ok, partial when some fields failed, or failed when nothing is left to answer.
func (r *operationReport) status() string {
	switch {
	case r.responses == 0 && r.op.Operation != ast.Subscription:
		return "cancelled"
	case len(r.errors) == 0:
		return "ok"
	case r.empty:
		return "failed"
	}
	return "partial"
}

// codesOf lists each code once.
func codesOf(errs gqlerror.List) (codes []string) {
	seen := map[string]bool{}
	for _, e := range errs {
		if code, ok := e.Extensions["code"].(string); ok && !seen[code] {
			seen[code] = true
			codes = append(codes, code)
		}
	}
	return codes
}

// errPanic is shown as an internal error.
var errPanic = errors.New("a resolver panicked")

// recovered turns a panic of a resolver into an error of its field.
func recovered(log *slog.Logger) graphql.RecoverFunc {
	return func(ctx context.Context, v any) error {
		log.ErrorContext(ctx, "panic", "panic", v, "stack", string(debug.Stack()))
		return errPanic
	}
}
