package transport_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"thalamus/graph/transport"
	"thalamus/graph/transport/internal/testschema"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// library fills in the query that a request names by its hash.
type library map[string]string

func (library) ExtensionName() string                   { return "Library" }
func (library) Validate(graphql.ExecutableSchema) error { return nil }

func (l library) MutateOperationParameters(_ context.Context, p *graphql.RawParams) *gqlerror.Error {
	if persisted, ok := p.Extensions["persistedQuery"].(map[string]any); ok {
		p.Query = l[persisted["sha256Hash"].(string)]
	}
	return nil
}

func TestTimeout(t *testing.T) {
	var cause atomic.Value
	s := serve(t, transport.Options{Timeout: time.Millisecond}, func(h *transport.Handler) {
		h.AroundFields(func(ctx context.Context, next graphql.Resolver) (any, error) {
			result, err := next(ctx)
			if c := context.Cause(ctx); c != nil {
				cause.Store(c)
			}
			return result, err
		})
	})
	a := s.post(t, "{ waits }")
	if a.status != 200 || !strings.Contains(a.body, `"code":"TIMEOUT"`) || !strings.Contains(a.body, `"data":{"waits":null}`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if c, _ := cause.Load().(error); !errors.Is(c, transport.ErrTimeout) {
		t.Errorf("the cause was %v", c)
	}
	// A subscription outlives the limit for operations.
	stream := s.post(t, "subscription { count(to: 300) }")
	if !strings.Contains(stream.body, `{"data":{"count":300}}`) || !strings.HasSuffix(stream.body, "event: complete\ndata:\n\n") {
		t.Errorf("the subscription was cut short: %q", stream.body[max(0, len(stream.body)-200):])
	}
}

// An operation whose time is over before it starts still gets an answer.
func TestTimeoutBeforeExecution(t *testing.T) {
	s := serve(t, transport.Options{Timeout: time.Nanosecond}, func(h *transport.Handler) {
		h.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
			<-ctx.Done()
			return next(ctx)
		})
	})
	s.post(t, "{ greeting }", "Accept", apollo).refused(t, 400, transport.CodeTimeout)
}

func TestIntrospection(t *testing.T) {
	open := serve(t, transport.Options{Introspection: true})
	open.post(t, `{ __type(name: "Mutation") { name } }`).check(t, 200, plain, `{"data":{"__type":{"name":"Mutation"}}}`)

	closed := serve(t, transport.Options{})
	for _, query := range []string{`{ __type(name: "Mutation") { name } }`, `{ ...F } fragment F on Query { __schema { queryType { name } } }`} {
		closed.post(t, query).refused(t, 200, transport.CodeValidationFailed)
	}
	closed.post(t, `{ __typename }`).check(t, 200, plain, `{"data":{"__typename":"Query"}}`)
}

func TestDefer(t *testing.T) {
	const query = `{ greeting ... @defer { echo(text: "a") } }`
	s := serve(t, transport.Options{Introspection: true})
	s.post(t, query, "Accept", apolloDefer).refused(t, 400, transport.CodeValidationFailed)
	a := s.post(t, "{ __schema { directives { name } } }")
	if strings.Contains(a.body, `"defer"`) || !strings.Contains(a.body, `"include"`) {
		t.Errorf("directives: %s", a.body)
	}

	// A schema that still declares it is refused, too, and is not changed by anybody.
	schema, _ := testschema.New(&testschema.Resolvers{})
	if transport.WithoutDefer(schema.Schema()).Directives["defer"] != nil || schema.Schema().Directives["defer"] == nil {
		t.Error("WithoutDefer must take @defer out of a copy")
	}
	as := &server{Server: newServer(t, transport.New(schema, transport.Options{}))}
	as.post(t, query).refused(t, 200, transport.CodeValidationFailed)
}

func TestTokenLimit(t *testing.T) {
	s := serve(t, transport.Options{TokenLimit: 10})
	s.post(t, "{ greeting }").check(t, 200, plain, hello)
	s.post(t, "{ "+strings.Repeat("greeting ", 10)+"}").refused(t, 200, transport.CodeParseFailed)
}

// Per-response state is new for every response, and the same for all resolvers of one.
func TestPerResponseState(t *testing.T) {
	type key struct{}
	var made atomic.Int64
	s := serve(t, transport.Options{}, func(h *transport.Handler) {
		h.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
			return next(context.WithValue(ctx, key{}, made.Add(1)))
		})
		h.AroundFields(func(ctx context.Context, next graphql.Resolver) (any, error) {
			if ctx.Value(key{}) == nil && graphql.GetFieldContext(ctx).Object != "Subscription" {
				return nil, errors.New("no state")
			}
			return next(ctx)
		})
	})
	s.post(t, `{ greeting a: echo(text: "a") }`).check(t, 200, plain, `{"data":{"greeting":"hello, world","a":"a"}}`)
	if got := made.Load(); got != 1 {
		t.Errorf("%d states for one query", got)
	}
	s.post(t, "subscription { count(to: 2) }").check(t, 200, events, countEvents)
	if got := made.Load(); got != 4 { // two events, and the end
		t.Errorf("%d states after a subscription with two events", got-1)
	}
}

func TestResponseExtensions(t *testing.T) {
	s := serve(t, transport.Options{}, func(h *transport.Handler) {
		h.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
			if graphql.HasOperationContext(ctx) {
				graphql.RegisterExtension(ctx, "a", []int{1})
			}
			return next(ctx)
		})
	})
	s.post(t, "{ greeting }").check(t, 200, plain, `{"data":{"greeting":"hello, world"},"extensions":{"a":[1]}}`)
}

// What cannot be encoded costs itself, never the answer.
func TestValuesThatCannotBeEncoded(t *testing.T) {
	s := serve(t, transport.Options{
		ErrorPresenter: func(context.Context, error) *gqlerror.Error {
			return &gqlerror.Error{Message: "m", Extensions: map[string]any{"f": func() {}}}
		},
	}, func(h *transport.Handler) {
		h.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
			graphql.RegisterExtension(ctx, "f", func() {})
			return next(ctx)
		})
	})
	s.post(t, "{ fails }").check(t, 200, plain,
		`{"errors":[{"message":"Internal error.","extensions":{"code":"INTERNAL"}}],"data":{"fails":null}}`)
}

// An operation that an extension refuses never ran, so it has no data.
func TestRefusedByAnExtension(t *testing.T) {
	s := serve(t, transport.Options{}, func(h *transport.Handler) {
		h.AroundOperations(func(context.Context, graphql.OperationHandler) graphql.ResponseHandler {
			return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{
				{Message: "No.", Extensions: map[string]any{"code": "FORBIDDEN"}},
			}})
		})
	})
	s.post(t, "{ greeting }", "Accept", apollo).refused(t, 400, "FORBIDDEN")
	s.post(t, "{ greeting }", "Accept", curl).refused(t, 200, "FORBIDDEN")
}

func TestPanics(t *testing.T) {
	s := serve(t, transport.Options{}, func(h *transport.Handler) {
		h.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
			if graphql.GetOperationContext(ctx).Operation.Name == "Boom" {
				panic(testschema.Secret)
			}
			return next(ctx)
		})
	})
	s.post(t, "query Boom { greeting }").refused(t, 500, transport.CodeInternal)
	for _, query := range []string{"query Boom { greeting }", "{ panics }", "{ fails }", "subscription { refused }"} {
		if a := s.post(t, query); strings.Contains(a.body, testschema.Secret) || !strings.Contains(a.body, "Internal error.") {
			t.Errorf("%s: %s", query, a.body)
		}
	}
}

func TestCustomPresenter(t *testing.T) {
	s := serve(t, transport.Options{ErrorPresenter: func(_ context.Context, err error) *gqlerror.Error {
		return &gqlerror.Error{Message: fmt.Sprintf("presented: %T", err)}
	}})
	for _, a := range []answer{s.post(t, "{ fails }"), s.post(t, "{"), s.send(t, "PUT", "/", "")} {
		if !strings.Contains(a.body, "presented: *gqlerror.Error") {
			t.Errorf("not presented: %s", a.body)
		}
	}
}

// A document is parsed once while it is among the last used, and again when it was forgotten or is too long to keep.
func TestDocumentsAreReused(t *testing.T) {
	var last *ast.QueryDocument
	s := serve(t, transport.Options{Documents: 2}, func(h *transport.Handler) {
		h.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
			last = graphql.GetOperationContext(ctx).Doc
			return next(ctx)
		})
	})
	parsed := func(query string) *ast.QueryDocument { s.post(t, query); return last }
	const a, b, c = "{ a: greeting }", "{ b: greeting }", "{ c: greeting }"
	firstA, firstB := parsed(a), parsed(b)
	if parsed(a) != firstA || parsed(b) != firstB || parsed(a) != firstA {
		t.Error("a kept document was parsed again")
	}
	parsed(c) // b was not used for longest
	if parsed(a) != firstA {
		t.Error("the document used last was forgotten")
	}
	if parsed(b) == firstB {
		t.Error("more documents are kept than asked for")
	}
	long := a + strings.Repeat(" ", 40_000)
	if first := parsed(long); parsed(long) == first {
		t.Error("a long document is kept")
	}
}

// Clients are told what they may have meant.
func TestSuggestions(t *testing.T) {
	s := serve(t, transport.Options{})
	var body struct{ Errors []struct{ Message string } }
	if err := json.Unmarshal([]byte(s.post(t, "{ greetin }").body), &body); err != nil {
		t.Fatal(err)
	}
	want := `Cannot query field "greetin" on type "Query". Did you mean "greeting"?`
	if diff := cmp.Diff(want, body.Errors[0].Message); diff != "" {
		t.Error(diff)
	}
}
