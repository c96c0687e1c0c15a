// Package graph is the GraphQL edge: it puts the resolvers behind the transport and gives every response its loaders, its
// trace and its errors.
package graph

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"thalamus/access"
	"thalamus/graph/generated"
	"thalamus/graph/limits"
	"thalamus/graph/model"
	"thalamus/graph/resolvers"
	"thalamus/graph/selection"
	"thalamus/graph/transport"
	"thalamus/loaders"
	"thalamus/recall"
	"thalamus/resilience"
	"thalamus/resilience/saga"
	"thalamus/stores"
)

// TraceHeader asks for extensions.trace: every call that the response made to a backend.
const TraceHeader = "Thalamus-Trace"

// Options is what the edge is made of.
type Options struct {
	Set       *stores.Set // guarded
	Guards    resilience.Guards
	Writes    *saga.Writer // over the set
	CursorKey []byte       // signs cursors; at least 16 bytes
	Log       *slog.Logger
	Metrics   metric.MeterProvider // nil: none
	Transport transport.Options
	Limits    limits.Limits
	Rate      limits.Rate
	Persisted *limits.Persisted // nil: none are kept, and all documents are allowed
}

// NewHandler serves the schema.
func NewHandler(o Options) (http.Handler, error) {
	root := resolvers.New(o.Set, o.Writes, recall.New(o.Set), model.NewSigner(o.CursorKey), backends{o.Guards})
	schema := Schema(root)
	o.Transport.ErrorPresenter, o.Transport.Recover = presenter(o.Log), recovered(o.Log)
	o.Writes.Submit(submitter(schema, o.Set, o.Log))
	o.Limits = o.Limits.OrDefault()
	o.Transport.TokenLimit = o.Limits.Document.Tokens + 1 // the end is one to gqlgen
	h := transport.New(schema, o.Transport)
	if o.Metrics == nil {
		o.Metrics = noop.NewMeterProvider()
	}
	reports, err := newOperations(o.Log, o.Metrics)
	if err != nil {
		return nil, err
	}
	o.limit(h, schema.Schema())
	h.AroundOperations(reports.observe)
	h.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
		if !graphql.HasOperationContext(ctx) {
			return next(ctx)
		}
		ctx = withAllowance(ctx, o.Limits.Calls)
		l := loaders.New(o.Set, access.Scope(ctx), o.Log)
		ctx = selection.With(loaders.With(ctx, l), schema.Schema(), l)
		return fewErrors(traced(ctx, func(ctx context.Context) *graphql.Response { return degraded(ctx, next) }))
	})
	h.AroundRootFields(func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
		return next(resilience.WithPath(ctx, graphql.GetRootFieldContext(ctx).Field.Alias))
	})
	return scoped(h), nil
}

// limit puts in front of the executor what refuses requests, in order. A document is kept once nothing refused it.
func (o Options) limit(h *transport.Handler, schema *ast.Schema) {
	if o.Persisted == nil {
		o.Persisted = limits.NewPersisted(nil, false)
	}
	caller := func(ctx context.Context) any { return access.Scope(ctx) }
	h.Use(o.Persisted)
	h.Use(limits.NewGuard(o.Limits))
	h.Use(consistency{})
	h.Use(limits.NewMeter(limits.NewWeights(schema), o.Limits.Cost, o.Rate, caller))
	h.Use(limits.Keeper{For: o.Persisted})
}

// Schema is the executable schema over resolvers, which may be nil when only its definition is wanted.
func Schema(root *resolvers.Resolver) graphql.ExecutableSchema {
	cfg := generated.Config{Resolvers: root}
	cfg.Schema = withRoles(transport.WithoutDefer(generated.NewExecutableSchema(cfg).Schema()))
	return generated.NewExecutableSchema(cfg)
}

// scoped reads the caller's scope from the headers of development mode.
func scoped(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := access.FromHeaders(r.Header)
		if err != nil {
			http.Error(w, "The headers "+access.UserHeader+", "+access.DeviceHeader+" and "+access.AgentHeader+" hold 1 to 255 printable bytes each, percent-encoded where they are not ASCII.", http.StatusBadRequest)
			return
		}
		next.ServeHTTP(w, r.WithContext(access.WithScope(r.Context(), s)))
	})
}

// traced records the calls of a response when its request asked for it.
func traced(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if graphql.GetOperationContext(ctx).Headers.Get(TraceHeader) != "1" {
		return next(ctx)
	}
	trace := resilience.NewTrace(time.Now())
	response := next(resilience.WithTrace(ctx, trace))
	extend(response, "trace", trace.Report(time.Now()))
	if cost, ok := limits.CostOf(graphql.GetOperationContext(ctx)); ok {
		extend(response, "cost", cost)
	}
	return response
}

// extend adds an extension to a response, if there is one.
func extend(r *graphql.Response, name string, value any) {
	if r == nil {
		return
	}
	if r.Extensions == nil {
		r.Extensions = map[string]any{}
	}
	r.Extensions[name] = value
}

// pingTimeout bounds how long `backends` waits for one of them.
const pingTimeout = 2 * time.Second

// backends is what the resolvers need of the guards.
type backends struct{ resilience.Guards }

// Health asks every backend how it is, all at once.
func (b backends) Health(ctx context.Context) []*model.Backend {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	var out []*model.Backend
	for _, s := range b.Ping(ctx) {
		latency := float64(s.Latency.Last) / float64(time.Millisecond)
		for _, role := range s.Roles {
			out = append(out, &model.Backend{
				Role: role, Name: s.Backend, State: model.BackendState(s.State), LatencyMs: &latency, Pool: pool(s.Pool),
				Breaker: breaker(s),
			})
		}
	}
	return out
}

func breaker(s resilience.Status) *model.Breaker {
	b := &model.Breaker{State: model.BreakerState(s.Breaker)}
	if s.RetryAfter > 0 {
		ms := int(s.RetryAfter.Milliseconds())
		b.RetryAfterMs = &ms
	}
	return b
}

func pool(p *stores.Pool) *model.Pool {
	if p == nil {
		return nil
	}
	return &model.Pool{
		Open: p.Open, InUse: p.InUse, Limit: p.Limit,
		Acquisitions: int(p.Taken), Waits: int(p.Waits), WaitedMs: int(p.Waited.Milliseconds()), Refused: int(p.Refused),
	}
}
