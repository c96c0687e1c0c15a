package resilience

import (
	"context"

	"thalamus/stores"
)

type bus struct {
	next stores.Bus
	gate gate
}

var _ stores.Bus = bus{}

// Publish is not repeated: a message is delivered at most once.
func (d bus) Publish(ctx context.Context, topic string, payload []byte) error {
	return do2(ctx, d.gate.once("bus.publish", 1), d.next.Publish, topic, payload)
}

// Subscribe is guarded until the subscription is made. What it delivers passes by, and lasts as long as the caller's own
// context: that of the attempt ends with the call.
func (d bus) Subscribe(ctx context.Context, topics []string) (<-chan stores.Message, error) {
	return call(ctx, d.gate.read("bus.subscribe", len(topics)), one, func(context.Context) (<-chan stores.Message, error) {
		return d.next.Subscribe(ctx, topics)
	})
}
