package graph_test

import (
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"thalamus/access"
	"thalamus/graph"
	"thalamus/graph/graphtest"
)

// TestStreamsEndWithTheirKey lets nobody listen longer than the API key is valid, whichever way the stream came.
func TestStreamsEndWithTheirKey(t *testing.T) {
	by := &access.Guarded{}
	s := httptest.NewServer(graphtest.NewWith(t, func(o *graph.Options) { o.Authenticator = by }).Handler)
	t.Cleanup(s.Close)
	key := expiring(t, by, 2*time.Second)
	const everything = `subscription { memoryEvents { __typename } }`
	var streams sync.WaitGroup
	for name, want := range map[string]string{"SSE": "200 ", "WebSocket headers": "4403 token expired ", "WebSocket payload": "4403 token expired "} {
		streams.Go(func() {
			got := transports[name](t, s.URL, everything, showing(key))
			if !strings.HasPrefix(got, want) || !strings.Contains(got, "CaughtUp") || strings.Contains(got, "complete") {
				t.Errorf("the stream by %s was %s; want %s, and that it is not complete", name, got, want)
			}
		})
	}
	streams.Wait()
	if got := transports["SSE"](t, s.URL, everything, showing(key)); !strings.HasPrefix(got, "401 Bearer") || !strings.Contains(got, "expired") {
		t.Errorf("with the old key again: %s", got)
	}
}

// expiring lets those in who show a key, for so long.
func expiring(t *testing.T, by *access.Guarded, life time.Duration) (key string) {
	t.Helper()
	key = access.NewKey()
	file := filepath.Join(t.TempDir(), "keys.yaml")
	entry, err := access.Entry{Name: "short", Hash: access.Hash(key), User: "ann", Expires: time.Now().Add(life).Format(time.RFC3339Nano)}.Line()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(entry), 0o600); err != nil {
		t.Fatal(err)
	}
	if by.Keys, err = access.NewKeys(file, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return key
}
