package transport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// The values of extensions.code that this package gives to errors.
const (
	CodeBadRequest           = "BAD_REQUEST"
	CodeForbidden            = "FORBIDDEN"
	CodeMethodNotAllowed     = "METHOD_NOT_ALLOWED"
	CodeNotAcceptable        = "NOT_ACCEPTABLE"
	CodePayloadTooLarge      = "PAYLOAD_TOO_LARGE"
	CodeUnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE"
	CodeTooManyConnections   = "TOO_MANY_CONNECTIONS"
	CodeTooManyOperations    = "TOO_MANY_OPERATIONS"
	CodeTooManyStreams       = "TOO_MANY_STREAMS"
	CodeRateLimited          = "RATE_LIMITED"
	CodePersistedQuery       = "PERSISTED_QUERY_NOT_SUPPORTED"
	CodeTimeout              = "TIMEOUT"
	CodeInternal             = "INTERNAL"
	CodeParseFailed          = errcode.ParseFailed
	CodeValidationFailed     = errcode.ValidationFailed
)

// fault is a reason to refuse a request, before any operation of it ran.
type fault struct {
	status        int // 0 is that of an operation which failed validation
	code, message string
	header        [2]string // one header the status calls for, as name and value
}

func badRequest(message string) *fault {
	return &fault{status: http.StatusBadRequest, code: CodeBadRequest, message: message}
}

func unsupported(message string) *fault {
	return &fault{status: http.StatusUnsupportedMediaType, code: CodeUnsupportedMediaType, message: message}
}

var (
	errMalformedJSON = badRequest("The body is not valid JSON.")
	errNotObject     = badRequest(`The body must be a JSON object such as {"query": "{ __typename }"}.`)
	errBatch         = badRequest("Batches are not accepted: send each operation as a request of its own.")
	errParameters    = badRequest(fmt.Sprintf("The body has more than %d parameters.", maxParameters))
	errNotUTF8       = badRequest("The request is not valid UTF-8.")
	errBodyCutShort  = badRequest("The body ended too early.")
	errMalformedURL  = badRequest("The query string of the URL is not valid.")
	errLastEvents    = badRequest("The header Last-Event-ID is given more than once: send it once, with the id of the event that you had last.")
	errNoQuery       = badRequest(`The parameter "query" is missing: send the GraphQL document in it.`)

	errMediaType = unsupported("Send the request as JSON, with Content-Type: application/json.")
	errCharset   = unsupported("Send the request in UTF-8.")
	errEncoding  = unsupported("Send the request uncompressed: no Content-Encoding is accepted.")

	// Apollo's clients know this message and code, and send the whole query in reply.
	errNoPersistedQueries = &fault{code: CodePersistedQuery, message: "PersistedQueryNotSupported"}
	errMethod             = &fault{
		status: http.StatusMethodNotAllowed, code: CodeMethodNotAllowed, header: [2]string{"Allow", methods},
		message: "Send GraphQL requests by POST or GET.",
	}
	errMutationByGet = &fault{
		status: http.StatusMethodNotAllowed, code: CodeMethodNotAllowed, header: [2]string{"Allow", http.MethodPost},
		message: "Send mutations by POST: a GET must not change anything.",
	}
	errNotAcceptable = &fault{
		status: http.StatusNotAcceptable, code: CodeNotAcceptable,
		message: "Accept application/graphql-response+json, application/json or text/event-stream: " +
			"answers come in no other form.",
	}
	errStreamNotAccepted = &fault{
		status: http.StatusNotAcceptable, code: CodeNotAcceptable,
		message: "A subscription is answered by a stream: accept text/event-stream, " +
			"or use a WebSocket with the subprotocol graphql-transport-ws.",
	}
	errTooManyConnections = &fault{
		status: http.StatusServiceUnavailable, code: CodeTooManyConnections, header: [2]string{"Retry-After", "5"},
		message: "Too many WebSockets and event streams are open on this server: try again later.",
	}
	errOrigin = &fault{
		status: http.StatusForbidden, code: CodeForbidden,
		message: "Pages of this origin may not call this server: add the origin to the allowed ones.",
	}
)

func tooLarge(limit int64) *fault {
	return &fault{
		status: http.StatusRequestEntityTooLarge, code: CodePayloadTooLarge,
		message: fmt.Sprintf("The body is larger than the %d bytes accepted.", limit),
	}
}

func repeated(name string) *fault {
	return badRequest(fmt.Sprintf("The parameter %q is given more than once.", name))
}

func mistyped(name, shape string) *fault {
	return badRequest(fmt.Sprintf("The parameter %q must be %s.", name, shape))
}

func coded(code, message string) *gqlerror.Error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{"code": code}}
}

// refuse answers with a fault. Its body is JSON whatever the client accepts: better a reason in the wrong form than none.
func (x *exchange) refuse(ctx context.Context, f *fault) {
	if f.header[0] != "" {
		x.w.Header().Set(f.header[0], f.header[1])
	}
	form := parseAccept(x.r.Header.Values("Accept")).best(plainJSON, graphqlJSON)
	response := x.exec.DispatchError(ctx, gqlerror.List{coded(f.code, f.message)})
	x.writeJSON(form, cmp.Or(f.status, statusOf(form, response)), response)
}

// postpone gives an answer that says to come back later the status and header that say so to clients in general.
func (x *exchange) postpone(r *graphql.Response) (status int, ok bool) {
	if hasData(r) {
		return 0, false
	}
	if code := r.Errors[0].Extensions["code"]; code != CodeRateLimited && code != CodeTooManyStreams {
		return 0, false
	}
	if ms, ok := r.Errors[0].Extensions["retryAfterMs"].(int); ok {
		x.w.Header().Set("Retry-After", strconv.Itoa((ms+999)/1000))
	}
	return http.StatusTooManyRequests, true
}

// explain replaces the executor's words where they do not help.
func explain(op *graphql.OperationContext, errs gqlerror.List) gqlerror.List {
	if op.Doc == nil || op.Operation != nil {
		return errs
	}
	message := fmt.Sprintf("The document has no operation named %q.", op.OperationName)
	if op.OperationName == "" {
		message = fmt.Sprintf("The document has %d operations: say which one to run with the parameter \"operationName\".",
			len(op.Doc.Operations))
	}
	return gqlerror.List{coded(CodeValidationFailed, message)}
}

// rescue answers a panic of the edge or of an extension; resolvers have their panics caught by the executor.
func (x *exchange) rescue() {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler { //nolint:errorlint // the very value, as net/http compares it
		panic(v)
	}
	response := x.panicked(x.r.Context(), v)
	if x.started {
		// Half an answer must not look like a whole one: cut the connection.
		panic(http.ErrAbortHandler)
	}
	x.writeJSON(plainJSON, http.StatusInternalServerError, response)
}

// panicked has a panic logged and returns what clients see of it.
func (h *Handler) panicked(ctx context.Context, v any) *graphql.Response {
	visible, ok := errors.AsType[*gqlerror.Error](h.exec.PresentRecoveredError(ctx, v))
	if !ok || visible == nil {
		visible = coded(CodeInternal, internalMessage)
	}
	return &graphql.Response{Errors: gqlerror.List{visible}}
}

const internalMessage = "Internal error."

// present is the presenter used when Options names none.
func present(ctx context.Context, err error) *gqlerror.Error {
	shown, ok := errors.AsType[*gqlerror.Error](err)
	if !ok {
		shown = gqlerror.WrapPath(graphql.GetPath(ctx), err)
	}
	if _, hasCode := shown.Extensions["code"]; hasCode || shown.Err == nil {
		return shown
	}
	hidden := coded(CodeInternal, internalMessage)
	if errors.Is(err, context.DeadlineExceeded) && errors.Is(context.Cause(ctx), ErrTimeout) {
		hidden = coded(CodeTimeout, timeoutMessage)
	} else {
		slog.ErrorContext(ctx, "a resolver failed", "error", err)
	}
	hidden.Path, hidden.Locations = shown.Path, shown.Locations
	return hidden
}

// recovered is the recover function used when Options names none.
func recovered(ctx context.Context, v any) error {
	slog.ErrorContext(ctx, "panic while answering a GraphQL request", "panic", v, "stack", string(debug.Stack()))
	return coded(CodeInternal, internalMessage)
}
