package main

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// An error of no kind is shown as nothing but the id by which its line in the log is found.
func TestInternalErrors(t *testing.T) {
	dir := t.TempDir()
	s := serving(t, home(t), "serve", "--data", dir)
	age(t, dir, "DROP TABLE todos")
	a := query(t, s.URL, `query Broken { todos(first: 1) { edges { node { content } } } }`, nil, requestHeader, "find-me")
	if len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "INTERNAL" || a.Errors[0].Extensions["requestId"] != "find-me" {
		t.Fatalf("answer: %+v", a)
	}
	if strings.Contains(a.Errors[0].Message, "todos") {
		t.Errorf("the answer tells: %s", a.Errors[0].Message)
	}
	wants(t, "the line of the error", s.log.await(t, "a field failed"), "request_id=find-me", "no such table")
	wants(t, "the line of the operation", s.log.await(t, "msg=operation"), "operation=Broken", "status=partial", "errors=[INTERNAL]")
}

func TestRefusedRequestsAreLogged(t *testing.T) {
	s := serving(t, home(t), "serve", "--data", t.TempDir())
	if status, _, _ := get(t, s.URL+"/graphql"); status != http.StatusBadRequest {
		t.Errorf("status %d, want 400", status)
	}
	wants(t, "the log", s.log.await(t, "msg=request"), "level=INFO", "route=/graphql", "status=400")
}

// The span of a request continues the caller's trace, names the operation, and is the parent of its calls to stores.
func TestSpans(t *testing.T) {
	var mu sync.Mutex
	var sent bytes.Buffer
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.Copy(&sent, r.Body)
	}))
	t.Cleanup(collector.Close)
	const trace = "0af7651916cd43dd8448eb211c80319c"
	s := serving(t, home(t), "serve", "--data", t.TempDir(), "--otlp-endpoint", collector.URL)
	query(t, s.URL, `query Traced { episodes(first: 1) { totalCount } }`, nil, "Traceparent", "00-"+trace+"-b7ad6b7169203331-01")
	wants(t, "the line of the operation", s.log.await(t, "msg=operation"), "trace_id="+trace)
	if err := s.end(); err != nil { // and send what is waiting
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	wants(t, "what was sent", sent.String(), "POST /graphql", "graphql.operation.name", "Traced", "http.response.status_code", "sqlite episodes.count")
	id, err := hex.DecodeString(trace)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(sent.Bytes(), id); n < 2 {
		t.Errorf("%d spans of the caller's trace, want the request and its calls", n)
	}
}
