package chaos

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/coder/websocket"

	"thalamus/access"
)

// following is what a subscriber asks for: whatever is kept.
const following = `subscription($after: String, $nodes: Boolean!) {
  e: memoryEvents(after: $after, filter: {types: [CREATED, UPDATED, FORGOTTEN, SAGA]}) {
    __typename cursor previousCursor at
    ... on MemoryCreated { id node @include(if: $nodes) { id } } ... on MemoryUpdated { id version node @include(if: $nodes) { id } } ... on MemoryForgotten { id } ... on SagaChanged { id state }
  }
}`

// line is a connection of a subscriber. next fails when it was cut.
type line interface {
	next(ctx context.Context) (occurrence, error)
	close()
}

// connect subscribes to what comes after the subscriber's cursor.
func (s *subscriber) connect(ctx context.Context, url string) (line, error) {
	if s.socket {
		return s.overSocket(ctx, url)
	}
	return s.overStream(ctx, url)
}

// told is what stands for one event on both kinds of lines.
type told struct {
	Data   struct{ E *occurrence }
	Errors []struct {
		Message    string
		Extensions struct{ Code string }
	}
}

// refusedError is an error that a gateway answered.
type refusedError struct{ code, message string }

func (e *refusedError) Error() string { return "the error " + e.code + " " + e.message }

func asRefused(err error, to **refusedError) bool { return errors.As(err, to) }

// passing are the codes of errors that a client outlives by coming again.
var passing = []string{"STORE_UNAVAILABLE", "TIMEOUT", "CANCELLED", "TOO_MANY_CONNECTIONS"}

func (t told) occurrence() (occurrence, error) {
	switch {
	case len(t.Errors) > 0 && t.Data.E != nil: // its cursor would be behind what is missing
		return occurrence{}, &refusedError{message: "in the midst of an event: " + t.Errors[0].Message}
	case len(t.Errors) > 0:
		return occurrence{}, &refusedError{t.Errors[0].Extensions.Code, t.Errors[0].Message}
	case t.Data.E == nil:
		return occurrence{}, &refusedError{message: "an answer without an event"}
	}
	return *t.Data.E, nil
}

// stream is a line by server-sent events.
type stream struct {
	response *http.Response
	lines    *bufio.Scanner
	leave    context.CancelFunc
}

// overStream asks like a browser does that comes again: by Last-Event-ID.
func (s *subscriber) overStream(ctx context.Context, url string) (line, error) {
	body, err := json.Marshal(map[string]any{"query": following, "variables": map[string]any{"nodes": s.nodes}})
	if err != nil {
		return nil, err
	}
	ctx, leave := context.WithCancel(ctx)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/graphql", bytes.NewReader(body))
	if err != nil {
		leave()
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set(access.UserHeader, s.scope.User)
	if s.cursor != "" {
		request.Header.Set("Last-Event-ID", s.cursor)
	}
	response, err := http.DefaultClient.Do(request) //nolint:bodyclose // close does
	if err != nil {
		leave()
		return nil, err
	}
	return &stream{response, bufio.NewScanner(response.Body), leave}, nil
}

func (s *stream) close() {
	s.leave()
	_ = s.response.Body.Close()
}

func (s *stream) next(context.Context) (occurrence, error) {
	for s.lines.Scan() {
		text, is := strings.CutPrefix(s.lines.Text(), "data:")
		if !is {
			continue
		}
		var t told
		if err := json.Unmarshal([]byte(text), &t); err != nil {
			return occurrence{}, &refusedError{message: "the event " + text} // that of complete, too: there is always more to come
		}
		return t.occurrence()
	}
	return occurrence{}, fmt.Errorf("the stream was cut: %w", s.lines.Err())
}

// socket is a line over a WebSocket.
type socket struct{ conn *websocket.Conn }

// overSocket asks by the variable.
func (s *subscriber) overSocket(ctx context.Context, url string) (line, error) {
	conn, _, err := websocket.Dial(ctx, url+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}}) //nolint:bodyclose // the connection is its body
	if err != nil {
		return nil, err
	}
	variables := map[string]any{"nodes": s.nodes}
	if s.cursor != "" {
		variables["after"] = s.cursor
	}
	c := &socket{conn}
	for _, m := range []map[string]any{
		{"type": "connection_init", "payload": map[string]any{access.UserHeader: s.scope.User}},
		{"type": "subscribe", "id": "1", "payload": map[string]any{"query": following, "variables": variables}},
	} {
		if m["type"] == "subscribe" {
			if _, _, err = conn.Read(ctx); err != nil { // the acknowledgement, or that it was refused
				break
			}
		}
		if err = c.write(ctx, m); err != nil {
			break
		}
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *socket) close() { _ = c.conn.CloseNow() }

func (c *socket) write(ctx context.Context, message map[string]any) error {
	raw, err := json.Marshal(message)
	if err != nil {
		return err
	}
	return c.conn.Write(ctx, websocket.MessageText, raw)
}

func (c *socket) next(ctx context.Context) (occurrence, error) {
	for {
		_, raw, err := c.conn.Read(ctx)
		if err != nil {
			return occurrence{}, err
		}
		var m struct {
			Type    string
			Payload json.RawMessage
		}
		if err := json.Unmarshal(raw, &m); err != nil {
			return occurrence{}, &refusedError{message: "the message " + string(raw)}
		}
		var t told
		switch m.Type {
		case "ping":
			if err := c.write(ctx, map[string]any{"type": "pong"}); err != nil {
				return occurrence{}, err
			}
			continue
		case "next":
			err = json.Unmarshal(m.Payload, &t)
		case "error":
			err = json.Unmarshal(m.Payload, &t.Errors)
		default:
			return occurrence{}, &refusedError{message: "the message " + string(raw)}
		}
		if err != nil {
			return occurrence{}, &refusedError{message: "the message " + string(raw)}
		}
		return t.occurrence()
	}
}
