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

// TestStreamsEndWithTheirKey lets nobody listen longer than the API key is valid, whichever way the stream came: what it
// was told is not complete, so that its client comes again.
func TestStreamsEndWithTheirKey(t *testing.T) {
	for name, c := range map[string]struct {
		life   time.Duration
		change func(t *testing.T, file, entry string)
		why    string
		after  string // to whoever shows the key then
	}{
		"expired":      {2 * time.Second, func(*testing.T, string, string) {}, "token expired", "expired"},
		"taken back":   {time.Hour, func(t *testing.T, file, _ string) { rewrite(t, file, "[]") }, "key taken back or changed", "not known"},
		"another user": {time.Hour, func(t *testing.T, file, entry string) { rewrite(t, file, strings.Replace(entry, "ann", "bob", 1)) }, "key taken back or changed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			by := &access.Guarded{}
			s := httptest.NewServer(graphtest.NewWith(t, func(o *graph.Options) { o.Authenticator = by }).Handler)
			t.Cleanup(s.Close)
			key, file, entry := expiring(t, by, c.life)
			const everything = `subscription { memoryEvents { __typename } }`
			var streams sync.WaitGroup
			for name, want := range map[string]string{"SSE": "200 ", "WebSocket headers": "4403 " + c.why, "WebSocket payload": "4403 " + c.why} {
				streams.Go(func() {
					got := transports[name](t, s.URL, everything, showing(key))
					if !strings.HasPrefix(got, want) || !strings.Contains(got, "CaughtUp") || strings.Contains(got, "complete") {
						t.Errorf("the stream by %s was %s; want %s, and that it is not complete", name, got, want)
					}
				})
			}
			time.Sleep(time.Second) // what is quicker is not let in, and is told so
			c.change(t, file, entry)
			streams.Wait()
			if c.after == "" {
				return
			}
			if got := transports["SSE"](t, s.URL, everything, showing(key)); !strings.HasPrefix(got, "401 Bearer") || !strings.Contains(got, c.after) {
				t.Errorf("with the old key again: %s", got)
			}
		})
	}
}

func rewrite(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// expiring lets those in who show a key, for so long.
func expiring(t *testing.T, by *access.Guarded, life time.Duration) (key, file, entry string) {
	t.Helper()
	key, file = access.NewKey(), filepath.Join(t.TempDir(), "keys.yaml")
	entry, err := access.Entry{Name: "short", Hash: access.Hash(key), User: "ann", Expires: time.Now().Add(life).Format(time.RFC3339Nano)}.Line()
	if err != nil {
		t.Fatal(err)
	}
	rewrite(t, file, entry)
	if by.Keys, err = access.NewKeys(file, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return key, file, entry
}
