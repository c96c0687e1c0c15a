package resilience

import (
	"context"
	"time"

	"thalamus/stores"
)

type outbox struct {
	next stores.Outbox
	gate gate
}

var _ stores.Outbox = outbox{}

func (d outbox) Append(ctx context.Context, events []stores.Event) error {
	return do(ctx, d.gate.write("outbox.append", len(events)), func(ctx context.Context) error { return d.next.Append(ctx, events) })
}

func (d outbox) After(ctx context.Context, s stores.Scope, position int64, limit int) ([]stores.Event, error) {
	return call3(ctx, d.gate.read("outbox.after", 0), items, d.next.After, s, position, limit)
}

func (d outbox) Latest(ctx context.Context, s stores.Scope) (*stores.Event, error) {
	return call(ctx, d.gate.read("outbox.latest", 1).of(s), pointer, func(ctx context.Context) (*stores.Event, error) { return d.next.Latest(ctx, s) })
}

func (d outbox) Extent(ctx context.Context) (stores.Extent, error) {
	return call(ctx, d.gate.read("outbox.extent", 0), one, d.next.Extent)
}

// Notify is no call.
func (d outbox) Notify(f func(stores.Scope)) { d.next.Notify(f) }

func (d outbox) Prune(ctx context.Context, before time.Time) (int, error) {
	return call(ctx, d.gate.write("outbox.prune", 0), affected, func(ctx context.Context) (int, error) { return d.next.Prune(ctx, before) })
}
