package graph_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"thalamus/graph"
	"thalamus/graph/graphtest"
	"thalamus/stores"
)

const watching = "subscription { memoryEvents { __typename } }"

// socket is a WebSocket on which subscriptions begin and end.
type socket struct {
	t *testing.T
	*websocket.Conn
}

// plugIn opens a WebSocket for a caller.
func plugIn(t *testing.T, server string, h http.Header) socket {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), server, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: h})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	s := socket{t, c}
	s.send(in{"type": "connection_init"})
	s.next()
	return s
}

func (s socket) send(message in) {
	s.t.Helper()
	if err := wsjson.Write(s.t.Context(), s.Conn, message); err != nil {
		s.t.Fatal(err)
	}
}

// next is the next message, on one line.
func (s socket) next() string {
	s.t.Helper()
	var m json.RawMessage
	if err := wsjson.Read(s.t.Context(), s.Conn, &m); err != nil {
		s.t.Fatal(err)
	}
	return string(m)
}

// begin begins a subscription, and gives the first message about it.
func (s socket) begin(id string) string {
	s.t.Helper()
	s.send(in{"id": id, "type": "subscribe", "payload": in{"query": watching}})
	return s.next()
}

// TestStreamsOfAUser are bounded, over WebSockets and event streams together. Who ends one may begin another.
func TestStreamsOfAUser(t *testing.T) {
	server := graphtest.NewWith(t, func(o *graph.Options) { o.Streams = 2 }).Serve(t)
	url := server.URL + "/graphql"
	stream := graphtest.Subscribe(t, server, watching, nil, nil)
	stream.Root()
	phone := plugIn(t, url, graphtest.As(stores.NewScope("", "phone", "")))
	if got := phone.begin("1"); !strings.Contains(got, "CaughtUp") {
		t.Fatalf("the second: %s", got)
	}

	const refusal = `"code":"TOO_MANY_STREAMS","limit":2,"value":3`
	if got := phone.begin("2"); !strings.HasPrefix(got, `{"type":"error","id":"2"`) || !strings.Contains(got, refusal) {
		t.Errorf("the third over a WebSocket: %s", got)
	}
	for _, accept := range []string{"text/event-stream", "text/event-stream, application/json"} {
		if got := overHTTP(t, http.MethodPost, url, watching, accept, nil); !strings.HasPrefix(got, "429") || !strings.Contains(got, refusal) {
			t.Errorf("the third over an event stream: %s", got)
		}
	}
	if got := plugIn(t, url, graphtest.As(stores.NewScope("another", "", ""))).begin("1"); !strings.Contains(got, "CaughtUp") {
		t.Errorf("the first of another user: %s", got)
	}
	if got := overHTTP(t, http.MethodPost, url, "{ __typename }", "application/json", nil); !strings.HasPrefix(got, "200") {
		t.Errorf("a query: %s", got)
	}

	for i := range 20 {
		phone.send(in{"id": "1", "type": "complete"})
		if got := phone.begin("1"); !strings.Contains(got, "CaughtUp") {
			t.Fatalf("after one of two has ended for the time %d: %s", i, got)
		}
	}
	stream.End()
	for i, got := 0, ""; !strings.Contains(got, "CaughtUp"); i++ {
		got = phone.begin(fmt.Sprint("after ", i)) // the gateway notices soon that the client has left
	}
}
