package events

import (
	"context"
	"slices"
	"time"

	"thalamus/resilience"
	"thalamus/stores"
)

// Item is what a subscriber is told. One of the pointers is set, or CaughtUp.
type Item struct {
	Position int64 // where to go on from
	Previous int64 // that of the item before, or where the subscriber began
	At       time.Time

	Event    *stores.Event
	Change   *resilience.Change
	Gap      *Gap
	CaughtUp bool // all that had happened when the subscription began has been told
}

// Gap says that events are missing: those behind From, up to To.
type Gap struct {
	From, To int64
	Lost     bool // From lies behind the end: the outbox was replaced by another, or by an older state of itself
}

// BackendMoved is the type of what happens to backends. It is no part of the outbox: it is told as it happens, and at the
// beginning about those that are not well.
const BackendMoved stores.EventType = "BACKEND"

// Filter says which events a subscriber wants. What is empty stands for all; but who names kinds or ids of nodes hears of
// sagas and backends only by naming these types.
type Filter struct {
	Types []stores.EventType
	Kinds []stores.Kind
	IDs   []stores.ID // of nodes, or of sagas
}

func (f Filter) wants(e stores.Event) bool {
	if len(f.IDs) > 0 && !slices.Contains(f.IDs, e.Node.ID) {
		return false
	}
	if len(f.Types) > 0 && !slices.Contains(f.Types, e.Type) {
		return false
	}
	if e.Type == stores.SagaMoved {
		return len(f.Types) > 0 || len(f.Kinds) == 0
	}
	return len(f.Kinds) == 0 || slices.Contains(f.Kinds, e.Node.Kind)
}

func (f Filter) wantsBackends() bool {
	return slices.Contains(f.Types, BackendMoved) || len(f.Types)+len(f.Kinds)+len(f.IDs) == 0
}

// Subscription is one subscriber on its way.
type Subscription struct {
	hub    *Hub
	scope  stores.Scope
	filter Filter
	emit   func(Item) error

	at   int64 // all up to here was told, or is not wanted
	told int64 // position of the latest item
	goal int64 // where the outbox ended when the subscription began
}

// Subscribe begins a subscription to the events of a scope that lie behind a position, nil standing for now. Whatever is
// committed from then on is told when it runs.
func (h *Hub) Subscribe(ctx context.Context, s stores.Scope, after *int64, f Filter) (*Subscription, error) {
	extent, err := h.outbox.Extent(ctx)
	if err != nil {
		return nil, err
	}
	r := &Subscription{hub: h, scope: s, filter: f, at: extent.End, told: extent.End, goal: extent.End}
	if after != nil {
		r.at, r.told = *after, *after
	}
	return r, nil
}

// Run tells, in order and without a gap, what lies behind the position; then that it has caught up; and then what happens,
// until emit fails or the context ends. It waits for emit, so a subscriber that is slow is told no faster than it takes.
func (r *Subscription) Run(ctx context.Context, emit func(Item) error) (err error) {
	r.emit = emit
	feed, leave := r.hub.join(r.scope, r.goal)
	defer leave()
	if r.at > r.goal {
		err = r.skip(r.goal, true)
	}
	for err == nil && r.at < r.goal {
		err = r.catchUp(ctx)
	}
	if err == nil {
		err = r.tell(Item{At: stores.Now(), CaughtUp: true})
	}
	if err != nil {
		return err
	}
	return r.live(ctx, feed)
}

// live tells what happens from now on.
func (r *Subscription) live(ctx context.Context, feed *feed) (err error) {
	changes := r.changes(ctx)
	for err == nil {
		events, more, ok := feed.after(r.at)
		switch {
		case !ok:
			err = r.catchUp(ctx)
			continue
		case len(events) > 0:
			err = r.tellAll(events)
			continue
		}
		select {
		case <-more:
		case c, open := <-changes:
			if !open {
				changes = nil
				continue
			}
			err = r.tell(Item{At: c.At, Change: &c})
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	return err
}

// skip tells of a gap, and goes on behind it.
func (r *Subscription) skip(to int64, lost bool) error {
	gap := &Gap{From: r.at, To: to, Lost: lost}
	r.at = to
	return r.tell(Item{At: stores.Now(), Gap: gap})
}

// changes is what happens to backends, nil when the subscriber does not want to know.
func (r *Subscription) changes(ctx context.Context) <-chan resilience.Change {
	if !r.filter.wantsBackends() || r.hub.options.Changes == nil {
		return nil
	}
	return r.hub.options.Changes(ctx)
}

// catchUp tells what is kept in the outbox only.
func (r *Subscription) catchUp(ctx context.Context) error {
	before, err := r.hub.outbox.Extent(ctx)
	if err != nil {
		return r.again(ctx, err)
	}
	events, err := r.hub.outbox.After(ctx, r.scope, r.at, page)
	if err != nil {
		return r.again(ctx, err)
	}
	after, err := r.hub.outbox.Extent(ctx)
	if err != nil {
		return r.again(ctx, err)
	}
	if r.at < after.After { // what was read may have had gaps by then
		return r.skip(after.After, false)
	}
	if err := r.tellAll(events); err != nil || len(events) == page {
		return err
	}
	r.at = max(r.at, before.End) // all of the scope up to there was among them
	return nil
}

// again waits before the outbox is asked again.
func (r *Subscription) again(ctx context.Context, err error) error {
	select {
	case <-time.After(r.hub.options.Poll):
		return nil
	case <-ctx.Done():
		return err
	}
}

// tellAll tells of those events that the subscriber wants.
func (r *Subscription) tellAll(events []stores.Event) error {
	for _, e := range events {
		if e.Position <= r.at {
			continue
		}
		r.at = e.Position
		if e.Scope != r.scope || !r.filter.wants(e) {
			continue
		}
		if err := r.tell(Item{At: e.At, Event: &e}); err != nil {
			return err
		}
	}
	return nil
}

func (r *Subscription) tell(i Item) error {
	i.Position, i.Previous = r.at, r.told
	if err := r.emit(i); err != nil {
		return err
	}
	r.told = r.at
	return nil
}
