package graph_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"thalamus/access"
	"thalamus/graph"
	"thalamus/graph/graphtest"
	"thalamus/graph/limits"
	"thalamus/resilience"
	"thalamus/stores"
)

// roomy takes documents of any size, so that much can be selected at once.
func roomy(o *graph.Options) {
	o.Limits = limits.Limits{
		Document: limits.Measure{Bytes: 1 << 20, Tokens: 50_000, Depth: 40, Selections: 50_000, Aliases: 10_000, Pairs: 1 << 20},
		Cost:     1 << 40, Calls: 10_000,
	}
}

// worlds runs visits in embedded stores, in servers whose earlier answers are kept, with tokens and with API keys; it says how
// many attempts were made.
func worlds(t *testing.T, visits int) (total int) {
	usual := flag.Lookup("rapid.checks").Value.String()
	_ = flag.Set("rapid.checks", strconv.Itoa(visits)) // is a number
	t.Cleanup(func() { _ = flag.Set("rapid.checks", usual) })
	servers := resilience.Settings{Timeout: time.Hour, Concurrency: 8, Open: time.Millisecond, StaleLimit: time.Hour, StaleMemory: 64 << 20}
	asked := func(t *testing.T, g access.Guarded) *graphtest.Gateway {
		return graphtest.NewServers(t, servers, roomy, func(o *graph.Options) { o.Authenticator = g })
	}
	whole := map[string]int{}
	for name, w := range map[string]func(*testing.T, []stores.Scope) *isolation{
		"embedded": func(t *testing.T, scopes []stores.Scope) *isolation {
			return inhabited(t, graphtest.NewWith(t, roomy), scopes, graphtest.As)
		},
		"servers": func(t *testing.T, scopes []stores.Scope) *isolation {
			return inhabited(t, graphtest.NewServers(t, servers, roomy), scopes, graphtest.As)
		},
		"tokens": func(t *testing.T, scopes []stores.Scope) *isolation {
			return inhabited(t, asked(t, access.Guarded{Tokens: newTokens(t)}), scopes, signed)
		},
		"keys": func(t *testing.T, scopes []stores.Scope) *isolation {
			keys, header := newKeys(t, scopes)
			return inhabited(t, asked(t, access.Guarded{Keys: keys}), scopes, header)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := w(t, lookalikes(string(stores.NewID())[24:]))
			w.tryAll(t)
			if name == "tokens" || name == "keys" {
				w.pretend(t)
			}
			rapid.Check(t, func(r *rapid.T) { w.visit(r, t) })
			w.finish(t)
			total += w.total
			for door, n := range w.whole {
				whole[door] += n
			}
		})
	}
	if len(whole) < 3 {
		t.Errorf("answers in full came by these doors only: %v", whole)
	}
	return total
}

// earful is all that a tenant's subscription to its whole memory was ever told.
type earful struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func listen(t *testing.T, server *httptest.Server, header http.Header) *earful {
	e := &earful{}
	ctx, cancel := context.WithCancel(context.Background())
	body, err := stream(ctx, t, server, header, trial{Query: memoryEvents, Variables: map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(e, body) // ends with the test
	}()
	t.Cleanup(func() {
		cancel()
		_ = body.Close()
		<-done
	})
	return e
}

// Write notes what came.
func (e *earful) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.text.Write(p)
}

// heard is what came since it was asked last.
func (e *earful) heard(t testing.TB) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	text := e.text.String()
	e.text.Reset()
	if !strings.Contains(text, "MemoryCreated") {
		t.Errorf("the subscription was told nothing: %.200s", text)
	}
	return text
}

// stream begins a subscription over server-sent events. It may end before it has begun.
func stream(ctx context.Context, t testing.TB, server *httptest.Server, header http.Header, what trial) (io.ReadCloser, error) {
	body, err := json.Marshal(what)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header.Clone()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	response, err := server.Client().Do(r)
	if err != nil {
		return nil, err
	}
	return response.Body, nil
}

// overhear subscribes to what somebody is curious about, and listens until it is told of something new or, soon, of nothing.
func (w *isolation) overhear(t testing.TB, who *tenant, what trial) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	w.total++
	body, err := stream(ctx, t, w.server, who.header, what)
	if err != nil {
		return
	}
	defer body.Close() //nolint:errcheck // nothing was written
	request, err := json.Marshal(what)
	if err != nil {
		t.Fatal(err)
	}
	var told strings.Builder
	for lines := bufio.NewScanner(body); lines.Scan(); {
		told.WriteString(lines.Text() + "\n")
		if text := lines.Text(); strings.Contains(text, "CaughtUp") || strings.Contains(text, "sagaUpdates") || strings.Contains(text, "complete") {
			break
		}
	}
	w.judge(t, who, string(request), told.String())
}

// pretend has every tenant show its own token and claim, by headers, to be another one, which its token does not allow.
func (w *isolation) pretend(t *testing.T) {
	t.Helper()
	for _, who := range w.tenants {
		for _, other := range w.besides(who) {
			header := graphtest.As(other.scope)
			header.Set("Authorization", who.header.Get("Authorization"))
			r := w.Send(t, map[string]any{"query": wholeMemory}, header)
			w.judge(t, who, "", string(r.Body))
			if r.Status != http.StatusForbidden || len(r.Calls) > 0 {
				t.Errorf("%+v claims to be %+v: %d %s", who.scope, other.scope, r.Status, r.Body)
			}
			w.total++
		}
	}
}
