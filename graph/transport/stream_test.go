package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"thalamus/graph/transport"

	"github.com/99designs/gqlgen/graphql"
)

func TestStreamHeaders(t *testing.T) {
	s := serve(t, transport.Options{})
	a := s.post(t, "subscription { count(to: 2) }", "Accept", graphqlSSE)
	a.check(t, http.StatusOK, events, countEvents)
	if got := a.header.Get("Cache-Control"); !strings.Contains(got, "no-store") || !strings.Contains(got, "no-transform") {
		t.Errorf("Cache-Control: %q", got)
	}
}

// A line break in a resolver's own JSON must not end the event.
func TestStreamKeepsEventsOnOneLine(t *testing.T) {
	s := serve(t, transport.Options{}, func(h *transport.Handler) {
		h.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
			response := next(ctx)
			if response != nil {
				response.Data = []byte("{\r\n\"a\":\n1}")
			}
			return response
		})
	})
	s.post(t, "{ greeting }", "Accept", graphqlSSE).
		check(t, 200, events, "retry: 1000\n\nevent: next\ndata: {\"data\":{  \"a\": 1}}\n\nevent: complete\ndata:\n\n")
}

// Heartbeats keep coming while nothing else does, and beyond the write timeout of the HTTP server, which is meant for
// answers that end.
func TestHeartbeats(t *testing.T) {
	s := serve(t, transport.Options{Heartbeat: 20 * time.Millisecond})
	impatient := httptest.NewUnstartedServer(s.handler)
	impatient.Config.WriteTimeout = 100 * time.Millisecond
	impatient.Start()
	defer impatient.Close()
	s.Server = impatient

	ctx, leave := context.WithCancel(t.Context())
	response := s.open(t, ctx, http.MethodPost, "/", request("subscription { silence }"),
		"Content-Type", "application/json", "Accept", graphqlSSE)
	defer response.Body.Close()
	next := lines(response.Body)
	if line, err := next(); err != nil || line != "retry: 1000" {
		t.Fatalf("%q, %v", line, err)
	}
	_, _ = next()
	for range 20 {
		for _, want := range []string{":", ""} {
			if line, err := next(); err != nil || line != want {
				t.Fatalf("%q, %v; want %q", line, err, want)
			}
		}
	}
	leave()
	eventually(t, "the subscription ends when its client leaves", func() bool { return s.resolvers.Open.Load() == 0 })
}

// A client that keeps the connection but reads nothing is let go, whether events or only heartbeats are due.
func TestStalledReader(t *testing.T) {
	for _, subscription := range []string{"flood(bytes: 100000)", "silence"} {
		t.Run(subscription, func(t *testing.T) {
			s := serve(t, transport.Options{WriteTimeout: 50 * time.Millisecond, Heartbeat: time.Microsecond})
			client, err := net.Dial("tcp", s.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			_ = client.(*net.TCPConn).SetReadBuffer(1 << 10)
			body := request("subscription { " + subscription + " }")
			fmt.Fprintf(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+
				"Accept: text/event-stream\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			eventually(t, "the subscription starts", func() bool { return s.resolvers.Open.Load() == 1 })
			eventually(t, "the subscription ends", func() bool { return s.resolvers.Open.Load() == 0 })
		})
	}
}

// A stream that the server ends is not complete, however long it was quiet: its client must come again.
func TestShutdownDoesNotComplete(t *testing.T) {
	s := serve(t, transport.Options{Heartbeat: time.Hour, WriteTimeout: 50 * time.Millisecond})
	running, stop := context.WithCancel(context.Background())
	defer stop()
	stopping := httptest.NewUnstartedServer(s.handler)
	stopping.Config.BaseContext = func(net.Listener) context.Context { return running }
	stopping.Start()
	defer stopping.Close()
	s.Server = stopping

	response := s.open(t, t.Context(), http.MethodGet, "/?query=subscription{silence}", "", "Accept", graphqlSSE)
	defer response.Body.Close()
	next := lines(response.Body)
	for range 2 {
		if _, err := next(); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(100 * time.Millisecond)
	stop()
	if line, err := next(); !errors.Is(err, io.EOF) {
		t.Errorf("more was sent, or not all: %q, %v", line, err)
	}
	eventually(t, "the subscription ends", func() bool { return s.resolvers.Open.Load() == 0 })
}

// An event that was being made when the stream was cut off is not sent: parts of it may be missing.
func TestNoHalfEvents(t *testing.T) {
	end := make(chan context.CancelFunc, 1)
	s := serve(t, transport.Options{Until: func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		end <- cancel
		return ctx, cancel
	}}, func(h *transport.Handler) {
		h.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
			response := next(ctx)
			if response != nil && string(response.Data) == `{"count":2}` {
				(<-end)()
				<-ctx.Done()
			}
			return response
		})
	})
	a := s.post(t, "subscription { count(to: 3) }")
	if !strings.Contains(a.body, `{"count":1}`) || strings.Contains(a.body, `{"count":2}`) || strings.Contains(a.body, "complete") {
		t.Errorf("%s", a.body)
	}
	ws := s.connect(t)
	ws.send(`{"id":"1","type":"subscribe","payload":{"query":"subscription { count(to: 3) }"}}`)
	if _, before := ws.closed(4403); len(before) != 1 || !strings.Contains(before[0], `{"count":1}`) {
		t.Errorf("over a WebSocket: %s", before)
	}
}

// A panic in the middle of a stream must not look like its end.
func TestPanicInAStream(t *testing.T) {
	s := serve(t, transport.Options{}, func(h *transport.Handler) {
		h.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
			response := next(ctx)
			if response != nil && string(response.Data) == `{"count":2}` {
				panic("boom")
			}
			return response
		})
	})
	response := s.open(t, t.Context(), http.MethodGet, "/?query=subscription{count(to:9)}", "", "Accept", graphqlSSE)
	defer response.Body.Close()
	next := lines(response.Body)
	var got []string
	line, err := next()
	for ; err == nil; line, err = next() {
		got = append(got, line)
	}
	if text := strings.Join(got, "\n"); !strings.Contains(text, `{"count":1}`) || strings.Contains(text, "complete") {
		t.Errorf("%q", text)
	}
	if err.Error() != "unexpected EOF" {
		t.Errorf("the stream ended with %v", err)
	}
	eventually(t, "the subscription ends", func() bool { return s.resolvers.Open.Load() == 0 })
}
