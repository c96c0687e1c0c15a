package transport_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"thalamus/graph/transport"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

const (
	open    = `{"type":"connection_init"}`
	silence = `{"id":"1","type":"subscribe","payload":{"query":"subscription { silence }"}}`
)

// What a client does wrong closes the socket with the code of the protocol and a reason.
func TestProtocolViolations(t *testing.T) {
	s := serve(t, transport.Options{})
	for _, c := range []struct {
		name     string
		code     websocket.StatusCode
		messages []string
	}{
		{"subscribe before connection_init", 4401, []string{silence}},
		{"a second connection_init", 4429, []string{open, open}},
		{"an id that is in use", 4409, []string{open, silence, silence}},
		{"an id that is in use, by a query", 4409, []string{open, subscribe("1", "{ waits }"), silence}},
		{"no id", 4400, []string{open, `{"type":"subscribe","payload":{"query":"{ greeting }"}}`}},
		{"an empty id", 4400, []string{open, subscribe("", "{ greeting }")}},
		{"a long id", 4400, []string{open, subscribe(strings.Repeat("x", 257), "{ greeting }")}},
		{"an id that is a number", 4400, []string{open, `{"id":1,"type":"subscribe","payload":{"query":"{ greeting }"}}`}},
		{"complete without an id", 4400, []string{open, `{"type":"complete"}`}},
		{"no payload", 4400, []string{open, `{"id":"1","type":"subscribe"}`}},
		{"a payload of null", 4400, []string{open, `{"id":"1","type":"subscribe","payload":null}`}},
		{"a payload that is text", 4400, []string{open, `{"id":"1","type":"subscribe","payload":"{ greeting }"}`}},
		{"no query", 4400, []string{open, `{"id":"1","type":"subscribe","payload":{}}`}},
		{"a query that is a number", 4400, []string{open, `{"id":"1","type":"subscribe","payload":{"query":1}}`}},
		{"variables that are a list", 4400, []string{open, `{"id":"1","type":"subscribe","payload":{"query":"{ greeting }","variables":[]}}`}},
		{"two queries", 4400, []string{open, `{"id":"1","type":"subscribe","payload":{"query":"{ greeting }","query":"{ fails }"}}`}},
		{"a connection_init with a payload that is text", 4400, []string{`{"type":"connection_init","payload":"token"}`}},
		{"a ping with a payload that is a list", 4400, []string{`{"type":"ping","payload":[1]}`}},
		{"no JSON", 4400, []string{"garbage"}},
		{"nothing", 4400, []string{""}},
		{"a list", 4400, []string{"[" + open + "]"}},
		{"null", 4400, []string{"null"}},
		{"nested too deeply", 4400, []string{strings.Repeat("[", 20_000)}},
		{"bytes that are not UTF-8", 4400, []string{"{\"type\":\"ping\",\"payload\":{\"a\":\"\xff\"}}"}},
		{"no type", 4400, []string{`{"id":"1"}`}},
		{"a type that is a number", 4400, []string{`{"type":1}`}},
		{"a type in capitals", 4400, []string{`{"TYPE":"ping"}`}},
		{"an unknown type", 4400, []string{open, `{"type":"` + strings.Repeat("é", 1000) + `"}`}},
		{"a type of the subprotocol before this one", 4400, []string{open, `{"id":"1","type":"start","payload":{"query":"{ greeting }"}}`}},
		{"a type that servers send", 4400, []string{open, `{"type":"connection_ack"}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ws, _ := s.dial(t, "graphql-transport-ws")
			for _, m := range c.messages {
				ws.send(m)
			}
			reason, before := ws.closed(c.code)
			if reason == "" || len(reason) > 123 {
				t.Errorf("the reason is %q", reason)
			}
			if len(before) > 1 {
				t.Errorf("before it was closed: %s", before)
			}
		})
	}
	eventually(t, "all subscriptions end", func() bool { return s.resolvers.Open.Load() == 0 })
}

func TestBinaryMessage(t *testing.T) {
	ws := serve(t, transport.Options{}).connect(t)
	if err := ws.Write(t.Context(), websocket.MessageBinary, []byte(`{"type":"ping"}`)); err != nil {
		t.Fatal(err)
	}
	ws.closed(4400)
}

// What looks odd and is none the less allowed.
func TestProtocolAllows(t *testing.T) {
	ws, _ := serve(t, transport.Options{}).dial(t, "graphql-transport-ws")
	ws.send(`{"type":"pong"}`)
	ws.send(`{"type":"ping","payload":{"a":[1]}}`)
	ws.expect(`{"type":"pong","payload":{"a":[1]}}`)
	ws.send(`{"type":"ping","payload":null}`)
	ws.expect(`{"type":"pong"}`)
	ws.send(`{"type":"connection_init","payload":null,"more":1}`)
	ws.expect(`{"type":"connection_ack"}`)
	ws.send(`{"type":"pong","payload":{"a":1}}`)
	ws.send(`{"id":"unknown","type":"complete"}`)
	ws.send(`{"id":"\"","type":"subscribe","payload":{"query":"{ greeting }","variables":null,"operationName":null,"extensions":null}}`)
	ws.expect(`{"id":"\"","type":"next","payload":{"data":{"greeting":"hello, world"}}}`, `{"id":"\"","type":"complete"}`)
}

// An error ends its operation, and nothing follows: neither another word about it nor the end of the socket.
func TestErrorIsTheEnd(t *testing.T) {
	ws := serve(t, transport.Options{TokenLimit: 20}).connect(t)
	for _, c := range []struct{ query, code string }{
		{"{", transport.CodeParseFailed},
		{"{ nothing }", transport.CodeValidationFailed},
		{"{ " + strings.Repeat("greeting ", 30) + "}", transport.CodeParseFailed},
		{"query($t: String!) { echo(text: $t) }", transport.CodeValidationFailed},
		{"query A { greeting } query B { greeting }", transport.CodeValidationFailed},
		{"subscription { refused }", transport.CodeInternal},
		{"subscription { silence count(to: 1) }", transport.CodeValidationFailed},
	} {
		ws.send(subscribe("again", c.query))
		_, got, err := ws.Read(t.Context())
		if want := `{"type":"error","id":"again","payload":[{"message":`; err != nil || !strings.HasPrefix(string(got), want) ||
			!strings.Contains(string(got), `"code":"`+c.code+`"`) {
			t.Errorf("%s: %s, %v", c.query, got, err)
		}
	}
	ws.send(`{"id":"again","type":"subscribe","payload":{"extensions":{"persistedQuery":{"version":1}}}}`)
	ws.expect(`{"id":"again","type":"error","payload":[{"message":"PersistedQueryNotSupported","extensions":` +
		`{"code":"PERSISTED_QUERY_NOT_SUPPORTED"}}]}`)
	ws.send(subscribe("again", "{ greeting }"))
	ws.expect(`{"id":"again","type":"next","payload":{"data":{"greeting":"hello, world"}}}`, `{"id":"again","type":"complete"}`)
}

// An id is free as soon as its client is done with it, and nothing of the old operation comes under it afterwards.
func TestIDsAreReused(t *testing.T) {
	s := serve(t, transport.Options{})
	ws := s.connect(t)
	for range 100 {
		ws.send(subscribe("1", "subscription { flood(bytes: 10) }"))
		ws.send(`{"id":"1","type":"complete"}`)
	}
	ws.send(subscribe("1", "subscription { count(to: 3) }"))
	var got []string
	for len(got) == 0 || !strings.Contains(got[len(got)-1], "complete") {
		_, message, err := ws.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(message), "count") {
			got = append(got, string(message))
		} else if len(got) > 0 {
			if !strings.Contains(string(message), "complete") {
				t.Fatalf("after the new operation began: %s", message)
			}
			got = append(got, string(message))
		}
	}
	if len(got) != 4 {
		t.Errorf("%s", got)
	}
	eventually(t, "the others end", func() bool { return s.resolvers.Open.Load() == 0 })
}

// To complete one operation leaves the others alone.
func TestCompleteStopsOne(t *testing.T) {
	s := serve(t, transport.Options{})
	ws := s.connect(t)
	ws.send(silence)
	ws.send(subscribe("2", "subscription { silence }"))
	eventually(t, "both start", func() bool { return s.resolvers.Open.Load() == 2 })
	ws.send(`{"id":"1","type":"complete"}`)
	eventually(t, "one ends", func() bool { return s.resolvers.Open.Load() == 1 })
	ws.send(subscribe("1", "{ greeting }"))
	ws.expect(`{"id":"1","type":"next","payload":{"data":{"greeting":"hello, world"}}}`, `{"id":"1","type":"complete"}`)
	if s.resolvers.Open.Load() != 1 {
		t.Error("the other ended, too")
	}
	if err := ws.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	eventually(t, "the other ends with its socket", func() bool { return s.resolvers.Open.Load() == 0 })
}

// Five thousand subscriptions on one socket are as many errors but for those there is room for.
func TestOperationsPerSocket(t *testing.T) {
	s := serve(t, transport.Options{Operations: 5})
	ws := s.connect(t)
	const all = 5000
	go func() {
		for i := range all {
			_ = ws.Write(t.Context(), websocket.MessageText, fmt.Appendf(nil,
				`{"id":"%d","type":"subscribe","payload":{"query":"subscription { silence }"}}`, i))
		}
	}()
	for range all - 5 {
		if _, got, err := ws.Read(t.Context()); err != nil || !bytes.Contains(got, []byte(`"code":"TOO_MANY_OPERATIONS"`)) {
			t.Fatalf("%s, %v", got, err)
		}
	}
	eventually(t, "five start", func() bool { return s.resolvers.Open.Load() == 5 })
	ws.send(`{"id":"0","type":"complete"}`)
	ws.send(subscribe("0", "{ greeting }"))
	ws.expect(`{"id":"0","type":"next","payload":{"data":{"greeting":"hello, world"}}}`, `{"id":"0","type":"complete"}`)
}

func TestConnectionsPerServer(t *testing.T) {
	s := serve(t, transport.Options{Sockets: 1})
	first := s.connect(t)
	_, response := s.dial(t, "graphql-transport-ws")
	if response == nil || response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
		t.Errorf("a second socket: %v", response)
	}
	s.post(t, "subscription { count(to: 2) }").refused(t, http.StatusServiceUnavailable, transport.CodeTooManyConnections)
	s.post(t, "{ greeting }").check(t, 200, plain, hello)

	_ = first.Close(websocket.StatusNormalClosure, "")
	eventually(t, "there is a place again", func() bool {
		return s.post(t, "subscription { count(to: 2) }").status == http.StatusOK
	})
}

func TestInit(t *testing.T) {
	type key struct{}
	got := make(chan any, 1)
	s := serve(t, transport.Options{
		Init: func(ctx context.Context, payload map[string]any) (context.Context, error) {
			if payload == nil {
				payload = map[string]any{"Authorization": "none"}
			}
			switch payload["Authorization"] {
			case "panic":
				panic("boom")
			case "coded":
				return nil, &gqlerror.Error{Message: strings.Repeat("é", 100), Extensions: map[string]any{"code": "X"}}
			case "bare":
				return nil, errors.New("dial tcp 10.0.0.7")
			}
			return context.WithValue(ctx, key{}, payload["Authorization"]), nil
		},
	}, func(h *transport.Handler) {
		h.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
			got <- ctx.Value(key{})
			return next(ctx)
		})
	})
	for _, c := range []struct{ payload, want string }{{`,"payload":{"Authorization":"good"}`, "good"}, {"", "none"}} {
		ws, _ := s.dial(t, "graphql-transport-ws")
		ws.send(`{"type":"connection_init"` + c.payload + `}`)
		ws.send(subscribe("1", "{ greeting }"))
		ws.expect(`{"type":"connection_ack"}`)
		if diff := cmp.Diff(any(c.want), <-got); diff != "" {
			t.Error(diff)
		}
	}
	for _, c := range []struct {
		authorization string
		code          websocket.StatusCode
		reason        string
	}{
		{"coded", 4403, strings.Repeat("é", 60) + "…"},
		{"bare", 4403, "Forbidden"},
		{"panic", websocket.StatusInternalError, "Internal error."},
	} {
		ws, _ := s.dial(t, "graphql-transport-ws")
		ws.send(`{"type":"connection_init","payload":{"Authorization":"` + c.authorization + `"}}`)
		if reason, before := ws.closed(c.code); reason != c.reason || len(before) > 0 {
			t.Errorf("%s: %q, %s", c.authorization, reason, before)
		}
	}
}

// expiring lets what lasts go on for so long.
func expiring(left time.Duration) func(context.Context) (context.Context, context.CancelFunc) {
	return func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeoutCause(ctx, left, errors.New("token expired"))
	}
}

func TestExpiry(t *testing.T) {
	var left time.Duration
	s := serve(t, transport.Options{Until: func(ctx context.Context) (context.Context, context.CancelFunc) { return expiring(left)(ctx) }})
	dead, _ := s.dial(t, "graphql-transport-ws")
	dead.send(open)
	if reason, before := dead.closed(4403); reason != "token expired" || len(before) > 0 {
		t.Errorf("expired from the start: %q, %s", reason, before)
	}

	left = 100 * time.Millisecond
	ws := s.connect(t)
	ws.send(silence)
	if reason, before := ws.closed(4403); reason != "token expired" || len(before) > 0 {
		t.Errorf("expired amid a subscription: %q, %s", reason, before)
	}
	if a := s.post(t, "subscription { silence }"); strings.Contains(a.body, "complete") {
		t.Errorf("a stream whose token expired is not complete: %s", a.body)
	}
	eventually(t, "the subscriptions end", func() bool { return s.resolvers.Open.Load() == 0 })
}

// A message that is too large costs the socket, and the client reads how large one may be.
func TestLargeMessages(t *testing.T) {
	large := serve(t, transport.Options{}).connect(t)
	go func() { // the server does not read it to its end
		_ = large.Write(t.Context(), websocket.MessageText, bytes.Repeat([]byte(" "), 2<<20))
	}()
	if reason, _ := large.closed(websocket.StatusMessageTooBig); reason != "The message is larger than the 1048576 bytes accepted." {
		t.Errorf("a large message: %q", reason)
	}
	small := serve(t, transport.Options{MaxBody: int64(len(open))}).connect(t) // by a message as long as one may be
	small.send(open + " ")
	if reason, _ := small.closed(websocket.StatusMessageTooBig); reason != fmt.Sprintf("The message is larger than the %d bytes accepted.", len(open)) {
		t.Errorf("a byte too many: %q", reason)
	}
}

func TestWebsocketLimits(t *testing.T) {
	s := serve(t, transport.Options{InitTimeout: 50 * time.Millisecond, Ping: 50 * time.Millisecond})

	idle, _ := s.dial(t, "graphql-transport-ws")
	idle.closed(4408)

	silent := s.connect(t)
	_, before := silent.closed(4499)
	if diff := cmp.Diff([]string{`{"type":"ping"}`, `{"type":"ping"}`}, before); diff != "" {
		t.Error(diff)
	}

	polite := s.connect(t)
	for range 10 {
		polite.expect(`{"type":"ping"}`)
		polite.send(`{"type":"pong"}`)
	}
}

// A panic of an extension costs the operation, not the socket.
func TestPanicOnASocket(t *testing.T) {
	s := serve(t, transport.Options{}, func(h *transport.Handler) {
		h.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
			if graphql.GetOperationContext(ctx).Operation.Name == "Boom" {
				panic("boom")
			}
			return next(ctx)
		})
	})
	ws := s.connect(t)
	ws.send(subscribe("1", "query Boom { greeting }"))
	ws.expect(`{"id":"1","type":"error","payload":[{"message":"Internal error.","extensions":{"code":"INTERNAL"}}]}`)
	ws.send(subscribe("1", "{ greeting }"))
	ws.expect(`{"id":"1","type":"next","payload":{"data":{"greeting":"hello, world"}}}`, `{"id":"1","type":"complete"}`)
}

// A server that stops sends what it has, completes nothing, and tells clients to come again.
func TestShutdownOfSockets(t *testing.T) {
	s := serve(t, transport.Options{})
	running, stop := context.WithCancel(context.Background())
	defer stop()
	stopping := httptest.NewUnstartedServer(s.handler)
	stopping.Config.BaseContext = func(net.Listener) context.Context { return running }
	stopping.Start()
	defer stopping.Close()
	s.Server = stopping

	ws := s.connect(t)
	ws.send(silence)
	ws.send(subscribe("2", "{ waits }"))
	ws.send(subscribe("3", "subscription { count(to: 1) }"))
	ws.expect(`{"id":"3","type":"next","payload":{"data":{"count":1}}}`, `{"id":"3","type":"complete"}`)
	eventually(t, "the subscription starts", func() bool { return s.resolvers.Open.Load() == 1 })
	stop()
	reason, before := ws.closed(websocket.StatusServiceRestart)
	if reason != "service restart" || strings.Contains(strings.Join(before, ""), "complete") {
		t.Errorf("%q, %s", reason, before)
	}
	eventually(t, "the subscription ends", func() bool { return s.resolvers.Open.Load() == 0 })
}
