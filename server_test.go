package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

func TestServe(t *testing.T) {
	s := serving(t, home(t), "serve", "--data", t.TempDir())
	for path, want := range map[string]string{
		"/healthz": "ok", "/readyz": "UP sqlite", "/": "<title>", "/examples.json": "01-reference",
		"/metrics": "go_goroutines",
	} {
		if status, body, _ := get(t, s.URL+path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: status %d, want %q in %.200s", path, status, want, body)
		}
	}
	a := query(t, s.URL, `mutation Remember { createEpisode(input: {content: "hello from a test", sessionId: "s"}) { episode { id } problems { message } } }`, nil)
	if len(a.Errors) > 0 || a.Data["createEpisode"] == nil {
		t.Fatalf("answer: %+v", a)
	}
	s.log.await(t, "no authentication")
	line := s.log.await(t, "msg=operation")
	wants(t, "the log of an operation", line, "level=INFO", "operation=Remember", "type=mutation", "status=ok", "calls=", "took=", "request_id=")
	if strings.Contains(line, "calls=0") {
		t.Errorf("no call was counted: %s", line)
	}
	if text := s.log.String(); strings.Contains(text, "hello") {
		t.Errorf("the log holds what was remembered:\n%s", text)
	}
	_, metrics, _ := get(t, s.URL+"/metrics")
	wants(t, "/metrics", metrics, `http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="200",http_route="/graphql"`,
		`thalamus_operation_duration_seconds_count{status="ok",type="mutation"`, "thalamus_store_calls_total")
	if err := s.end(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestSettingsOfTheServer(t *testing.T) {
	s := serving(t, home(t), "serve", "--data", t.TempDir(), "--playground", "off", "--metrics=off", "--introspection=off", "--log-format=json")
	for _, path := range []string{"/", "/metrics"} {
		if status, _, _ := get(t, s.URL+path); status != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, status)
		}
	}
	if a := query(t, s.URL, "{ __schema { queryType { name } } }", nil); len(a.Errors) == 0 {
		t.Error("introspection is answered although it is off")
	}
	if line := s.log.await(t, "no authentication"); !strings.HasPrefix(line, "{") {
		t.Errorf("not JSON: %s", line)
	}
}

func TestHeaders(t *testing.T) {
	s := serving(t, home(t), "serve", "--data", t.TempDir())
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/graphql", "/", "/nothing"} {
		_, _, h := get(t, s.URL+path)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Content-Security-Policy": "default-src 'none'",
			"Cross-Origin-Resource-Policy": "same-origin", "Permissions-Policy": "camera=()",
		} {
			if !strings.HasPrefix(h.Get(name), want) {
				t.Errorf("%s: %s is %q, want %q", path, name, h.Get(name), want)
			}
		}
		if h.Get(requestHeader) == "" {
			t.Errorf("%s has no request id", path)
		}
	}
}

func TestRequestID(t *testing.T) {
	s := serving(t, home(t), "serve", "--data", t.TempDir())
	for sent, kept := range map[string]bool{
		"abc-123": true, "a/b:c.d_e=f+g@h": true, "with space": false, strings.Repeat("x", 128): true, strings.Repeat("x", 129): false, "é": false,
	} {
		got := query(t, s.URL, "{ __typename }", nil, requestHeader, sent).header.Get(requestHeader)
		if got == "" || (got == sent) != kept {
			t.Errorf("sent %q, got %q", sent, got)
		}
	}
	s.log.await(t, "request_id=abc-123")
}

func TestForeignNamesAreRefused(t *testing.T) {
	s := serving(t, home(t), "serve", "--data", t.TempDir())
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	for host, want := range map[string]int{
		"localhost" + port: 200, "127.0.0.1" + port: 200, "[::1]" + port: 200, "[::1]": 200, "localhost": 200,
		"LOCALHOST": 200, "LocalHost" + port: 200, "localhost.": 200, "LOCALHOST." + port: 200, "localhost.." + port: 421,
		"evil.example": 421, "evil.example" + port: 421, "localhost.evil.example" + port: 421, "10.0.0.1" + port: 421,
	} {
		r, err := http.NewRequest(http.MethodGet, s.URL+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("Host %s: status %d, want %d", host, response.StatusCode, want)
		}
	}
}

func TestOnlyLoopback(t *testing.T) {
	for _, address := range []string{":8080", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:0"} {
		_, _, err := command(t, home(t), "", "serve", "--data", t.TempDir(), "--listen", address)
		if err == nil || !strings.Contains(err.Error(), "loopback") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestTakenPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close() //nolint:errcheck // nobody connected
	for _, name := range []string{"serve", "demo"} {
		_, _, err = command(t, home(t), "", name, "--listen", taken.Addr().String())
		if err == nil || !strings.Contains(err.Error(), "--listen") || !strings.Contains(err.Error(), taken.Addr().String()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A request whose body is on its way when the server is asked to stop is answered.
func TestShutdownLetsRequestsFinish(t *testing.T) {
	s := serving(t, home(t), "serve", "--data", t.TempDir())
	address := strings.TrimPrefix(s.URL, "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // it was answered
	body := `{"query": "{ episodes { totalCount } }"}`
	fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", address, len(body))
	in := bufio.NewReader(conn)
	if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("%q, %v", line, err)
	}
	s.stop()
	s.log.await(t, "msg=stopping")
	for { // until nobody listens any more
		c, err := net.Dial("tcp", address)
		if err != nil {
			break
		}
		_ = c.Close()
	}
	fmt.Fprint(conn, body)
	_, _ = in.ReadString('\n') // the empty line after 100 Continue
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	if text, err := io.ReadAll(response.Body); err != nil || response.StatusCode != 200 || !strings.Contains(string(text), `{"totalCount":0}`) {
		t.Errorf("status %d, %s, %v", response.StatusCode, text, err)
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

func TestWebSocket(t *testing.T) {
	s := serving(t, home(t), "serve", "--data", t.TempDir())
	c := socket(t, s.URL)
	write := func(message any) {
		if err := wsjson.Write(t.Context(), c, message); err != nil {
			t.Fatal(err)
		}
	}
	read := func() (message struct {
		Type, ID string
		Payload  struct{ Data map[string]map[string]any }
	}) {
		if err := wsjson.Read(t.Context(), c, &message); err != nil {
			t.Fatal(err)
		}
		return message
	}
	write(map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{"query": "{ episodes { totalCount } }"}})
	if m := read(); m.Type != "next" || m.ID != "1" || m.Payload.Data["episodes"]["totalCount"] != 0.0 {
		t.Errorf("message: %+v", m)
	}
	if m := read(); m.Type != "complete" {
		t.Errorf("message: %+v", m)
	}
	// A socket that stays open does not keep the server from ending.
	s.stop()
	if _, _, err := c.Read(t.Context()); err == nil {
		t.Error("the socket stays open")
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

// socket opens a WebSocket that speaks graphql-transport-ws.
func socket(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	c, response, err := websocket.Dial(t.Context(), url+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err, response)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	if err := wsjson.Write(t.Context(), c, map[string]string{"type": "connection_init"}); err != nil {
		t.Fatal(err)
	}
	var ack struct{ Type string }
	if err := wsjson.Read(t.Context(), c, &ack); err != nil || ack.Type != "connection_ack" {
		t.Fatal(ack, err)
	}
	return c
}

func TestSignals(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			url, cmd, log := process(t, home(t), "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0")
			c := socket(t, url)
			query(t, url, `mutation { createEpisode(input: {content: "x", sessionId: "s"}) { episode { id } } }`, nil)
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if _, _, err := c.Read(t.Context()); err == nil {
				t.Error("the socket stays open")
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v; log:\n%s", err, log)
			}
		})
	}
}
