package graph_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"thalamus/graph"
	"thalamus/graph/graphtest"
	"thalamus/graph/limits"
	"thalamus/graph/limits/attacks"
)

// door is one way in. It gives what came back: JSON, or nothing where HTTP itself refused.
type door struct {
	name   string
	bodies bool // takes what is no GraphQL request
	send   func(t *testing.T, a attacks.Attack) []byte
}

// besieged is a gateway over the sample memory with the limits of every gateway, and the doors to it.
func besieged(t *testing.T) []door {
	t.Helper()
	g := graphtest.NewWith(t, func(o *graph.Options) {
		o.Persisted, o.Transport.Timeout = limits.NewPersisted(nil, true), 0
	})
	graphtest.Load(t, g)
	s := httptest.NewUnstartedServer(g.Handler)
	s.Config.MaxHeaderBytes = 64 << 10
	s.Start()
	t.Cleanup(s.Close)
	return []door{
		{"POST", true, func(t *testing.T, a attacks.Attack) []byte { return posted(t, s, a, "application/json") }},
		{"GET", false, func(t *testing.T, a attacks.Attack) []byte { return gotten(t, s, a) }},
		{"SSE", true, func(t *testing.T, a attacks.Attack) []byte { return posted(t, s, a, "text/event-stream") }},
		{"WebSocket", true, func(t *testing.T, a attacks.Attack) []byte { return socketed(t, s, a) }},
	}
}

func posted(t *testing.T, s *httptest.Server, a attacks.Attack, accept string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/graphql", strings.NewReader(a.JSON()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", accept)
	return answer(t, s, r)
}

func gotten(t *testing.T, s *httptest.Server, a attacks.Attack) []byte {
	t.Helper()
	values := url.Values{}
	for name, value := range map[string]string{"query": a.Query, "operationName": a.Operation, "variables": a.Variables, "extensions": a.Extensions} {
		if value != "" {
			values.Set(name, value)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/graphql?"+values.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return answer(t, s, r)
}

func answer(t *testing.T, s *httptest.Server, r *http.Request) []byte {
	t.Helper()
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		t.Fatal(err)
	case resp.StatusCode >= 500:
		t.Errorf("status %d: %.300s", resp.StatusCode, body)
	case resp.StatusCode == http.StatusRequestHeaderFieldsTooLarge || resp.StatusCode == http.StatusBadRequest && !bytes.HasPrefix(body, []byte("{")):
		return nil
	}
	if _, event, ok := bytes.Cut(body, []byte("data: ")); ok && strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		body, _, _ = bytes.Cut(event, []byte("\n"))
	}
	return body
}

// socketed sends an attack as a message of a socket of its own, and gives the errors or the response that came of it.
func socketed(t *testing.T, s *httptest.Server, a attacks.Attack) []byte {
	t.Helper()
	ctx := t.Context()
	c, resp, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(s.URL, "http")+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err, resp)
	}
	defer c.CloseNow()
	c.SetReadLimit(64 << 20)
	write := func(text string) { _ = c.Write(ctx, websocket.MessageText, []byte(text)) } // the server may have hung up
	write(`{"type":"connection_init"}`)
	write(`{"id":"1","type":"subscribe","payload":` + a.JSON() + `}`)
	for {
		_, text, err := c.Read(ctx)
		if err != nil {
			return nil // it was no message
		}
		var m struct {
			Type    string
			Payload json.RawMessage
		}
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatalf("%v: %.300s", err, text)
		}
		switch m.Type {
		case "next":
			return m.Payload
		case "error":
			return append(append([]byte(`{"errors":`), m.Payload...), '}')
		case "complete":
			return nil
		}
	}
}

// TestAttacks sends every attack through every door. Each is answered or refused with a code that says why; the gateway
// stays as it was.
func TestAttacks(t *testing.T) {
	doors, all := besieged(t), attacks.All()
	if len(all) < 300 {
		t.Fatalf("only %d attacks", len(all))
	}
	some := testing.Short() || graphtest.OnServers() // most are refused before any store is asked
	for _, d := range doors {
		t.Run(d.name, func(t *testing.T) {
			seen := map[string]int{}
			for i, a := range all {
				if a.Body != "" && !d.bodies || some && i%10 != 0 {
					continue
				}
				for _, code := range outcome(t, a, d.send(t, a)) {
					seen[code]++
				}
			}
			if some {
				return
			}
			for _, code := range []string{limits.CodeTokens, limits.CodeDepth, limits.CodeSelections, limits.CodePairs, limits.CodeCost, "GRAPHQL_VALIDATION_FAILED"} {
				if seen[code] == 0 {
					t.Errorf("nothing was refused with %s: %v", code, seen)
				}
			}
		})
	}
}

// outcome lists the codes of an answer. It wants one for each error, and none that says the gateway is at a loss.
func outcome(t *testing.T, a attacks.Attack, body []byte) (codes []string) {
	t.Helper()
	if body == nil {
		return nil
	}
	var r struct{ Errors []graphtest.Error }
	if err := json.Unmarshal(body, &r); err != nil {
		t.Errorf("%s: %v: %.300s", a.Name, err, body)
	}
	for _, e := range r.Errors {
		switch code := e.Code(); code {
		case "", "INTERNAL", "TIMEOUT", "STORE_UNAVAILABLE":
			t.Errorf("%s: %+v", a.Name, e)
		default:
			codes = append(codes, code)
		}
	}
	return codes
}
