package transport_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"

	"thalamus/graph/transport"

	"github.com/google/go-cmp/cmp"
)

// cutter ends connections: all that are open at a time.
type cutter struct {
	mu    sync.Mutex
	conns map[net.Conn]context.CancelFunc
}

// context is that of the requests on a connection.
func (c *cutter) context(ctx context.Context, conn net.Conn) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns[conn] = cancel
	return ctx
}

// drain ends requests as a server does that is about to stop.
func (c *cutter) drain() { c.each(func(_ net.Conn, cancel context.CancelFunc) { cancel() }) }

// cut closes connections as a server does that dies.
func (c *cutter) cut() { c.each(func(conn net.Conn, _ context.CancelFunc) { _ = conn.Close() }) }

func (c *cutter) each(end func(net.Conn, context.CancelFunc)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn, cancel := range c.conns {
		end(conn, cancel)
		delete(c.conns, conn)
	}
}

// TestRealClients has clients that others wrote, as npm has them, read a subscription that is interrupted by a server
// that stops and by one that dies: they lose nothing, and get nothing twice.
func TestRealClients(t *testing.T) {
	needNode(t)
	const plan = `{"query": "{ greeting }", "invalid": "{ nothing }", "variables": {"after": 0, "to": 12}, "last": 12,
		"subscription": "subscription Ticks($after: Int, $to: Int!) { ticks(after: $after, to: $to) }"}`
	numbers := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	for _, client := range []string{"graphql-ws", "graphql-sse", "apollo", "urql over WebSocket", "urql over event streams", "EventSource"} {
		t.Run(client, func(t *testing.T) {
			s := serve(t, transport.Options{})
			connections := &cutter{conns: map[net.Conn]context.CancelFunc{}}
			var drained, cut sync.Once
			s.resolvers.OnTick = func(ctx context.Context, i int) {
				switch i {
				case 5:
					drained.Do(func() { connections.drain(); <-ctx.Done() })
				case 9:
					cut.Do(func() { connections.cut(); <-ctx.Done() })
				}
			}
			stopping := httptest.NewUnstartedServer(s.handler)
			stopping.Config.ConnContext = connections.context
			stopping.Config.SetKeepAlivesEnabled(false)
			stopping.Start()
			defer stopping.Close()

			var got, want struct {
				Answer  struct{ Greeting string }
				Refused string
				Seen    []int
			}
			if err := json.Unmarshal(node(t, "clients.mjs", client, stopping.URL, plan), &got); err != nil {
				t.Fatal(err)
			}
			want.Answer.Greeting, want.Refused, want.Seen = "hello, world", transport.CodeValidationFailed, numbers
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if started := s.resolvers.Started.Load(); started < 3 {
				t.Errorf("it was to be cut off twice, and subscribed %d times", started)
			}
		})
	}
}

// needNode skips a test where node or the packages in audits/ are missing; where CI is set that is a failure.
func needNode(t *testing.T) {
	t.Helper()
	absent := t.Skipf
	if os.Getenv("CI") != "" {
		absent = t.Fatalf
	}
	if _, err := exec.LookPath("node"); err != nil {
		absent("node is not installed")
	}
	if _, err := os.Stat("audits/node_modules/graphql-ws"); err != nil {
		absent("run npm ci in graph/transport/audits first")
	}
}

// node runs a script in audits/ and returns what it prints.
func node(t *testing.T, arguments ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), "node", arguments...)
	command.Dir, command.Stderr = "audits", os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Errorf("node %s: %v", arguments, err)
	}
	return out
}
