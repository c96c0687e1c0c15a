//go:build unix

package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"runtime/metrics"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// stingy has a connection take in little, and in packets as small as those of real networks: the system of the gateway then
// keeps less for it than it does within one machine.
func stingy(_, _ string, raw syscall.RawConn) error {
	var err error
	return errors.Join(raw.Control(func(fd uintptr) {
		err = errors.Join(syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 1<<10),
			syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 536))
	}), err)
}

// stall begins a subscription that is never read, over a connection that takes in little.
func stall(t *testing.T, gateway, subscription string, socket bool) {
	t.Helper()
	dial := &net.Dialer{Control: stingy}
	if !socket {
		conn, err := dial.DialContext(t.Context(), "tcp", strings.TrimPrefix(gateway, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		fmt.Fprintf(conn, "GET /graphql?query=%s HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n", url.QueryEscape(subscription))
		return
	}
	c, _, err := websocket.Dial(t.Context(), gateway+"/graphql", &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"}, HTTPClient: &http.Client{Transport: &http.Transport{DialContext: dial.DialContext}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	for _, m := range []map[string]any{
		{"type": "connection_init"}, {"id": "1", "type": "subscribe", "payload": map[string]any{"query": subscription}},
	} {
		if err := wsjson.Write(t.Context(), c, m); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStalledReaders are let go within ten seconds; nobody else notices, and little is kept for them. THALAMUS_SOAK=1 makes
// it 500 of them.
func TestStalledReaders(t *testing.T) {
	count := 20
	if os.Getenv("THALAMUS_SOAK") != "" {
		count = 500
	}
	const backlog, size = 100, 10_000 // of events, more than systems take in for a connection
	s := serving(t, home(t), "serve", "--data", t.TempDir(), "--limits-streams", "0")
	reader, zero := caughtUp(t, watch(t, s.URL, http.MethodPost, everything))
	remember := func(size int) {
		a := query(t, s.URL, `mutation($c: String!) { createTodo(input: {content: $c}) { problems { code } } }`, map[string]any{"c": strings.Repeat("x ", size/2)})
		if len(a.Errors) > 0 {
			t.Error(a.Errors)
		}
	}
	for range backlog {
		remember(size)
	}
	before, heap := runtime.NumGoroutine(), heapNow()
	large := fmt.Sprintf(`subscription { memoryEvents(after: %q) { __typename ... on MemoryCreated { node { ... on Todo { content } } } } }`, zero)
	for i := range count {
		stall(t, s.URL, large, i%2 == 0)
	}
	begun, most, events := time.Now(), heap, backlog
	stalled := runtime.NumGoroutine()
	await(t, "all are let go", func() bool {
		remember(10)
		events++
		most = max(most, heapNow())
		return runtime.NumGoroutine() <= before+count/100
	})
	took := time.Since(begun)
	for range events {
		for line := ""; !strings.Contains(line, "MemoryCreated"); {
			var err error
			if line, err = reader.ReadString('\n'); err != nil {
				t.Fatalf("the reader: %v", err)
			}
		}
	}
	grown := int64(most-min(heap, most)) >> 20
	t.Logf("%d readers, %d goroutines more, were let go %s after the last subscribed; the heap grew by %d MB; another got all of %d events", count, stalled-before, took.Round(time.Millisecond), grown, events)
	if grown > 100 {
		t.Error("too much was kept for them")
	}
}

// heapNow is what is in use of the heap, as the latest collection found.
func heapNow() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
