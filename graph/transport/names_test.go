package transport_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"thalamus/graph/transport"

	"github.com/99designs/gqlgen/graphql"
)

// A stream whose resolver names its events can be resumed where it broke off.
func TestEventNames(t *testing.T) {
	s := serve(t, transport.Options{})
	const query = "subscription { ticks(to: 4) }"
	event := func(i string) string { return "id: " + i + "\nevent: next\ndata: {\"data\":{\"ticks\":" + i + "}}\n\n" }
	const first, last = "retry: 1000\n\n", "event: complete\ndata:\n\n"

	s.get(t, query, "Accept", graphqlSSE).
		check(t, 200, events, first+event("1")+event("2")+event("3")+event("4")+last)
	s.get(t, query, "Accept", graphqlSSE, "Last-Event-ID", "2").check(t, 200, events, first+event("3")+event("4")+last)
	s.post(t, query, "Accept", graphqlSSE, "Last-Event-ID", "4").check(t, 200, events, first+last)

	// Which of two is the last is not for the server to guess.
	for _, ask := range []func(*testing.T, string, ...string) answer{s.get, s.post} {
		a := ask(t, query, "Accept", graphqlSSE, "Last-Event-ID", "2", "Last-Event-ID", "3")
		a.refused(t, 400, transport.CodeBadRequest)
		if !strings.Contains(a.body, "Last-Event-ID") {
			t.Errorf("the header is not named: %s", a.body)
		}
	}

	// A socket passes names over, and the header of its handshake is nobody's last event.
	ws := s.connect(t, "Last-Event-ID", "2")
	ws.send(subscribe("1", "subscription { ticks(after: 2, to: 4) }"))
	ws.expect(`{"id":"1","type":"next","payload":{"data":{"ticks":3}}}`,
		`{"id":"1","type":"next","payload":{"data":{"ticks":4}}}`, `{"id":"1","type":"complete"}`)
}

// A name stays on its line, and each event keeps its own.
func TestEventNamesAreLines(t *testing.T) {
	names := []string{"a", "b\nevent: complete", "", "c\rdata: 1", "d\x00", "e: e"}
	s := serve(t, transport.Options{}, func(h *transport.Handler) {
		h.AroundFields(func(ctx context.Context, next graphql.Resolver) (any, error) {
			out := make(chan int)
			go func() {
				defer close(out)
				for i, name := range names {
					transport.NameEvent(ctx, name)
					out <- i
				}
			}()
			return (<-chan int)(out), nil
		})
	})
	a := s.post(t, "subscription { count(to: 1) }")
	var got []string
	for line := range strings.SplitSeq(a.body, "\n") {
		if name, ok := strings.CutPrefix(line, "id: "); ok {
			got = append(got, name)
		}
		if value, ok := strings.CutPrefix(line, `data: {"data":{"count":`); ok {
			got = append(got, strings.TrimSuffix(value, "}}"))
		}
	}
	if want := "a 0 1 2 3 4 e: e 5"; strings.Join(got, " ") != want || strings.Count(a.body, "event: complete") != 1 {
		t.Errorf("%q, want %q\n%s", got, want, a.body)
	}
	if a.status != http.StatusOK {
		t.Error(a.status)
	}
}

// Outside of an operation there is nothing to name.
func TestNamesOutsideOfAnOperation(t *testing.T) {
	transport.NameEvent(t.Context(), "a")
	if last := transport.LastEventID(t.Context()); last != "" {
		t.Error(last)
	}
}
