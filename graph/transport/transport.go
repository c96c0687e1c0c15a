// Package transport is the HTTP edge of a GraphQL schema. It reads a request, has gqlgen's executor parse it, decides
// from the operation and the Accept header how to answer, and writes the answer as one JSON document, as server-sent
// events, or over a WebSocket. It knows nothing of the schema it serves.
//
// It follows the GraphQL-over-HTTP specification (https://graphql.github.io/graphql-over-http/draft/), the distinct
// connections mode of graphql-sse, and graphql-transport-ws.
package transport

import (
	"cmp"
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
)

// Options says how a schema is served. The zero value is safe and usable: introspection off, no foreign origins.
type Options struct {
	// MaxBody is the size in bytes of the largest POST body and of the largest WebSocket message; 0 means 1 MiB.
	MaxBody int64
	// Timeout is how long a query or mutation may run on any transport, subscriptions being free; 0 means 10 s.
	// When it is over the operation's context ends with the cause ErrTimeout.
	Timeout time.Duration
	// WriteTimeout is how long a client may take to accept 64 KiB, or one event of a stream; 0 means 10 s. On a WebSocket
	// one that leaves no room for a message for half as long is let go, too.
	WriteTimeout time.Duration
	// Heartbeat is the time between two comment lines on an event stream; 0 means 15 s.
	Heartbeat time.Duration
	// InitTimeout is how long a new WebSocket may stay without an accepted connection_init; 0 means 5 s.
	InitTimeout time.Duration
	// Ping is the time between two pings on a WebSocket; one unanswered for twice as long closes it. 0 means 20 s.
	Ping time.Duration
	// Sockets is how many WebSockets and event streams may be open at a time; 0 means 10,000.
	Sockets int
	// Lasting is told of every WebSocket and event stream that begins; ViaOf(ctx) tells which. The context that it returns,
	// made from ctx, is that of the stream, which ends with it; the function is called when the stream has ended. Nil lets
	// streams be.
	Lasting func(ctx context.Context) (context.Context, func(End))
	// Operations is how many operations may run on one WebSocket at a time; 0 means 50.
	Operations int
	// TokenLimit is how many tokens a document may have; 0 means 15,000.
	TokenLimit int
	// Documents is how many parsed and validated documents are kept for reuse; 0 means 1,000.
	Documents int
	// Introspection lets clients read the schema through __schema and __type.
	Introspection bool
	// Origins are the foreign origins whose pages may call the server, over HTTP (CORS, without credentials) and over
	// WebSocket alike: "https://app.example", "http://localhost:*" (syntax of path.Match), or "*" for all of them.
	// The server's own origin, and clients that send none, are always welcome.
	Origins []string
	// Admit is asked to accept every request but preflights, before it is read. The context that it returns is that of the
	// request's operations. Nil accepts all.
	Admit func(r *http.Request) (context.Context, *Refusal)
	// Init is asked to accept a WebSocket's connection_init, whose payload is where browsers put credentials; it is nil
	// when there is none. The context it returns, made from ctx, is that of every operation on the socket. An error
	// closes the socket with CloseForbidden; the message of a *gqlerror.Error with a code is the reason its client reads.
	Init func(ctx context.Context, payload map[string]any) (context.Context, error)
	// Until says for how long a WebSocket, after Init, or an event stream may go on: until the context ends that it makes
	// from ctx, and that is the one of all operations. Then a socket is closed with CloseForbidden, and the cause is the
	// reason its client reads; a stream ends without being complete. The function gives back what Until took. Nil means for
	// ever.
	Until func(ctx context.Context) (context.Context, context.CancelFunc)
	// ErrorPresenter turns an error into what clients see. It must let pass the errors of this package, which are
	// *gqlerror.Error with a code in their extensions. Nil shows coded and deliberately made *gqlerror.Error and
	// replaces every other one by "Internal error.", logging it in full.
	ErrorPresenter graphql.ErrorPresenterFunc
	// Recover turns a panic into an error. Nil logs it with its stack.
	Recover graphql.RecoverFunc
}

func (o Options) withDefaults() Options {
	o.MaxBody = cmp.Or(o.MaxBody, 1<<20)
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 10*time.Second)
	o.Heartbeat = cmp.Or(o.Heartbeat, 15*time.Second)
	o.InitTimeout = cmp.Or(o.InitTimeout, 5*time.Second)
	o.Ping = cmp.Or(o.Ping, 20*time.Second)
	o.Sockets = cmp.Or(o.Sockets, 10_000)
	o.Operations = cmp.Or(o.Operations, 50)
	o.TokenLimit = cmp.Or(o.TokenLimit, 15_000)
	o.Documents = cmp.Or(o.Documents, 1000)
	if o.Init == nil {
		o.Init = func(ctx context.Context, _ map[string]any) (context.Context, error) { return ctx, nil }
	}
	if o.Until == nil {
		o.Until = context.WithCancel
	}
	if o.Lasting == nil {
		o.Lasting = func(ctx context.Context) (context.Context, func(End)) { return ctx, func(End) {} }
	}
	if o.ErrorPresenter == nil {
		o.ErrorPresenter = present
	}
	if o.Recover == nil {
		o.Recover = recovered
	}
	return o
}

// Handler serves one schema at one URL, for every method and protocol.
type Handler struct {
	options Options
	exec    *executor.Executor
	// lasting counts WebSockets and event streams.
	lasting atomic.Int64
	// rewritesRequests is true when an extension may fill in a query that the request did not carry.
	rewritesRequests bool
}

// New returns a handler for schema. Add extensions before the first request; they run in the order they were added.
//
// A schema made by gqlgen declares @defer, which this edge does not offer and refuses at validation. To take it out of
// introspection as well, make the schema from a Config whose Schema is WithoutDefer(schema).
func New(schema graphql.ExecutableSchema, o Options) *Handler {
	o = o.withDefaults()
	h := &Handler{options: o, exec: executor.New(schema)}
	h.exec.SetErrorPresenter(o.ErrorPresenter)
	h.exec.SetRecoverFunc(o.Recover)
	h.exec.SetParserTokenLimit(o.TokenLimit)
	h.exec.SetQueryCache(newDocuments(o.Documents))
	h.exec.SetDefaultRulesFn(validationRules(o.Introspection))
	h.exec.Use(deadline{o.Timeout})
	if root := schema.Schema().Subscription; root != nil {
		h.exec.Use(oneStream{root.Name})
	}
	if o.Introspection {
		h.exec.Use(introspection{})
	}
	return h
}

// Use adds a gqlgen extension. It panics when the extension says that it does not fit the schema.
func (h *Handler) Use(e graphql.HandlerExtension) {
	if _, ok := e.(graphql.OperationParameterMutator); ok {
		h.rewritesRequests = true
	}
	h.exec.Use(e)
}

// AroundOperations wraps every operation, once, whatever its kind: the place for what lives as long as the operation.
func (h *Handler) AroundOperations(f graphql.OperationMiddleware) { h.exec.AroundOperations(f) }

// AroundResponses wraps the making of every response: once for a query or mutation, once for each event of a
// subscription. The context f hands to next is the one its resolvers run in, so this is where per-response state such
// as loaders is installed:
//
//	h.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
//		return next(loaders.Install(ctx))
//	})
//
// In a subscription f is entered when the wait for the event begins. It also runs, outside any operation (see
// graphql.HasOperationContext), around the answer to a request that was refused before it was parsed.
func (h *Handler) AroundResponses(f graphql.ResponseMiddleware) { h.exec.AroundResponses(f) }

// AroundRootFields wraps every field of Query, Mutation and Subscription.
func (h *Handler) AroundRootFields(f graphql.RootFieldMiddleware) { h.exec.AroundRootFields(f) }

// AroundFields wraps every field.
func (h *Handler) AroundFields(f graphql.FieldMiddleware) { h.exec.AroundFields(f) }

// ServeHTTP answers one request. A stream or socket lives until the client leaves, it is complete, or the request's
// context ends; in the last case clients are not told that it is complete, so that they connect again elsewhere.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Handler: h, w: w, r: r, control: http.NewResponseController(w)}
	defer x.rescue()
	x.commonHeaders()
	if !x.admitted() {
		return
	}
	switch {
	case r.Method == http.MethodOptions:
		x.preflight()
	case WantsWebSocket(r):
		x.upgrade()
	default:
		x.operate()
	}
}

// exchange is one request and its answer.
type exchange struct {
	*Handler
	w       http.ResponseWriter
	r       *http.Request
	control *http.ResponseController
	// started is true once the status line may have left.
	started bool
	// unsent is why an event could not be sent.
	unsent error
}

// operate reads the request, has it parsed, and only then, knowing what kind of operation it is, chooses the form of
// the answer.
func (x *exchange) operate() {
	ctx := graphql.StartOperationTrace(x.r.Context())
	params, fault := x.read()
	if fault != nil {
		x.refuse(ctx, fault)
		return
	}
	op, errs := x.exec.CreateOperationContext(ctx, params)
	ctx = graphql.WithOperationContext(ctx, op)
	streaming := len(errs) == 0 && op.Operation.Operation == ast.Subscription
	form := parseAccept(x.r.Header.Values("Accept")).choose(streaming)
	switch {
	case len(errs) == 0 && op.Operation.Operation == ast.Mutation && x.r.Method != http.MethodPost:
		x.refuse(ctx, errMutationByGet)
	case form == unacceptable && streaming:
		x.refuse(ctx, errStreamNotAccepted)
	case form == unacceptable:
		x.refuse(ctx, errNotAcceptable)
	case len(errs) != 0:
		x.reject(ctx, form, x.exec.DispatchError(ctx, explain(op, errs)))
	case streaming && !x.admit():
		x.refuse(ctx, errTooManyConnections)
	case streaming:
		x.follow(ctx, form, op)
	default:
		x.execute(ctx, form, op)
	}
}

// reject answers an operation that was not begun.
func (x *exchange) reject(ctx context.Context, form form, r *graphql.Response) {
	if status, ok := x.postpone(r); ok {
		x.writeJSON(parseAccept(x.r.Header.Values("Accept")).best(plainJSON, graphqlJSON), status, r)
		return
	}
	x.respond(ctx, ctx, form, graphql.OneShot(r))
}

// execute runs an operation.
func (x *exchange) execute(ctx context.Context, form form, op *graphql.OperationContext) {
	alive, cancel := context.WithCancel(ctx)
	defer cancel()
	responses, ctx := x.exec.DispatchOperation(withNames(alive, x.r.Header.Get(lastEventID)), op)
	x.respond(alive, ctx, form, responses)
}

// respond writes the responses in the chosen form: all of them as events, or the only one as JSON. Alive is done when
// they were cut off.
func (x *exchange) respond(alive, ctx context.Context, form form, responses graphql.ResponseHandler) {
	if form == eventStream {
		x.stream(alive, ctx, responses)
		return
	}
	if response := responses(ctx); response != nil {
		x.writeJSON(form, statusOf(form, response), response)
	}
}
