package graph_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/golang-jwt/jwt/v5"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"thalamus/access"
	"thalamus/graph"
	"thalamus/graph/graphtest"
)

// transports send one operation in each way there is, and give the status, or the code and reason with which a socket was
// closed, with all that was answered.
var transports = map[string]func(t *testing.T, server, query string, h http.Header) string{
	"POST": func(t *testing.T, server, query string, h http.Header) string {
		return overHTTP(t, http.MethodPost, server, query, "application/json", h)
	},
	"GET": func(t *testing.T, server, query string, h http.Header) string {
		return overHTTP(t, http.MethodGet, server, query, "application/json", h)
	},
	"SSE": func(t *testing.T, server, query string, h http.Header) string {
		return overHTTP(t, http.MethodPost, server, query, "text/event-stream", h)
	},
	"WebSocket headers": func(t *testing.T, server, query string, h http.Header) string {
		return overWebSocket(t, server, query, h, nil)
	},
	"WebSocket payload": func(t *testing.T, server, query string, h http.Header) string {
		payload := map[string]any{}
		for name := range h {
			payload[strings.ToLower(name)] = h.Get(name)
		}
		return overWebSocket(t, server, query, nil, payload)
	},
	"WebSocket payload headers": func(t *testing.T, server, query string, h http.Header) string {
		headers := map[string]any{}
		for name := range h {
			headers[name] = h.Get(name)
		}
		return overWebSocket(t, server, query, nil, map[string]any{"headers": headers})
	},
}

func overHTTP(t *testing.T, method, server, query, accept string, h http.Header) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	target := server
	if method == http.MethodGet {
		body, target = nil, server+"?query="+url.QueryEscape(query)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if h != nil {
		r.Header = h.Clone()
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", accept)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s %s", response.StatusCode, response.Header.Get("WWW-Authenticate"), answer)
}

func overWebSocket(t *testing.T, server, query string, h http.Header, payload map[string]any) string {
	t.Helper()
	c, response, err := websocket.Dial(t.Context(), server, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: h})
	if err != nil {
		answer, _ := io.ReadAll(response.Body)
		return fmt.Sprintf("%d %s %s", response.StatusCode, response.Header.Get("WWW-Authenticate"), answer)
	}
	defer c.CloseNow()
	var all strings.Builder
	for _, message := range []any{
		map[string]any{"type": "connection_init", "payload": payload},
		map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{"query": query}},
	} {
		if wsjson.Write(t.Context(), c, message) != nil {
			break
		}
	}
	for !strings.Contains(all.String(), `"complete"`) && !strings.Contains(all.String(), `"type":"error"`) {
		_, message, err := c.Read(t.Context())
		if err != nil {
			var end websocket.CloseError
			errors.As(err, &end)
			return fmt.Sprintf("%d %s %s", end.Code, end.Reason, all.String())
		}
		all.Write(message)
	}
	return all.String()
}

// claiming is a token of an hour.
func claiming(t *testing.T, claims jwt.MapClaims) string {
	t.Helper()
	claims["exp"] = time.Now().Add(time.Hour).Unix()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(tokenSecret))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// guarded is an edge that wants a token, here of ann, or a key, here of bob.
func guarded(t *testing.T, options ...func(*graph.Options)) (server, token, key string, g *graphtest.Gateway) {
	t.Helper()
	tokens, err := access.NewTokens(t.Context(), access.TokenOptions{
		Secret: []byte(tokenSecret), Role: access.Writer, Claims: access.Claims{User: "sub", Device: "device", Agent: "agent", Role: "role"},
	})
	if err != nil {
		t.Fatal(err)
	}
	token = claiming(t, jwt.MapClaims{"sub": "ann", "agent": "scout"})
	key = access.NewKey()
	entry, err := access.Entry{Name: "a key of bob", Hash: access.Hash(key), User: "bob", Role: "reader"}.Line()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "keys.yaml")
	if err := os.WriteFile(file, []byte(entry), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := access.NewKeys(file, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	g = graphtest.NewWith(t, func(o *graph.Options) {
		o.Authenticator = access.Guarded{Keys: keys, Tokens: tokens}
		for _, change := range options {
			change(o)
		}
	})
	s := httptest.NewServer(g.Handler)
	t.Cleanup(s.Close)
	return s.URL, token, key, g
}

func showing(token string, pairs ...string) http.Header {
	h := http.Header{}
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

// TestAdmission wants the same rules on every transport.
func TestAdmission(t *testing.T) {
	server, token, key, g := guarded(t)
	written := transports["POST"](t, server, `mutation { createEpisode(input: {content: "of ann", sessionId: "s"}) { problems { message } } }`, showing(token))
	if !strings.Contains(written, `"problems":[]`) {
		t.Fatal(written)
	}
	const question = `{ episodes { edges { node { content } } } }`
	for name, send := range transports {
		socket := strings.HasPrefix(name, "WebSocket")
		late := strings.HasPrefix(name, "WebSocket payload")
		for what, c := range map[string]struct {
			h      http.Header
			status int // over HTTP
			text   string
		}{
			"a token":               {showing(token), 200, "of ann"},
			"a token of this agent": {showing(token, access.AgentHeader, "scout"), 200, "of ann"},
			"another device":        {showing(token, access.DeviceHeader, "phone"), 200, `"edges":[]`},
			"a key":                 {showing(key), 200, `"edges":[]`},
			"nothing":               {showing(""), 401, ""},
			"scope headers alone":   {showing("", access.UserHeader, "ann"), 401, ""},
			"a broken token":        {showing(token[:len(token)-4]), 401, ""},
			"an unseen user":        {showing(claiming(t, jwt.MapClaims{"sub": "ann\x00"})), 401, ""},
			"a role of two kinds":   {showing(claiming(t, jwt.MapClaims{"sub": "ann", "role": []any{"admin", 3}})), 401, ""},
			"an unknown key":        {showing(access.NewKey()), 401, ""},
			"another user":          {showing(token, access.UserHeader, "bob"), 403, ""},
			"another agent":         {showing(token, access.AgentHeader, "x"), 403, ""},
			"a role":                {showing(token, access.RoleHeader, "reader"), 400, ""},
			"a role, with a key":    {showing(key, access.RoleHeader, "READER"), 400, ""},
			"a role alone":          {showing("", access.RoleHeader, "reader"), 401, ""},
			"a bad header":          {showing(token, access.DeviceHeader, "%zz"), 400, ""},
		} {
			want := fmt.Sprint(c.status)
			switch {
			case c.status == 200:
				want = ""
			case late, socket && c.h.Get("Authorization") == "":
				want = "4403"
			case c.status == 401:
				want = "401 Bearer"
			}
			got := send(t, server, question, c.h)
			if !strings.HasPrefix(got, want) || !strings.Contains(got, c.text) {
				t.Errorf("%s by %s: %s; want %s %s", what, name, got, want, c.text)
			}
			code := map[int]string{400: `"BAD_REQUEST"`, 401: `"UNAUTHENTICATED"`, 403: `"FORBIDDEN"`}[c.status]
			if strings.Contains(got, `\"sub\"`) || strings.Contains(got, `\"role\"`) {
				t.Errorf("%s by %s tells the claim: %s", what, name, got)
			}
			if want != "4403" && !strings.Contains(got, code) || c.status != 200 && strings.Contains(got, "of ann") {
				t.Errorf("%s by %s: %s", what, name, got)
			}
		}
	}
	lines := strings.Join(g.Log.Lines(slog.LevelInfo), "\n")
	for _, want := range []string{"caller=ann", "caller=a key of bob", "a caller was refused reason=missing", `reason=invalid why=The claim "sub" of`, `reason=invalid why=The claim "role" of`} {
		if !strings.Contains(lines, want) {
			t.Errorf("the log lacks %s:\n%s", want, lines)
		}
	}
	for _, never := range []string{token[:20], token[len(token)-20:], key} {
		if strings.Contains(lines, never) {
			t.Errorf("the log holds a secret:\n%s", lines)
		}
	}
}

// TestPayloadWins shows one caller in the headers of the upgrade and another in the payload.
func TestPayloadWins(t *testing.T) {
	server, token, key, _ := guarded(t)
	const write = `mutation { deleteTodo(input: {id: "x"}) { deleted } }`
	if got := overWebSocket(t, server, write, showing(token), map[string]any{"authorization": "Bearer " + key}); !strings.Contains(got, "FORBIDDEN") {
		t.Errorf("the key of a reader: %s", got)
	}
	if got := overWebSocket(t, server, write, showing(token), map[string]any{"authorization": "Bearer nothing"}); !strings.HasPrefix(got, "4403 The API key is not known here.") {
		t.Errorf("a bad key after a good token: %s", got)
	}
	if got := overWebSocket(t, server, write, showing(token), map[string]any{"authorization": 5}); !strings.HasPrefix(got, "4403") {
		t.Errorf("a number: %s", got)
	}
	if got := overWebSocket(t, server, write, showing(token), map[string]any{access.AgentHeader: "x"}); !strings.HasPrefix(got, "4403") {
		t.Errorf("another agent than the token's: %s", got)
	}
	if got := overWebSocket(t, server, write, showing("", access.RoleHeader, "reader"), map[string]any{"authorization": "Bearer " + token}); !strings.HasPrefix(got, "4403") {
		t.Errorf("a role in the headers before a token in the payload: %s", got)
	}
}

// TestPagesOfOtherOrigins wants a preflight to need no credentials, and pages to be able to read why they were refused.
func TestPagesOfOtherOrigins(t *testing.T) {
	server, _, _, _ := guarded(t, func(o *graph.Options) { o.Transport.Origins = []string{"https://app.example"} })
	for method, want := range map[string]int{http.MethodOptions: 204, http.MethodPost: 401} {
		r, err := http.NewRequestWithContext(t.Context(), method, server, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Origin": {"https://app.example"}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"authorization"}}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want || response.Header.Get("Access-Control-Allow-Origin") != "https://app.example" {
			t.Errorf("%s: %d, %v", method, response.StatusCode, response.Header)
		}
	}
}

// TestRefusalsAreCounted by reason.
func TestRefusalsAreCounted(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	server, token, _, _ := guarded(t, func(o *graph.Options) { o.Metrics = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)) })
	for _, h := range []http.Header{showing(""), showing(""), showing("a b"), showing("x"), showing("a.b.c"), showing(token), showing(token, access.UserHeader, "bob"), showing(token, access.UserHeader, "%")} {
		transports["POST"](t, server, "{ __typename }", h)
	}
	transports["WebSocket payload"](t, server, "{ __typename }", showing("x"))
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name != "thalamus.access.refused" {
				continue
			}
			for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
				reason, _ := p.Attributes.Value("reason")
				got = append(got, fmt.Sprintf("%s %d", reason.AsString(), p.Value))
			}
		}
	}
	slices.Sort(got)
	if want := []string{"headers 1", "malformed 2", "missing 2", "scope 1", "unknown 2"}; !slices.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
}

func TestNobodyTellsCallers(t *testing.T) {
	if _, err := graph.NewHandler(graph.Options{}); err == nil {
		t.Error("an edge that lets everybody in is made by leaving something out")
	}
}
