package transport

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
)

const (
	outboxBytes    = 128 << 10
	outboxMessages = 256
	// leastWeight is what a short message counts for, so that a limit in bytes limits their number, too.
	leastWeight = outboxBytes / outboxMessages
)

// outbox holds the messages that wait to be written to a socket: at most 256 of them, and at most 128 KiB unless one alone
// is longer. Who finds it full waits in line, so no operation on a socket can keep another from being heard.
type outbox struct {
	room     *semaphore.Weighted
	messages chan outgoing
}

type outgoing struct {
	data []byte
	// stopped is true when the client does not want it any more; nil means that it always does.
	stopped *atomic.Bool
}

func newOutbox() *outbox {
	return &outbox{room: semaphore.NewWeighted(outboxBytes), messages: make(chan outgoing, outboxMessages)}
}

func (m outgoing) weight() int64 { return int64(min(max(len(m.data), leastWeight), outboxBytes)) }

// put adds a message. It fails when ctx ends before there is room.
func (o *outbox) put(ctx context.Context, m outgoing) error {
	if err := o.room.Acquire(ctx, m.weight()); err != nil {
		return err
	}
	o.messages <- m // never waits: who has a room of the least weight has a place
	return nil
}

// written gives back the room of a message that was taken from messages.
func (o *outbox) written(m outgoing) { o.room.Release(m.weight()) }
