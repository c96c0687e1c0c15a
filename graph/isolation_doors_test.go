package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"

	"thalamus/access"
	"thalamus/graph"
	"thalamus/stores"
)

// send sends a request by one door after the other, and gives the door and every byte that came back.
func (w *isolation) send(t testing.TB, who *tenant, what trial) (door, answer string) {
	t.Helper()
	switch {
	case w.total%5 == 3:
		return "WebSocket", w.sendSocket(t, who, what)
	case w.total%5 == 4 && strings.HasPrefix(what.Query, "query"):
		return http.MethodGet, w.sendGet(t, who, what)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(jsonOf(t, what)))
	r.Header = who.header.Clone()
	r.Header.Set("Content-Type", "application/json")
	return http.MethodPost, w.answered(r)
}

func (w *isolation) sendGet(t testing.TB, who *tenant, what trial) string {
	t.Helper()
	values := url.Values{"query": {what.Query}, "variables": {jsonOf(t, what.Variables)}}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/graphql?"+values.Encode(), nil)
	r.Header = who.header.Clone()
	return w.answered(r)
}

// answered is the head and the body of an answer.
func (w *isolation) answered(r *http.Request) string {
	if w.total%2 == 0 {
		r.Header.Set(graph.TraceHeader, "1")
	}
	rec := httptest.NewRecorder()
	w.Handler.ServeHTTP(rec, r)
	var all strings.Builder
	_ = rec.Header().Write(&all) // a builder takes everything
	return all.String() + rec.Body.String()
}

// sendSocket sends over the one socket that the tenant has for all of its operations.
func (w *isolation) sendSocket(t testing.TB, who *tenant, what trial) string {
	t.Helper()
	if who.socket == nil {
		who.socket = w.dial(t, who)
	}
	id := strconv.Itoa(w.total)
	say(t, who.socket, fmt.Sprintf(`{"id":%q,"type":"subscribe","payload":%s}`, id, jsonOf(t, what)))
	var all strings.Builder
	for {
		_, text, err := who.socket.Read(t.Context())
		if err != nil {
			t.Fatalf("the socket of %+v: %v after %s", who.scope, err, all.String())
		}
		all.Write(text)
		var message struct{ ID, Type string }
		if err := json.Unmarshal(text, &message); err != nil {
			t.Fatal(err)
		}
		if message.ID == id && message.Type != "next" {
			return all.String()
		}
	}
}

func (w *isolation) dial(t testing.TB, who *tenant) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(context.Background(), w.server.URL+"/graphql", //nolint:bodyclose // a socket has none
		&websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: who.header})
	if err != nil {
		t.Fatal(err)
	}
	w.sockets = append(w.sockets, c)
	c.SetReadLimit(64 << 20)
	say(t, c, `{"type":"connection_init"}`)
	if _, text, err := c.Read(t.Context()); err != nil || !strings.Contains(string(text), "connection_ack") {
		t.Fatalf("%s, %v", text, err)
	}
	return c
}

func say(t testing.TB, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func jsonOf(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const tokenSecret = "a secret that only this test knows, of more than 32 bytes"

// newTokens accepts what signed makes.
func newTokens(t testing.TB) *access.Tokens {
	t.Helper()
	tokens, err := access.NewTokens(t.Context(), access.TokenOptions{Secret: []byte(tokenSecret), Claims: access.Claims{User: "sub", Device: "device", Agent: "agent", Role: "role"}})
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

// signed is a token that binds a scope.
func signed(s stores.Scope) http.Header {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": s.User, "device": s.Device, "agent": s.Agent, "role": "admin", "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString([]byte(tokenSecret))
	if err != nil {
		panic(err) // the claims are JSON
	}
	return http.Header{"Authorization": {"Bearer " + token}}
}

// newKeys makes a file with an API key for each scope, and the headers that show them. A key of a user who is in several
// scopes binds one of them; any other leaves device and agent to the headers.
func newKeys(t testing.TB, scopes []stores.Scope) (*access.Keys, func(stores.Scope) http.Header) {
	t.Helper()
	var file strings.Builder
	headers := map[stores.Scope]http.Header{}
	for i, s := range scopes {
		key := access.NewKey()
		headers[s] = http.Header{"Authorization": {"Bearer " + key}}
		entry := access.Entry{Name: fmt.Sprint("tenant ", i), Hash: access.Hash(key), User: s.User, Role: "admin"}
		if slices.ContainsFunc(scopes, func(other stores.Scope) bool { return other != s && other.User == s.User }) {
			entry.Device, entry.Agent = s.Device, s.Agent
		} else {
			headers[s].Set(access.DeviceHeader, url.PathEscape(s.Device))
			headers[s].Set(access.AgentHeader, url.PathEscape(s.Agent))
		}
		line, err := entry.Line()
		if err != nil {
			t.Fatal(err)
		}
		file.WriteString(line)
	}
	name := filepath.Join(t.TempDir(), "keys.yaml")
	if err := os.WriteFile(name, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := access.NewKeys(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return keys, func(s stores.Scope) http.Header { return headers[s] }
}
