package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"thalamus/graph"
	"thalamus/graph/graphtest"
	"thalamus/graph/transport"
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

// TestStreamsAreCounted while they last, by what they came by, with what they were told of and why they were let go.
func TestStreamsAreCounted(t *testing.T) {
	reader, drained := sdkmetric.NewManualReader(), make(chan context.CancelFunc, 9)
	a := author{graphtest.NewWith(t, func(o *graph.Options) {
		o.Metrics = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
		o.Transport.Lasting = func(ctx context.Context) (context.Context, func(transport.End)) {
			ctx, cancel := context.WithCancel(ctx)
			drained <- cancel
			return ctx, func(transport.End) { cancel() }
		}
	}), graphtest.Scope}
	server := a.Serve(t)
	stream := graphtest.Subscribe(t, server, todoEvents, nil, nil)
	stream.Root()
	ws := plugIn(t, server.URL+"/graphql", nil)
	ws.begin("1")
	ws.begin("2")
	a.do(t, "createTodo", in{"content": "count me"})
	stream.Root()
	for range 4 {
		ws.next() // the todo and its write, twice
	}
	counted(t, reader, "connections{sse} 1", "connections{websocket} 1", "events{CAUGHT_UP} 3", "events{CREATED} 3", "events{SAGA} 2",
		"subscriptions{memoryEvents,websocket} 2", "subscriptions{todoEvents,sse} 1")
	(<-drained)()
	_ = ws.Close(websocket.StatusNormalClosure, "")
	counted(t, reader, "connections{sse} 0", "connections{websocket} 0", "dropped{drained,sse} 1", "events{CAUGHT_UP} 3", "events{CREATED} 3",
		"events{SAGA} 2", "subscriptions{memoryEvents,websocket} 0", "subscriptions{todoEvents,sse} 0")
}

// counted waits until the metrics of what lasts are these.
func counted(t *testing.T, reader sdkmetric.Reader, want ...string) {
	t.Helper()
	var got []string
	for end := time.Now().Add(time.Minute); !slices.Equal(got, want) && time.Now().Before(end); time.Sleep(time.Millisecond) {
		var all metricdata.ResourceMetrics
		if err := reader.Collect(t.Context(), &all); err != nil {
			t.Fatal(err)
		}
		got = nil
		for _, scope := range all.ScopeMetrics {
			for _, m := range scope.Metrics {
				name, live := strings.CutPrefix(m.Name, "thalamus.live.")
				if !live {
					continue
				}
				for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
					var labels []string
					for _, l := range p.Attributes.ToSlice() {
						labels = append(labels, l.Value.AsString())
					}
					got = append(got, fmt.Sprintf("%s{%s} %d", name, strings.Join(labels, ","), p.Value))
				}
			}
		}
		slices.Sort(got)
	}
	if !slices.Equal(got, want) {
		t.Errorf("counted\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// gone is a client that is not there any more when it is told something.
type gone struct{ *httptest.ResponseRecorder }

func (w gone) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("data:")) {
		return 0, errors.New("broken pipe")
	}
	return w.ResponseRecorder.Write(p)
}

// TestSubscriptionsAreLogged when they end, also where the client is gone and the end is not told to it.
func TestSubscriptionsAreLogged(t *testing.T) {
	g := graphtest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(`{"query":"subscription { memoryEvents { cursor } }"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	g.Handler.ServeHTTP(gone{httptest.NewRecorder()}, r)
	cancel() // as a server does when the handler has returned
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		lines := g.Log.Lines(slog.LevelInfo)
		if slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, "type=subscription") }) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%v", lines)
		}
	}
}
