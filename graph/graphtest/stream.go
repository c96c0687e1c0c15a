package graphtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Stream is a subscription over server-sent events.
type Stream struct {
	tb    testing.TB
	lines *bufio.Scanner
	end   func()

	LastID string // of the latest event
}

// Serve starts a server for an edge, for what needs connections.
func (g *Gateway) Serve(tb testing.TB) *httptest.Server {
	tb.Helper()
	server := httptest.NewServer(g.Handler)
	tb.Cleanup(server.Close)
	return server
}

// Subscribe begins a subscription at a server, which ends with the test at the latest.
func Subscribe(tb testing.TB, server *httptest.Server, query string, vars map[string]any, header http.Header) *Stream {
	tb.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		tb.Fatal(err)
	}
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, server.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	if header != nil {
		r.Header = header.Clone()
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	response, err := server.Client().Do(r) //nolint:bodyclose // End does
	if err != nil {
		tb.Fatal(err)
	}
	s := &Stream{tb: tb, lines: bufio.NewScanner(response.Body), end: func() { _ = response.Body.Close() }}
	s.lines.Buffer(nil, 1<<20)
	tb.Cleanup(s.End)
	return s
}

// End ends the subscription.
func (s *Stream) End() { s.end() }

// Next waits for a response. It is not ok when the stream is complete, or was cut.
func (s *Stream) Next() (r Response, ok bool) {
	s.tb.Helper()
	id, event := s.LastID, ""
	for s.lines.Scan() {
		switch name, value, _ := strings.Cut(s.lines.Text(), ": "); name {
		case "id":
			id = value
		case "event":
			event = value
		case "data":
			if event != "next" {
				return Response{}, false
			}
			s.LastID = id
			rec := httptest.NewRecorder()
			rec.Body.WriteString(value)
			return read(s.tb, rec), true
		}
	}
	return Response{}, false
}

// Root waits for a response without errors and answers its only root field.
func (s *Stream) Root() map[string]any {
	s.tb.Helper()
	r, ok := s.Next()
	if !ok || len(r.Errors) > 0 {
		s.tb.Fatalf("%v: %s", ok, r.Body)
	}
	for _, v := range r.Data {
		root, _ := v.(map[string]any)
		return root
	}
	return nil
}
