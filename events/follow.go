package events

import (
	"context"
	"hash/fnv"
	"io"
	"slices"
	"time"

	"thalamus/resilience"
	"thalamus/stores"
)

// Place is a place in the stream of a scope: behind one of its events. The zero place is before all of them.
type Place struct {
	Position int64
	Mark     uint64 // of the event, by which it is known again: an outbox that was restored gives positions away twice
}

// placeOf is the place behind an event.
func placeOf(e stores.Event) Place {
	h := fnv.New64a()
	for _, part := range []string{string(e.Saga), string(e.Type), string(e.Node.ID), string(e.State)} {
		_, _ = io.WriteString(h, part+"\x00") // a hash takes everything
	}
	return Place{e.Position, h.Sum64()}
}

// Item is what a subscriber is told. One of the pointers is set, or CaughtUp.
type Item struct {
	Place    Place // where to go on from
	Previous Place // that of the item before, or where the subscriber began
	At       time.Time

	Event    *stores.Event
	Change   *resilience.Change
	Gap      *Gap
	CaughtUp bool // all that had happened when the subscription began has been told
}

// Gap says that events may be missing: those behind From, up to To. What is told next lies behind To.
type Gap struct {
	From, To Place
	Lost     bool // there is no such place: the outbox was replaced by another, or by an older state of itself
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

	at    int64 // all up to here was told, or is not wanted
	place Place // behind the latest event of the scope that was seen
	told  Place // of the latest item
	goal  int64 // where the outbox ended when the subscription began
	gap   bool  // events behind the place to begin at are missing
}

// Subscribe begins a subscription to the events of a scope that lie behind a place, nil standing for now. Whatever is
// committed from then on is told when it runs.
func (h *Hub) Subscribe(ctx context.Context, s stores.Scope, after *Place, f Filter) (*Subscription, error) {
	r := &Subscription{hub: h, scope: s, filter: f}
	latest, extent, err := r.now(ctx)
	if err != nil {
		return nil, err
	}
	r.goal = extent.End
	if after == nil || *after == latest {
		r.at, r.place, r.told = max(latest.Position, extent.After), latest, latest
		return r, nil
	}
	r.at, r.place, r.told = after.Position, *after, *after
	whole, err := r.whole(ctx, extent)
	r.gap = !whole
	return r, err
}

// now is the place behind all events of the scope, and what the outbox holds. The latest event of a scope is never pruned,
// so of this scope nothing is missing between the place and the beginning of the extent.
func (r *Subscription) now(ctx context.Context) (Place, stores.Extent, error) {
	latest, err := r.hub.outbox.Latest(ctx, r.scope)
	if err != nil {
		return Place{}, stores.Extent{}, err
	}
	extent, err := r.hub.outbox.Extent(ctx)
	if err != nil || latest == nil {
		return Place{}, extent, err
	}
	return placeOf(*latest), extent, nil
}

// whole says whether the outbox has all that the scope was told since the subscriber's place. It has where the event of the
// place is still there: no event is pruned before those of its scope that came earlier.
func (r *Subscription) whole(ctx context.Context, x stores.Extent) (bool, error) {
	if r.place == (Place{}) {
		return x.After == 0, nil
	}
	events, err := r.hub.outbox.After(ctx, r.scope, r.place.Position-1, 1)
	return len(events) > 0 && placeOf(events[0]) == r.place, err
}

// Run tells, in order and without a gap, what lies behind the place; then that it has caught up; and then what happens,
// until emit fails or the context ends. It waits for emit, so a subscriber that is slow is told no faster than it takes.
func (r *Subscription) Run(ctx context.Context, emit func(Item) error) (err error) {
	r.emit = emit
	feed, leave := r.hub.join(r.scope, r.goal)
	defer leave()
	for err == nil && r.gap {
		err = r.skip(ctx)
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

// skip tells of a gap, and goes on with what happens from now on: whoever missed something reads all of it again anyway.
func (r *Subscription) skip(ctx context.Context) error {
	latest, extent, err := r.now(ctx)
	if err != nil {
		return r.again(ctx, err)
	}
	gap := &Gap{From: r.place, To: latest, Lost: r.place.Position > extent.After}
	r.at, r.place, r.gap = max(latest.Position, extent.After), latest, false
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
		if whole, err := r.whole(ctx, after); err != nil {
			return r.again(ctx, err)
		} else if !whole {
			return r.skip(ctx)
		}
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
		if e.Scope != r.scope {
			continue
		}
		r.place = placeOf(e)
		if !r.filter.wants(e) {
			continue
		}
		if err := r.tell(Item{At: e.At, Event: &e}); err != nil {
			return err
		}
	}
	return nil
}

func (r *Subscription) tell(i Item) error {
	i.Place, i.Previous = r.place, r.told
	if err := r.emit(i); err != nil {
		return err
	}
	r.told = r.place
	return nil
}
