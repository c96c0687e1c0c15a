package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
)

// cutter stands between clients and a gateway, and reads what the gateway sends. Once for each of some texts it cuts everybody
// off rather than let them pass.
type cutter struct {
	net.Listener
	gateway string

	mu    sync.Mutex
	conns []net.Conn
	texts []string
	heard func(sent string) // of everything that is sent
}

func newCutter(t *testing.T, gateway string, heard func(string), texts ...string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: l, gateway: strings.TrimPrefix(gateway, "http://"), heard: heard, texts: texts}
	t.Cleanup(func() {
		_ = l.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.cut()
	})
	go func() {
		for client, err := l.Accept(); err == nil; client, err = l.Accept() {
			c.join(client)
		}
	}()
	return c
}

// join lets a client talk to the gateway.
func (c *cutter) join(client net.Conn) {
	server, err := net.Dial("tcp", c.gateway)
	if err != nil {
		_ = client.Close()
		return
	}
	c.mu.Lock()
	c.conns = append(c.conns, client, server)
	c.mu.Unlock()
	go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
	go func() {
		buffer := make([]byte, 64<<10)
		for n, err := server.Read(buffer); err == nil && c.pass(string(buffer[:n])); n, err = server.Read(buffer) {
			_, _ = client.Write(buffer[:n])
		}
		_, _ = client.Close(), server.Close()
	}()
}

// pass says whether clients get what is sent.
func (c *cutter) pass(sent string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard(sent)
	at := slices.IndexFunc(c.texts, func(text string) bool { return strings.Contains(sent, text) })
	if at >= 0 {
		c.texts = slices.Delete(c.texts, at, at+1)
		c.cut()
	}
	return at < 0
}

// cut ends all connections.
func (c *cutter) cut() {
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

// seenEvent is an event as a client saw it.
type seenEvent struct {
	Type                   string `json:"__typename"`
	Cursor, PreviousCursor string
	Kind                   string
	Node                   struct{ Content string }
}

const watchTodos = `subscription Watch($after: String, $filter: MemoryEventFilter) { memoryEvents(after: $after, filter: $filter) {
	__typename cursor previousCursor at
	... on MemoryCreated { id kind node { __typename id ... on Todo { content } } }
	... on MemoryUpdated { id changedFields } ... on MemoryForgotten { id } ... on Gap { advice }
} }`

// TestRealClients has clients that others wrote, as npm has them, show an API key and follow what is written. They are cut off
// twice: they miss nothing, and see nothing twice.
func TestRealClients(t *testing.T) {
	key, file := apiKey(t, "writer")
	s := serving(t, home(t), "serve", "--data", t.TempDir(), "--auth-keys", file)
	for _, client := range []string{"graphql-ws", "graphql-sse", "apollo", "urql over WebSocket", "urql over event streams", "EventSource"} {
		t.Run(client, func(t *testing.T) {
			var todos []string
			for i := range 12 {
				todos = append(todos, fmt.Sprintf("%s, number %d.", client, i))
			}
			var begun sync.Once
			var writing sync.WaitGroup
			c := newCutter(t, s.URL, func(sent string) {
				if strings.Contains(sent, `"CaughtUp"`) {
					begun.Do(func() { writing.Go(func() { writeTodos(t, s.URL, key, todos) }) })
				}
			}, todos[4], todos[8])
			plan, err := json.Marshal(map[string]any{
				"query": countEpisodes, "invalid": "{ nothing }", "subscription": watchTodos, "last": todos[11], "endless": true,
				"variables": map[string]any{"filter": map[string]any{"types": []string{"CREATED"}, "kinds": []string{"TODO"}}},
				"headers":   map[string]any{"Authorization": "Bearer " + key},
			})
			if err != nil {
				t.Fatal(err)
			}
			out := audits(t, "clients.mjs", client, "http://"+c.Addr().String()+"/graphql", string(plan))
			writing.Wait()
			sawAll(t, out, todos)
			if len(c.texts) > 0 {
				t.Errorf("it was not cut off at %v", c.texts)
			}
		})
	}
}

func writeTodos(t *testing.T, url, key string, contents []string) {
	for _, c := range contents {
		a := query(t, url, `mutation($c: String!) { createTodo(input: {content: $c}) { problems { code } } }`, map[string]any{"c": c}, "Authorization", "Bearer "+key)
		if len(a.Errors) > 0 {
			t.Errorf("%+v", a.Errors)
		}
	}
}

// sawAll checks what a client printed.
func sawAll(t *testing.T, printed []byte, todos []string) {
	t.Helper()
	var got struct {
		Answer  struct{ Episodes struct{ TotalCount *int } }
		Refused string
		Seen    []seenEvent
	}
	if err := json.Unmarshal(printed, &got); err != nil {
		t.Fatal(err)
	}
	if got.Answer.Episodes.TotalCount == nil || got.Refused != "GRAPHQL_VALIDATION_FAILED" {
		t.Errorf("the query got %+v, the invalid one %s", got.Answer, got.Refused)
	}
	var saw []string
	for i, e := range got.Seen {
		if i == 0 && e.Type != "CaughtUp" || i > 0 && e.PreviousCursor != got.Seen[i-1].Cursor {
			t.Errorf("event %d, %+v, does not follow the one before", i, e)
		}
		if e.Type == "MemoryCreated" {
			saw = append(saw, e.Node.Content)
		}
	}
	if !slices.Equal(saw, todos) {
		t.Errorf("it saw %v", saw)
	}
}
