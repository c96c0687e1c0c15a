package transport

import (
	"context"
	"strings"
	"sync"
)

// names are the names of the events of one operation that are on their way from its resolver to its client.
type names struct {
	last string // the one that the client had last, on an event stream

	mu      sync.Mutex
	pending []string
}

type namesKey struct{}

// withNames lets the resolver of an operation name its events.
func withNames(ctx context.Context, last string) context.Context {
	return context.WithValue(ctx, namesKey{}, &names{last: last})
}

// NameEvent names the next event that a subscription hands to its channel, so that a client that was cut off can say
// which it had last (see LastEventID). Name each event right before it is handed over, or none; "" gives one no name of
// its own, and so does a name with a line break. Only event streams send names.
func NameEvent(ctx context.Context, id string) {
	n, ok := ctx.Value(namesKey{}).(*names)
	if !ok {
		return
	}
	if strings.ContainsAny(id, "\r\n\x00") {
		id = ""
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pending = append(n.pending, id)
}

// lastEventID is the header in which a client of an event stream says where it was cut off.
const lastEventID = "Last-Event-ID"

// LastEventID is the name of the last event that the client of an event stream has had, as it says in the header
// Last-Event-ID; "" if it says nothing. A browser's EventSource sends it when it connects again.
func LastEventID(ctx context.Context) string {
	if n, ok := ctx.Value(namesKey{}).(*names); ok {
		return n.last
	}
	return ""
}

// takeName takes the name of the event that a response was made from: each gives one response, in order.
func takeName(ctx context.Context) string {
	n, ok := ctx.Value(namesKey{}).(*names)
	if !ok {
		return ""
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.pending) == 0 {
		return ""
	}
	id := n.pending[0]
	n.pending = n.pending[1:]
	return id
}
