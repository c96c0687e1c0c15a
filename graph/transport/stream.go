package transport

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// stream writes responses as server-sent events in graphql-sse's distinct connections mode
// (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md): one "next" for each, then "complete", unless alive
// has ended by then. Interrupted is not complete: without that event a client knows that it must come again. What was in the
// making then is not sent either, since parts of it may be missing; the client is told of it when it comes again.
func (x *exchange) stream(alive, ctx context.Context, responses graphql.ResponseHandler) {
	header := x.w.Header()
	header.Set("Content-Type", eventStream.contentType())
	header.Set("Cache-Control", "private, no-store, no-transform")
	header.Set("X-Accel-Buffering", "no") // nginx would otherwise hold events back
	x.started = true
	x.w.WriteHeader(http.StatusOK)

	ctx, cancel := context.WithCancel(ctx)
	events := &eventWriter{exchange: x}
	var heart sync.WaitGroup
	heart.Go(func() { events.beat(ctx, cancel) })
	defer heart.Wait() // nobody may touch the response writer after the handler has returned
	defer cancel()

	if events.begin() != nil {
		return
	}
	for response := responses(ctx); response != nil && alive.Err() == nil; response = responses(ctx) {
		if events.next(takeName(ctx), response) != nil {
			return
		}
	}
	if alive.Err() == nil {
		_ = events.complete()
	}
	x.allowTime() // for the end of the answer, which net/http writes
}

// eventWriter serialises the events of a stream and its heartbeats.
type eventWriter struct {
	*exchange
	mu     sync.Mutex
	buffer []byte
}

// beat sends comments until ctx ends. A beat that cannot be delivered ends the operation.
func (e *eventWriter) beat(ctx context.Context, cancel context.CancelFunc) {
	ticker := time.NewTicker(e.options.Heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if e.comment() != nil {
				cancel()
				return
			}
		}
	}
}

// begin sends what makes proxies pass on the headers, and tells browsers to come again soon when the stream is cut off.
func (e *eventWriter) begin() error {
	return e.send([]byte("retry: 1000\n\n"))
}

func (e *eventWriter) comment() error {
	return e.send([]byte(":\n\n"))
}

func (e *eventWriter) complete() error {
	// The empty data line matters: browsers do not deliver an event without data.
	return e.send([]byte("event: complete\ndata:\n\n"))
}

// next sends a response. The name, unless it is empty, is what the client says when it comes again.
func (e *eventWriter) next(name string, r *graphql.Response) error {
	var id []byte
	if name != "" {
		id = []byte("id: " + name + "\n")
	}
	head, data, tail := encode(r)
	return e.send(id, []byte("event: next\ndata: "), head, oneLine(data), tail, []byte("\n\n"))
}

// send writes one event and makes sure that it leaves.
func (e *eventWriter) send(parts ...[]byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.buffer = e.buffer[:0]
	for _, p := range parts {
		e.buffer = append(e.buffer, p...)
	}
	err := e.write(e.buffer)
	if err == nil {
		err = e.control.Flush()
	}
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	if e.unsent == nil {
		e.unsent = err
	}
	return err
}

// oneLine makes a resolver's JSON fit for a data line. A line break in JSON can only be white space between tokens, so
// a blank is as good.
func oneLine(data []byte) []byte {
	if !bytes.ContainsAny(data, "\r\n") {
		return data
	}
	line := bytes.Clone(data)
	for i, c := range line {
		if c == '\n' || c == '\r' {
			line[i] = ' '
		}
	}
	return line
}
