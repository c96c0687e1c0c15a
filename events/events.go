// Package events brings what happens to those who want to know: from the outbox, in its order, from wherever a subscriber has
// got to, and without a gap. The outbox is the truth; commits of this process and messages of other gateways only say that it
// is worth a look.
package events

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"thalamus/resilience"
	"thalamus/stores"
)

// Options of a hub; what is zero gets its default.
type Options struct {
	Log *slog.Logger
	// Changes tells of breakers that are not closed, and of those that move, until its context ends; nil: nobody hears of
	// backends.
	Changes func(context.Context) <-chan resilience.Change
	// Poll is how often the outbox is looked at although nobody said that something happened; 1 s unless given.
	Poll time.Duration
	// Recent is how many events of each scope are kept in memory for its subscribers; 1,024 unless given.
	Recent int
}

// Hub gives subscribers the events of their scopes. It reads those of each scope once, however many there are.
type Hub struct {
	outbox  stores.Outbox
	bus     stores.Bus // nil: there are no other gateways
	options Options

	mu    sync.Mutex
	feeds map[stores.Scope]*feed

	happened chan struct{} // holds a token while there is something in news
	news     map[stores.Scope]bool
}

// topic is where gateways tell each other of commits.
const topic = "thalamus.events"

// New makes a hub over opened stores.
func New(set *stores.Set, o Options) *Hub {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Poll <= 0 {
		o.Poll = time.Second
	}
	if o.Recent <= 0 {
		o.Recent = 1024
	}
	h := &Hub{
		outbox: set.Outbox, bus: set.Bus, options: o, feeds: map[stores.Scope]*feed{},
		happened: make(chan struct{}, 1), news: map[stores.Scope]bool{},
	}
	h.outbox.Notify(h.notice)
	return h
}

// Start lets the hub talk with other gateways, until the context ends.
func (h *Hub) Start(ctx context.Context) error {
	if h.bus == nil {
		return nil
	}
	heard, err := h.bus.Subscribe(ctx, []string{topic})
	if err != nil {
		return err
	}
	go h.tell(ctx)
	go h.hear(heard)
	return nil
}

// notice wakes those who read a scope, here and, soon after, elsewhere.
func (h *Hub) notice(s stores.Scope) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f := h.feeds[s]; f != nil {
		f.wake()
	}
	if h.bus == nil {
		return
	}
	h.news[s] = true
	select {
	case h.happened <- struct{}{}:
	default:
	}
}

// mostNews is how many scopes one message names; a message that names none means all of them.
const mostNews = 16

// tell publishes whose events were committed, until the context ends. What cannot be told others find out by themselves.
func (h *Hub) tell(ctx context.Context) {
	for {
		select {
		case <-h.happened:
		case <-ctx.Done():
			return
		}
		payload, err := json.Marshal(h.takeNews())
		if err != nil {
			continue // scopes are always JSON
		}
		trying, cancel := context.WithTimeout(ctx, time.Second)
		_ = h.bus.Publish(trying, topic, payload) // the guard of the bus says how it fares
		cancel()
	}
}

func (h *Hub) takeNews() []stores.Scope {
	h.mu.Lock()
	defer h.mu.Unlock()
	scopes := []stores.Scope{}
	if len(h.news) <= mostNews {
		for s := range h.news {
			scopes = append(scopes, s)
		}
	}
	clear(h.news)
	return scopes
}

// hear wakes those who read what other gateways have committed.
func (h *Hub) hear(heard <-chan stores.Message) {
	for m := range heard {
		var scopes []stores.Scope
		err := json.Unmarshal(m.Payload, &scopes)
		h.mu.Lock()
		if m.Missed || err != nil || len(scopes) == 0 {
			for _, f := range h.feeds {
				f.wake()
			}
		}
		for _, s := range scopes {
			if f := h.feeds[s]; f != nil {
				f.wake()
			}
		}
		h.mu.Unlock()
	}
}
