package transport_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"thalamus/graph/transport"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
)

// stingy makes connections that take in very little unless it is read.
var stingy = &http.Client{Transport: &http.Transport{DialContext: dialStingily, DisableKeepAlives: true}}

func dialStingily(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err == nil {
		err = conn.(*net.TCPConn).SetReadBuffer(1 << 10)
	}
	return conn, err
}

// stall subscribes over a WebSocket and reads nothing.
func (s *server) stall(t *testing.T, query string) *socket {
	t.Helper()
	ws, _, err := websocket.Dial(t.Context(), s.URL, &websocket.DialOptions{
		HTTPClient: stingy, Subprotocols: []string{"graphql-transport-ws"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	stalled := &socket{t, ws}
	stalled.send(open)
	stalled.send(subscribe("1", query))
	return stalled
}

// stallStream subscribes over an event stream and reads nothing.
func (s *server) stallStream(t *testing.T, query string) {
	t.Helper()
	conn, err := dialStingily(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	body := request(query)
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+
		"Accept: text/event-stream\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// Clients that stop reading are let go, and meanwhile others read on. THALAMUS_SOAK=1 makes it 500 of them.
func TestStalledReaders(t *testing.T) {
	count := 50
	if os.Getenv("THALAMUS_SOAK") != "" {
		count = 500
	}
	s := serve(t, transport.Options{WriteTimeout: 2 * time.Second})
	reader := s.connect(t)
	reader.send(subscribe("1", "subscription { ticks(to: 1000000000) }"))
	reader.expect(tick(1))
	base := runtime.NumGoroutine()
	var read atomic.Int64
	read.Store(1)
	lost := make(chan error, 1)
	go func() {
		for {
			_, message, err := reader.Read(t.Context())
			if want := tick(int(read.Add(1))); err != nil || string(message) != want {
				lost <- fmt.Errorf("%s, %w; want %s", message, err, want)
				return
			}
		}
	}()
	for i := range count {
		if i%2 == 0 {
			s.stall(t, "subscription { flood(bytes: 20000) }")
		} else {
			s.stallStream(t, "subscription { flood(bytes: 20000) }")
		}
	}
	eventually(t, "all subscribe", func() bool { return s.resolvers.Started.Load() == int64(count)+1 })
	eventually(t, "all but the reader are let go", func() bool { return s.resolvers.Open.Load() == 1 })
	eventually(t, "nothing is left of them", func() bool { return runtime.NumGoroutine() <= base+5 })
	before := read.Load()
	eventually(t, "the reader reads on", func() bool { return read.Load() > before })
	select {
	case err := <-lost:
		t.Error(err)
	default:
	}
}

func tick(i int) string {
	return fmt.Sprintf(`{"type":"next","id":"1","payload":{"data":{"ticks":%d}}}`, i)
}

// A client that wakes up in time is told that it was too slow.
func TestSlowReaderIsToldToResume(t *testing.T) {
	s := serve(t, transport.Options{WriteTimeout: 2 * time.Second})
	ws := s.connect(t)
	ws.SetReadLimit(-1)
	ws.send(subscribe("1", "subscription { flood(bytes: 50000) }"))
	eventually(t, "the subscription starts", func() bool { return s.resolvers.Open.Load() == 1 })
	eventually(t, "the server gives up", func() bool { return s.resolvers.Open.Load() == 0 })
	if reason, before := ws.closed(transport.CloseSlowReader); reason != "resume from cursor" || len(before) == 0 {
		t.Errorf("%q after %d messages", reason, len(before))
	}
}

// Who asks faster than it takes the answers finds the server deaf, and then is let go.
func TestFloods(t *testing.T) {
	payload := strings.Repeat("x", 10_000)
	for name, message := range map[string]func(int) string{
		"pings":      func(int) string { return `{"type":"ping","payload":{"a":"` + payload + `"}}` },
		"operations": func(i int) string { return subscribe(fmt.Sprint("echo", i), `{ echo(text: "`+payload+`") }`) },
		"errors":     func(i int) string { return subscribe(payload[:200]+fmt.Sprint(i), "{") },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, transport.Options{WriteTimeout: 200 * time.Millisecond})
			ws := s.connect(t)
			ws.send(silence)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var err error
			for i := 0; err == nil; i++ {
				err = ws.Write(ctx, websocket.MessageText, []byte(message(i)))
			}
			if ctx.Err() != nil {
				t.Error("the server listens for ever")
			}
			eventually(t, "the subscription ends", func() bool { return s.resolvers.Open.Load() == 0 })
		})
	}
}

// The deadline of one message is not that of the next, nor of the frames that the library sends by itself.
func TestWriteDeadlinesAreTakenBack(t *testing.T) {
	ws := serve(t, transport.Options{WriteTimeout: 200 * time.Millisecond}).connect(t)
	time.Sleep(300 * time.Millisecond)
	if err := ws.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("the closing handshake: %v", err)
	}
}

// An answer larger than all that may wait is still an answer.
func TestLargeAnswersOnASocket(t *testing.T) {
	ws := serve(t, transport.Options{}).connect(t)
	ws.SetReadLimit(-1)
	for range 3 {
		ws.send(subscribe("1", "{ blob(bytes: 3000000) }"))
		ws.expect(`{"type":"next","id":"1","payload":{"data":{"blob":"`+strings.Repeat("x", 3_000_000)+`"}}}`,
			`{"type":"complete","id":"1"}`)
	}
}

// What waits to be written for an operation that its client has stopped is not written any more: the id may be another's.
func TestStoppedOperationsFallSilent(t *testing.T) {
	var made atomic.Int64
	var enough, ended atomic.Bool
	s := serve(t, transport.Options{WriteTimeout: time.Minute}, func(h *transport.Handler) {
		h.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
			if enough.Load() { // what waits is to be all that there is
				<-ctx.Done()
			}
			response := next(ctx)
			if response == nil {
				ended.Store(true)
			} else {
				made.Add(1)
			}
			return response
		})
	})
	ws := s.connect(t)
	ws.send(subscribe("1", "subscription { flood(bytes: 300) }"))
	eventually(t, "as much waits as may", func() bool {
		before := made.Load()
		time.Sleep(50 * time.Millisecond)
		return before > 0 && made.Load() == before
	})
	enough.Store(true)
	ws.send(`{"id":"1","type":"complete"}`)
	ws.send(`{"type":"ping"}`)
	read := int64(-1)
	for message := ""; message != `{"type":"pong"}`; read++ {
		if !ended.Load() { // only when something was read is there room for the server to listen
			time.Sleep(time.Millisecond)
		}
		_, raw, err := ws.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		message = string(raw)
	}
	if dropped := made.Load() - read; dropped < 100 {
		t.Errorf("%d of %d events were not sent", dropped, made.Load())
	}
}

// A subscription that has much to say leaves room for the others.
func TestNobodyIsStarved(t *testing.T) {
	ws := serve(t, transport.Options{}).connect(t)
	for id := range 5 {
		ws.send(subscribe(fmt.Sprint("loud", id), "subscription { flood(bytes: 10000) }"))
	}
	ws.send(subscribe("quiet", "subscription { count(to: 100) }"))
	for {
		_, message, err := ws.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(message), `"type":"complete","id":"quiet"`) {
			return
		}
	}
}
