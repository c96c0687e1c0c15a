package graphtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"thalamus/access"
	"thalamus/graph"
	"thalamus/graph/model"
	"thalamus/resilience"
	"thalamus/stores"
)

// Response is an answer of the edge.
type Response struct {
	Status int
	Header http.Header
	Body   []byte // as it was sent
	Data   map[string]any
	Errors []Error
	Calls  []resilience.ReportCall // to the stores, in the order of their start

	Degraded *resilience.Degradation // nil when nothing is missing or old
}

// Error is an entry of the errors of a response.
type Error struct {
	Message    string
	Path       []any
	Extensions map[string]any
}

// Code is the error's extensions.code.
func (e Error) Code() string {
	code, _ := e.Extensions["code"].(string)
	return code
}

// As gives the headers of a request in a scope.
func As(s stores.Scope) http.Header {
	h := http.Header{}
	h.Set(access.UserHeader, url.PathEscape(s.User))
	h.Set(access.DeviceHeader, url.PathEscape(s.Device))
	h.Set(access.AgentHeader, url.PathEscape(s.Agent))
	return h
}

// Global is the global id of a node.
func Global(n stores.Node) string { return model.GlobalID(n.Ref()) }

// Post sends an operation; vars and header may be nil. It reports an error when a batch of the loaders was announced
// wrongly.
func (g *Gateway) Post(tb testing.TB, query string, vars map[string]any, header http.Header) Response {
	tb.Helper()
	return g.Send(tb, map[string]any{"query": query, "variables": vars}, header)
}

// Send is [Gateway.Post] for any parameters of a request.
func (g *Gateway) Send(tb testing.TB, parameters map[string]any, header http.Header) Response {
	tb.Helper()
	body, err := json.Marshal(parameters)
	if err != nil {
		tb.Fatal(err)
	}
	r := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header = header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set(graph.TraceHeader, "1")
	rec := httptest.NewRecorder()
	g.Handler.ServeHTTP(rec, r)
	for _, line := range g.Log.take("a batch left before it was full") {
		tb.Errorf("%s (or a request beside it): %s", parameters["query"], line)
	}
	return read(tb, rec)
}

func read(tb testing.TB, rec *httptest.ResponseRecorder) Response {
	tb.Helper()
	var body struct {
		Data       map[string]any
		Errors     []Error
		Extensions struct {
			Trace    resilience.Report
			Degraded *resilience.Degradation
		}
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
		tb.Fatalf("the answer is not JSON: %v: %s", err, rec.Body)
	}
	return Response{rec.Code, rec.Header(), rec.Body.Bytes(), body.Data, body.Errors, body.Extensions.Trace.Calls, body.Extensions.Degraded}
}

// Query is [Gateway.Post] for operations that must not have errors; it answers the data.
func (g *Gateway) Query(tb testing.TB, query string, vars map[string]any, header http.Header) map[string]any {
	tb.Helper()
	r := g.Post(tb, query, vars, header)
	if len(r.Errors) > 0 {
		tb.Fatalf("%s: %v", query, r.Errors)
	}
	return r.Data
}

// Count lists the calls to the stores as "ROLE operation ×count", sorted.
func (r Response) Count() []string {
	counts := map[string]int{}
	for _, c := range r.Calls {
		counts[string(c.Role)+" "+c.Operation]++
	}
	out := make([]string, 0, len(counts))
	for call, n := range counts {
		out = append(out, fmt.Sprintf("%s ×%d", call, n))
	}
	slices.Sort(out)
	return out
}

// At digs a value out of data: keys of objects and indices of lists. What is not there is nil.
func At(v any, path ...any) any {
	for _, step := range path {
		switch at := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[at]
		case int:
			list, _ := v.([]any)
			if at >= len(list) {
				return nil
			}
			v = list[at]
		}
	}
	return v
}

// Log keeps what was logged at Info and above.
type Log struct {
	mu    sync.Mutex
	lines []logged
}

type logged struct {
	level slog.Level
	text  string
}

// Lines lists what was logged at a level or above.
func (l *Log) Lines(least slog.Level) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, line := range l.lines {
		if line.level >= least {
			out = append(out, line.text)
		}
	}
	return out
}

// take removes and lists the lines that hold a text.
func (l *Log) take(text string) (out []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = slices.DeleteFunc(l.lines, func(line logged) bool {
		if strings.Contains(line.text, text) {
			out = append(out, line.text)
			return true
		}
		return false
	})
	return out
}

// Enabled is, like Handle, WithAttrs and WithGroup, of a [slog.Handler].
func (l *Log) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// Handle keeps a line.
func (l *Log) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, logged{r.Level, text})
	return nil
}

// WithAttrs is not needed by anything that logs here.
func (l *Log) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup is not needed by anything that logs here.
func (l *Log) WithGroup(string) slog.Handler { return l }
