package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/golang-jwt/jwt/v5"
)

// watch begins a subscription as an event stream. The context of the test ends it at the latest.
func watch(t *testing.T, gateway, method, subscription string, headers ...string) *http.Response {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": subscription})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, gateway+"/graphql", strings.NewReader(string(body)))
	if method == http.MethodGet {
		r, err = http.NewRequestWithContext(t.Context(), method, gateway+"/graphql?query="+url.QueryEscape(subscription), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// caughtUp reads a stream until it tells of what is new, behind a cursor.
func caughtUp(t *testing.T, response *http.Response) (in *bufio.Reader, cursor string) {
	t.Helper()
	in = bufio.NewReader(response.Body)
	for line := ""; !strings.Contains(line, "CaughtUp"); {
		var err error
		if line, err = in.ReadString('\n'); err != nil || strings.Contains(line, "errors") {
			t.Fatalf("status %d: %s %v", response.StatusCode, line, err)
		}
		if id, is := strings.CutPrefix(line, "id: "); is {
			cursor = strings.TrimSpace(id)
		}
	}
	return in, cursor
}

const everything = `subscription { memoryEvents { __typename cursor } }`

// TestStopEndsStreams whatever their clients accept: nobody waits for them.
func TestStopEndsStreams(t *testing.T) {
	for _, accept := range []string{"*/*", "text/event-stream"} {
		s := serving(t, home(t), "serve", "--data", t.TempDir(), "--limits-timeout", "10m") // which is the grace
		in, _ := caughtUp(t, watch(t, s.URL, http.MethodPost, everything, "Accept", accept))
		s.stop()
		if rest, err := io.ReadAll(in); err != nil || strings.Contains(string(rest), "complete") {
			t.Errorf("the stream ends with %q, %v", rest, err)
		}
		if err := s.end(); err != nil {
			t.Error(err)
		}
	}
}

const tokenSecret = "a secret for these tests, long enough"

// token is one of ann, for so long.
func token(t *testing.T, life time.Duration) string {
	t.Helper()
	claims := jwt.MapClaims{"sub": "ann", "role": "reader", "exp": jwt.NewNumericDate(time.Now().Add(life))}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(tokenSecret))
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + signed
}

// initialized opens a WebSocket with a payload of connection_init.
func initialized(t *testing.T, gateway string, payload map[string]any) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), gateway+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	if err := wsjson.Write(t.Context(), c, map[string]any{"type": "connection_init", "payload": payload}); err != nil {
		t.Fatal(err)
	}
	return c
}

// closing reads a WebSocket to its end.
func closing(t *testing.T, c *websocket.Conn) websocket.CloseError {
	t.Helper()
	for {
		if _, _, err := c.Read(t.Context()); err != nil {
			var end websocket.CloseError
			errors.As(err, &end)
			return end
		}
	}
}

// TestExpiryEndsStreams lets nobody listen longer than the token says.
func TestExpiryEndsStreams(t *testing.T) {
	s := serving(t, append(home(t), "THALAMUS_AUTH_JWT_SECRET="+tokenSecret), "serve", "--data", t.TempDir(), "--auth-jwt-leeway", "0s")
	short := token(t, 3*time.Second)
	in, _ := caughtUp(t, watch(t, s.URL, http.MethodPost, everything, "Authorization", short, "Accept", "text/event-stream"))
	c := initialized(t, s.URL, map[string]any{"authorization": short})
	if err := wsjson.Write(t.Context(), c, map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{"query": everything}}); err != nil {
		t.Fatal(err)
	}
	if end := closing(t, c); end.Code != 4403 || end.Reason != "token expired" {
		t.Errorf("the socket: %+v", end)
	}
	if rest, err := io.ReadAll(in); err != nil || strings.Contains(string(rest), "complete") {
		t.Errorf("the stream ends with %q, %v", rest, err)
	}
	if a := query(t, s.URL, countEpisodes, nil, "Authorization", short); codeOf(a) != "UNAUTHENTICATED" {
		t.Errorf("a query: %+v", a)
	}
}

// TestOneRuleForAll lets the same callers in and refuses the same, whichever way they come.
func TestOneRuleForAll(t *testing.T) {
	s := serving(t, append(home(t), "THALAMUS_AUTH_JWT_SECRET="+tokenSecret), "serve", "--data", t.TempDir())
	for what, c := range map[string]struct {
		headers []string
		code    string // of what is wrong
	}{
		"a token":         {[]string{"Authorization", token(t, time.Hour)}, ""},
		"nothing":         {nil, "UNAUTHENTICATED"},
		"no token":        {[]string{"Authorization", "Bearer x.y.z"}, "UNAUTHENTICATED"},
		"an old token":    {[]string{"Authorization", token(t, -time.Hour)}, "UNAUTHENTICATED"},
		"another's scope": {[]string{"Authorization", token(t, time.Hour), "Thalamus-User", "bob"}, "FORBIDDEN"},
	} {
		codes := map[string]string{}
		for name, send := range map[string][2]string{
			"POST": {http.MethodPost, countEpisodes}, "GET": {http.MethodGet, countEpisodes},
			"stream": {http.MethodPost, everything}, "stream by GET": {http.MethodGet, everything},
		} {
			response := watch(t, s.URL, send[0], send[1], c.headers...)
			if response.StatusCode != http.StatusOK {
				var a answered
				if err := json.NewDecoder(response.Body).Decode(&a); err != nil {
					t.Fatal(err)
				}
				codes[name] = fmt.Sprint(codeOf(a))
			} else if codes[name] = ""; send[1] == everything {
				caughtUp(t, response)
			}
		}
		for name, code := range codes {
			if code != c.code {
				t.Errorf("%s, %s: %q, want %q", what, name, code, c.code)
			}
		}
		payload := map[string]any{}
		for i := 0; i < len(c.headers); i += 2 {
			payload[c.headers[i]] = c.headers[i+1]
		}
		if socket := initialized(t, s.URL, payload); c.code != "" {
			if end := closing(t, socket); end.Code != 4403 {
				t.Errorf("%s, WebSocket: %+v", what, end)
			}
		} else if _, ack, err := socket.Read(t.Context()); err != nil || !strings.Contains(string(ack), "connection_ack") {
			t.Errorf("%s, WebSocket: %s %v", what, ack, err)
		}
	}
}

// await waits until something is so.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}
