package transport_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"thalamus/graph/transport"

	"github.com/coder/websocket"
)

// TestEnds has connections end in every way that there is, and wants each told with what it came by.
func TestEnds(t *testing.T) {
	quick := expiring(50 * time.Millisecond)
	on := func(do func(*socket)) func(*testing.T, *server, func()) {
		return func(t *testing.T, s *server, _ func()) { do(s.connect(t)) }
	}
	for name, c := range map[string]struct {
		options transport.Options
		do      func(t *testing.T, s *server, stop func())
		via     transport.Via
		end     transport.End
	}{
		"a socket left": {via: transport.ViaSocket, end: transport.EndLeft, do: on(func(ws *socket) {
			_ = ws.Close(websocket.StatusNormalClosure, "")
		})},
		"a socket lost": {via: transport.ViaSocket, end: transport.EndLeft, do: on(func(ws *socket) { _ = ws.CloseNow() })},
		"a bad message": {via: transport.ViaSocket, end: transport.EndRefused, do: on(func(ws *socket) { ws.send("{") })},
		"a silent socket": {options: transport.Options{Ping: time.Millisecond}, via: transport.ViaSocket, end: transport.EndSilent,
			do: on(func(*socket) {})},
		"an expired socket": {options: transport.Options{Until: quick}, via: transport.ViaSocket, end: transport.EndExpired,
			do: func(t *testing.T, s *server, _ func()) {
				ws, _ := s.dial(t, "graphql-transport-ws")
				ws.send(open)
			}},
		"a slow socket": {options: transport.Options{WriteTimeout: 50 * time.Millisecond}, via: transport.ViaSocket, end: transport.EndSlow,
			do: func(t *testing.T, s *server, _ func()) { s.stall(t, "subscription { flood(bytes: 50000) }") }},
		"a drained socket": {via: transport.ViaSocket, end: transport.EndDrained, do: func(t *testing.T, s *server, stop func()) {
			s.connect(t)
			stop()
		}},
		"a stream that is complete": {via: transport.ViaStream, end: transport.EndLeft, do: func(t *testing.T, s *server, _ func()) {
			s.post(t, "subscription { count(to: 2) }")
		}},
		"a stream left": {via: transport.ViaStream, end: transport.EndLeft, do: func(t *testing.T, s *server, _ func()) {
			_ = s.silence(t).Body.Close()
		}},
		"an expired stream": {options: transport.Options{Until: quick}, via: transport.ViaStream, end: transport.EndExpired,
			do: func(t *testing.T, s *server, _ func()) { s.silence(t) }},
		"a slow stream": {options: transport.Options{WriteTimeout: 50 * time.Millisecond}, via: transport.ViaStream, end: transport.EndSlow,
			do: func(t *testing.T, s *server, _ func()) { s.stallStream(t, "subscription { flood(bytes: 50000) }") }},
		"a drained stream": {via: transport.ViaStream, end: transport.EndDrained, do: func(t *testing.T, s *server, stop func()) {
			s.silence(t)
			stop()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // some take a second to close
			running, stop := context.WithCancel(context.Background())
			defer stop()
			var via transport.Via
			ended := make(chan transport.End, 1)
			c.options.Lasting = func(ctx context.Context) (context.Context, func(transport.End)) {
				via = transport.ViaOf(ctx)
				ctx, cancel := context.WithCancel(ctx)
				context.AfterFunc(running, cancel)
				return ctx, func(end transport.End) { ended <- end }
			}
			c.do(t, serve(t, c.options), stop)
			if end := <-ended; end != c.end || via != c.via {
				t.Errorf("%s ended as %s, want %s as %s", via, end, c.via, c.end)
			}
		})
	}
}

// silence subscribes over an event stream on which nothing comes.
func (s *server) silence(t *testing.T) *http.Response {
	t.Helper()
	response := s.open(t, t.Context(), http.MethodGet, "/?query=subscription{silence}", "", "Accept", graphqlSSE)
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}
