package stores

import (
	"context"
	"slices"
	"sync"
)

// Bus wakes up the readers of all gateways (role: cache). It delivers a message at most once; the outbox holds the truth,
// and who was woken up reads it there.
//
// Topics belong to the whole deployment, as names of locks do, so payloads should hold positions and no memories. A topic
// has 1 to 512 bytes, a payload at most [MaxPayload].
type Bus interface {
	// Publish hands a message to everybody who is subscribed to the topic now. That nobody is, is no error.
	Publish(ctx context.Context, topic string, payload []byte) error
	// Subscribe delivers what is published to any of the topics after it has returned, and perhaps what was right before.
	// The channel is closed when the context ends or the bus is closed. A lost connection is made again; that, and a reader who lags more than [MaxLag]
	// messages behind, shows as a message that is marked Missed. Each call may cost a connection: subscribe once per
	// process, and hand on from there.
	Subscribe(ctx context.Context, topics []string) (<-chan Message, error)
}

// Message is what a subscriber gets.
type Message struct {
	Topic   string
	Payload []byte
	// Missed says that messages of any of the topics may have been lost right before; Topic and Payload are empty. The
	// reader should look at the outbox as if all of them had been published to.
	Missed bool
}

// Limits of a [Bus].
const (
	MaxPayload = 64 << 10 // bytes of a payload
	MaxLag     = 256      // messages that wait for a reader
)

// CheckMessage refuses what cannot be published.
func CheckMessage(topic string, payload []byte) error {
	if len(payload) > MaxPayload {
		return Invalid("payload", "has %d bytes; the limit is %d: publish where to read instead of what", len(payload), MaxPayload)
	}
	return CheckKeys("topic", slices.Values([]string{topic}))
}

// CheckTopics refuses what cannot be subscribed to.
func CheckTopics(topics []string) error {
	if len(topics) == 0 {
		return Invalid("topics", "must not be empty")
	}
	return CheckKeys("topics", slices.Values(topics))
}

// Feed is the bounded queue between a bus and one subscriber. A backend makes one for each subscription, runs Deliver on
// a goroutine, and puts in what arrives.
type Feed struct {
	out    chan Message
	filled chan struct{} // holds a token while there may be something to deliver

	mu      sync.Mutex
	waiting []Message
}

// NewFeed makes an empty queue.
func NewFeed() *Feed {
	return &Feed{out: make(chan Message), filled: make(chan struct{}, 1)}
}

// Messages is what the subscriber reads.
func (f *Feed) Messages() <-chan Message { return f.out }

// Put queues a message and never waits. When [MaxLag] messages are waiting already, they and the new one become a single
// notice that something was missed: a reader who must look everywhere anyway does not need the rest.
func (f *Feed) Put(m Message) {
	f.mu.Lock()
	if len(f.waiting) >= MaxLag || m.Missed {
		clear(f.waiting)
		f.waiting, m = f.waiting[:0], Message{Missed: true}
	}
	f.waiting = append(f.waiting, m)
	f.mu.Unlock()
	select {
	case f.filled <- struct{}{}:
	default:
	}
}

// Deliver hands the messages on, in order, until the context ends; then it closes the channel.
func (f *Feed) Deliver(ctx context.Context) {
	defer close(f.out)
	for {
		m, ok := f.next()
		if !ok {
			select {
			case <-f.filled:
				continue
			case <-ctx.Done():
				return
			}
		}
		select {
		case f.out <- m:
		case <-ctx.Done():
			return
		}
	}
}

func (f *Feed) next() (Message, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.waiting) == 0 {
		return Message{}, false
	}
	m := f.waiting[0]
	f.waiting = slices.Delete(f.waiting, 0, 1)
	return m, true
}
