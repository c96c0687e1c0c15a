package transport_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"thalamus/graph/transport"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

// socket speaks graphql-transport-ws.
type socket struct {
	t *testing.T
	*websocket.Conn
}

func (s *server) dial(t *testing.T, protocol string, header ...string) (*socket, *http.Response) {
	t.Helper()
	o := &websocket.DialOptions{HTTPClient: s.Client(), HTTPHeader: http.Header{}}
	if protocol != "" {
		o.Subprotocols = []string{protocol}
	}
	for i := 0; i < len(header); i += 2 {
		o.HTTPHeader.Set(header[i], header[i+1])
	}
	conn, response, err := websocket.Dial(t.Context(), s.URL, o)
	if err != nil {
		return nil, response
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &socket{t, conn}, response
}

// connect dials and has the connection accepted.
func (s *server) connect(t *testing.T, header ...string) *socket {
	t.Helper()
	ws, response := s.dial(t, "graphql-transport-ws", header...)
	if ws == nil {
		t.Fatalf("not accepted: %v", response)
	}
	ws.send(`{"type":"connection_init"}`)
	ws.expect(`{"type":"connection_ack"}`)
	return ws
}

func (s *socket) send(message string) {
	s.t.Helper()
	if err := s.Write(s.t.Context(), websocket.MessageText, []byte(message)); err != nil {
		s.t.Fatalf("sending %s: %v", message, err)
	}
}

func (s *socket) expect(messages ...string) {
	s.t.Helper()
	for _, want := range messages {
		_, got, err := s.Read(s.t.Context())
		if err != nil {
			s.t.Fatalf("waiting for %s: %v", want, err)
		}
		var g, w any
		if err := errors.Join(json.Unmarshal(got, &g), json.Unmarshal([]byte(want), &w)); err != nil {
			s.t.Fatal(err)
		}
		if diff := cmp.Diff(w, g); diff != "" {
			s.t.Fatalf("message (-want +got):\n%s", diff)
		}
	}
}

// closed waits for the server to close the socket with a code, and returns the reason and the messages before it.
func (s *socket) closed(code websocket.StatusCode) (reason string, before []string) {
	s.t.Helper()
	for {
		_, message, err := s.Read(s.t.Context())
		if err == nil {
			before = append(before, string(message))
			continue
		}
		var end websocket.CloseError
		if !errors.As(err, &end) || end.Code != code {
			s.t.Fatalf("closed with %v, want %d; before: %.1000s", err, code, before)
		}
		return end.Reason, before
	}
}

func subscribe(id, query string) string {
	return `{"id":"` + id + `","type":"subscribe","payload":` + request(query) + `}`
}

func TestWebsocket(t *testing.T) {
	ws := serve(t, transport.Options{}).connect(t)
	ws.send(`{"type":"ping"}`)
	ws.expect(`{"type":"pong"}`)
	ws.send(subscribe("1", "{ greeting }"))
	ws.expect(`{"id":"1","type":"next","payload":{"data":{"greeting":"hello, world"}}}`, `{"id":"1","type":"complete"}`)
	ws.send(subscribe("2", "mutation { add(by: 2) }"))
	ws.expect(`{"id":"2","type":"next","payload":{"data":{"add":2}}}`, `{"id":"2","type":"complete"}`)
	ws.send(subscribe("3", "subscription { count(to: 2) }"))
	ws.expect(`{"id":"3","type":"next","payload":{"data":{"count":1}}}`,
		`{"id":"3","type":"next","payload":{"data":{"count":2}}}`, `{"id":"3","type":"complete"}`)
	ws.send(subscribe("4", "{ nothing }"))
	ws.expect(`{"id":"4","type":"error","payload":[{"message":"Cannot query field \"nothing\" on type \"Query\".",` +
		`"locations":[{"line":1,"column":3}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`)
}

func TestWebsocketStops(t *testing.T) {
	s := serve(t, transport.Options{})
	ws := s.connect(t)
	ended := func() bool { return s.resolvers.Open.Load() == 0 }
	started := func() bool { return s.resolvers.Open.Load() == 1 }

	ws.send(subscribe("1", "subscription { silence }"))
	eventually(t, "the subscription starts", started)
	ws.send(`{"id":"1","type":"complete"}`)
	eventually(t, "the subscription ends when its client says so", ended)

	ws.send(subscribe("2", "subscription { silence }"))
	eventually(t, "the subscription starts", started)
	_ = ws.CloseNow()
	eventually(t, "the subscription ends when its client leaves", ended)
}

func TestWebsocketTimeout(t *testing.T) {
	ws := serve(t, transport.Options{Timeout: time.Millisecond}).connect(t)
	ws.send(subscribe("1", "{ waits }"))
	_, message, err := ws.Read(t.Context())
	if err != nil || !strings.Contains(string(message), `"code":"TIMEOUT"`) {
		t.Errorf("%s, %v", message, err)
	}
}

func TestWebsocketHandshake(t *testing.T) {
	s := serve(t, transport.Options{Origins: []string{"https://app.example"}})
	for _, c := range []struct {
		name, protocol, origin string
		status                 int
	}{
		{"no origin", "graphql-transport-ws", "", 101},
		{"its own origin", "graphql-transport-ws", s.URL, 101},
		{"a listed origin", "graphql-transport-ws", "https://app.example", 101},
		{"a foreign origin", "graphql-transport-ws", "https://evil.example", 403},
		{"the null origin", "graphql-transport-ws", "null", 403},
		{"the old subprotocol", "graphql-ws", "", 400},
		{"no subprotocol", "", "", 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			var header []string
			if c.origin != "" {
				header = []string{"Origin", c.origin}
			}
			_, response := s.dial(t, c.protocol, header...)
			if response == nil || response.StatusCode != c.status {
				t.Fatalf("%v, want %d", response, c.status)
			}
		})
	}
	upgrade := []string{"Connection", "keep-alive, Upgrade", "Upgrade", "websocket"}
	s.send(t, http.MethodGet, "/", "", upgrade...).refused(t, http.StatusUpgradeRequired, transport.CodeBadRequest)
	// curl --http2 offers to upgrade, too, and is content without.
	s.post(t, "{ greeting }", "Connection", "Upgrade, HTTP2-Settings", "Upgrade", "h2c").check(t, 200, plain, hello)
}
