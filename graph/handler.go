// Package graph is the GraphQL edge: it puts the resolvers behind the transport and gives every response its loaders, its
// trace and its errors.
package graph

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"thalamus/access"
	"thalamus/events"
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
	Events    *events.Hub  // over the set
	CursorKey []byte       // signs cursors; at least 16 bytes
	Log       *slog.Logger
	Metrics   metric.MeterProvider // nil: none
	Transport transport.Options

	Authenticator access.Authenticator // who callers are
	Introspection access.Role          // the least role that may ask about the schema, where Transport allows it; empty: any
	Limits        limits.Limits
	Rate          limits.Rate
	Streams       int               // that one user may have open; 0: any number
	Persisted     *limits.Persisted // nil: none are kept, and all documents are allowed
}

// NewHandler serves the schema.
func NewHandler(o Options) (http.Handler, error) {
	if o.Authenticator == nil {
		return nil, errors.New("graph: nobody says who callers are: Options.Authenticator is nil")
	}
	if o.Metrics == nil {
		o.Metrics = noop.NewMeterProvider()
	}
	callers, err := newAdmission(o.Authenticator, o.Log, o.Metrics)
	if err != nil {
		return nil, err
	}
	counts, err := newLive(o.Metrics)
	if err != nil {
		return nil, err
	}
	root := resolvers.New(o.Set, o.Writes, recall.New(o.Set), o.Events, model.NewSigner(o.CursorKey), backends{o.Guards}, counts.told)
	schema := Schema(root)
	may := rights{}
	if o.Transport.Introspection {
		may.introspection = cmp.Or(o.Introspection, access.Reader)
	}
	o.Transport.ErrorPresenter, o.Transport.Recover = may.discreet(presenter(o.Log)), recovered(o.Log)
	o.Transport.Admit, o.Transport.Init, o.Transport.Until = callers.admit, callers.init, access.Until
	o.Transport.Lasting = counts.lasting(o.Transport.Lasting)
	o.Writes.Submit(submitter(schema, o.Set, o.Log))
	o.Limits = o.Limits.OrDefault()
	o.Transport.TokenLimit = o.Limits.Document.Tokens + 1 // the end is one to gqlgen
	h := transport.New(schema, o.Transport)
	reports, err := newOperations(o.Log, o.Metrics)
	if err != nil {
		return nil, err
	}
	o.limit(h, schema.Schema(), may)
	h.AroundOperations(reports.observe)
	h.AroundOperations(counts.observe)
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
	return h, nil
}

// limit puts in front of the executor what refuses requests, in order. A document is kept once nothing refused it.
func (o Options) limit(h *transport.Handler, schema *ast.Schema, may rights) {
	if o.Persisted == nil {
		o.Persisted = limits.NewPersisted(nil, false)
	}
	caller := func(ctx context.Context) any { return access.Scope(ctx).User } // who may choose device and agent has no more for it
	h.Use(o.Persisted)
	h.Use(limits.NewGuard(o.Limits))
	h.Use(may)
	h.Use(consistency{})
	h.Use(limits.NewStreams(o.Streams, caller))
	h.Use(limits.NewMeter(limits.NewWeights(schema), o.Limits.Cost, o.Rate, caller))
	h.Use(limits.Keeper{For: o.Persisted})
}

// Schema is the executable schema over resolvers, which may be nil when only its definition is wanted.
func Schema(root *resolvers.Resolver) graphql.ExecutableSchema {
	cfg := generated.Config{Resolvers: root}
	cfg.Schema = withRoles(transport.WithoutDefer(generated.NewExecutableSchema(cfg).Schema()))
	return generated.NewExecutableSchema(cfg)
}

// traced records the calls of a response when its request asked for it and comes from an administrator.
func traced(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	caller, _ := access.CallerOf(ctx)
	if graphql.GetOperationContext(ctx).Headers.Get(TraceHeader) != "1" || !caller.Role.Includes(access.Admin) {
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
		out = append(out, inRoles(s)...)
	}
	return out
}

// Playing are the backends that play roles, as they were when they were called last.
func (b backends) Playing(roles []stores.Role) []*model.Backend {
	out := []*model.Backend{}
	for _, s := range b.Status() {
		out = append(out, inRoles(s)...)
	}
	return slices.DeleteFunc(out, func(m *model.Backend) bool { return !slices.Contains(roles, m.Role) })
}

// inRoles shows a backend in each of its roles.
func inRoles(s resilience.Status) (out []*model.Backend) {
	latency := float64(s.Latency.Last) / float64(time.Millisecond)
	for _, role := range s.Roles {
		out = append(out, &model.Backend{
			Role: role, Name: s.Backend, State: model.BackendState(s.State), LatencyMs: &latency, Pool: pool(s.Pool),
			Breaker: breaker(s),
		})
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
