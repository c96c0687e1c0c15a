package resilience

import (
	"context"
	"encoding/json"
	"time"

	"thalamus/stores"
)

// writtenTopic is where gateways tell each other what their writes have made old.
const writtenTopic = "thalamus.written"

const (
	announceWaiting = 256 // writes that wait for being told; more become one that stands for all
	announceTimeout = time.Second
)

// written is what one gateway tells the others. Without a part it stands for everything that they keep.
type written struct {
	Gateway stores.ID    `json:"gateway"` // that wrote
	Scope   stores.Scope `json:"scope"`
	Part    string       `json:"part,omitempty"`
}

// Announce lets gateways that share a bus let go what a write of another has made old. It is for a bus that others are on,
// and ends with the context. What a bus loses is bounded by the limit of age.
func (g Guards) Announce(ctx context.Context, bus stores.Bus) error {
	m := g.memory()
	if caching := g[stores.RoleCache]; m == nil || bus == nil || caching == nil || isLocal(caching.backend) {
		return nil
	}
	heard, err := bus.Subscribe(ctx, []string{writtenTopic})
	if err != nil {
		return err
	}
	a := &announcer{memory: m, bus: bus, self: stores.NewID(), waiting: make(chan shelf, announceWaiting)}
	m.announce = a.wait
	go a.tell(ctx)
	go a.hear(heard)
	return nil
}

// memory is what the guards keep answers in, if any does.
func (g Guards) memory() *memory {
	for _, guard := range g {
		if guard.memory != nil {
			return guard.memory
		}
	}
	return nil
}

func isLocal(b stores.Backend) bool {
	_, local := b.(stores.Local)
	return local
}

// announcer tells other gateways of writes, and hears of theirs.
type announcer struct {
	memory  *memory
	bus     stores.Bus
	self    stores.ID
	waiting chan shelf
}

// wait queues what a write has made old. It never waits itself: when there is no room, all that is queued becomes one that
// stands for everything.
func (a *announcer) wait(s shelf) {
	for {
		select {
		case a.waiting <- s:
			return
		default:
		}
		for range announceWaiting {
			select {
			case <-a.waiting:
			default:
			}
		}
		s = shelf{}
	}
}

func (a *announcer) tell(ctx context.Context) {
	for {
		select {
		case s := <-a.waiting:
			a.publish(ctx, s)
		case <-ctx.Done():
			return
		}
	}
}

// publish is not tried again: a later try would tell of a write that is as old as what it is to end.
func (a *announcer) publish(ctx context.Context, s shelf) {
	payload, err := json.Marshal(written{a.self, s.scope, s.part})
	if err != nil {
		return // texts are always JSON
	}
	ctx, cancel := context.WithTimeout(ctx, announceTimeout)
	defer cancel()
	_ = a.bus.Publish(ctx, writtenTopic, payload) // the guard of the bus says how it fares
}

// hear lets go what others have written, and everything when it cannot know what that was.
func (a *announcer) hear(heard <-chan stores.Message) {
	for message := range heard {
		var w written
		switch err := json.Unmarshal(message.Payload, &w); {
		case err == nil && w.Gateway == a.self:
		case message.Missed, err != nil, w.Part == "":
			a.memory.forgetAll()
		default:
			a.memory.forget(shelf{w.Scope, w.Part})
		}
	}
}
