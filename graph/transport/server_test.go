package transport_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"thalamus/graph/transport"
	"thalamus/graph/transport/internal/testschema"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The failures these tests provoke are logged in full, as they should be; nobody needs to read them here.
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	log.SetOutput(io.Discard)
	goleak.VerifyTestMain(m)
}

// server is the test schema, served.
type server struct {
	*httptest.Server
	resolvers *testschema.Resolvers
	handler   *transport.Handler
}

// serve starts a server that is closed with the test; each adjustment may change the handler before.
func serve(t *testing.T, o transport.Options, adjustments ...func(*transport.Handler)) *server {
	t.Helper()
	s := &server{resolvers: &testschema.Resolvers{}}
	_, config := testschema.New(s.resolvers)
	schema, _ := testschema.New(s.resolvers)
	config.Schema = transport.WithoutDefer(schema.Schema())
	s.handler = transport.New(testschema.NewExecutableSchema(config), o)
	for _, adjust := range adjustments {
		adjust(s.handler)
	}
	s.Server = newServer(t, s.handler)
	return s
}

// answer is what came back, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// send makes a request, whose header is given as alternating names and values, and reads its answer.
func (s *server) send(t *testing.T, method, target, body string, header ...string) answer {
	t.Helper()
	response := s.open(t, t.Context(), method, target, body, header...)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("reading the answer: %v", err)
	}
	return answer{response.StatusCode, response.Header, string(raw)}
}

func (s *server) open(
	t *testing.T, ctx context.Context, method, target, body string, header ...string,
) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, s.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Add(header[i], header[i+1])
	}
	response, err := s.Client().Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return response
}

// post sends a document as real clients do.
func (s *server) post(t *testing.T, query string, header ...string) answer {
	t.Helper()
	return s.send(t, http.MethodPost, "/", request(query), append([]string{"Content-Type", "application/json"}, header...)...)
}

func (s *server) get(t *testing.T, query string, header ...string) answer {
	t.Helper()
	return s.send(t, http.MethodGet, "/?query="+url.QueryEscape(query), "", header...)
}

func request(query string) string {
	body, _ := json.Marshal(map[string]string{"query": query})
	return string(body)
}

// check compares what every test looks at: status, media type and body.
func (a answer) check(t *testing.T, status int, contentType, body string) {
	t.Helper()
	got := []any{a.status, a.header.Get("Content-Type"), a.body}
	if diff := cmp.Diff([]any{status, contentType, body}, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

// refused checks a request-level error: its status and code, a message for people, and no data entry.
func (a answer) refused(t *testing.T, status int, code string) {
	t.Helper()
	var body struct {
		Data   *json.RawMessage
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatalf("body %q: %v", a.body, err)
	}
	if len(body.Errors) == 0 {
		t.Fatalf("no errors in %s", a.body)
	}
	got := []any{a.status, body.Errors[0].Extensions.Code, body.Data == nil, body.Errors[0].Message != ""}
	if diff := cmp.Diff([]any{status, code, true, true}, got); diff != "" {
		t.Errorf("refusal (-want +got):\n%s\n%s", diff, a.body)
	}
}

const (
	plain  = "application/json; charset=utf-8"
	modern = "application/graphql-response+json; charset=utf-8"
	events = "text/event-stream; charset=utf-8"
)

// eventually waits for something that another goroutine will do.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !happened(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

// lines reads a stream line by line.
func lines(r io.Reader) func() (string, error) {
	buffered := bufio.NewReader(r)
	return func() (string, error) {
		line, err := buffered.ReadString('\n')
		return strings.TrimSuffix(line, "\n"), err
	}
}

// newServer serves h until the test ends.
func newServer(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}
