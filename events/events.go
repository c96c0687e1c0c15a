// Package events brings what happens to those who want to know: from the outbox, in its order, from wherever a subscriber has
// got to, and without a gap. The outbox is the truth; commits of this process and messages of other gateways only say that it
// is worth a look.
package events

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
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
	bus     stores.Bus
	self    stores.ID
	options Options

	mu    sync.Mutex
	feeds map[stores.Scope]*feed

	// What other gateways are to be told; nil: there are none.
	news     map[stores.Scope]bool
	happened chan struct{} // holds a token while there are news
}

// topic is where gateways tell each other of commits.
const topic = "thalamus.events"

// news is what one gateway tells the others.
type news struct {
	Gateway stores.ID      `json:"gateway"`
	Scopes  []stores.Scope `json:"scopes"` // none: any
}

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
		outbox: set.Outbox, bus: set.Bus, self: stores.NewID(), options: o, feeds: map[stores.Scope]*feed{}, happened: make(chan struct{}, 1),
	}
	h.outbox.Notify(h.notice)
	return h
}

// Share lets the hub tell other gateways of commits over the bus, and hear of theirs, until the context ends.
func (h *Hub) Share(ctx context.Context) error {
	heard, err := h.bus.Subscribe(ctx, []string{topic})
	if err != nil {
		return err
	}
	h.mu.Lock()
	h.news = map[stores.Scope]bool{}
	h.mu.Unlock()
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
	if h.news == nil {
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
		payload, err := json.Marshal(news{h.self, h.takeNews()})
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
		var n news
		switch err := json.Unmarshal(m.Payload, &n); {
		case err == nil && n.Gateway == h.self:
		case m.Missed, err != nil:
			h.wake(nil)
		default:
			h.wake(n.Scopes)
		}
	}
}

// wake has scopes looked at, all of them when none is named.
func (h *Hub) wake(scopes []stores.Scope) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(scopes) == 0 {
		scopes = slices.Collect(maps.Keys(h.feeds))
	}
	for _, s := range scopes {
		if f := h.feeds[s]; f != nil {
			f.wake()
		}
	}
}
