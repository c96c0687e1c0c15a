package storestest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"thalamus/stores"
)

// Outbox asks whether a backend keeps the contract of [stores.Outbox].
func Outbox(t *testing.T, open func(testing.TB) *stores.Set) {
	s := suite{t, open(t)}
	s.run("RoundTrip", testEventRoundTrip)
	s.run("Pages", testEventPages)
	s.run("Once", testEventOnce)
	s.run("Scopes", testEventScopes)
	s.run("Prune", testEventPrune)
	s.run("Race", testEventRace)
	s.run("Commit", testEventCommit)
	s.run("Interrupted", func(w *world) {
		w.tell(event(w.scope, stores.NewID()))
		interrupted(w, eventCalls(w), func() any { return w.told(0) })
	})
	closed(t, open, eventCalls)
}

// event is the creation of a node by a saga.
func event(s stores.Scope, saga stores.ID) stores.Event {
	return stores.Event{
		Scope: s, Saga: saga, Type: stores.NodeCreated, Node: stores.Ref{Kind: stores.KindEpisode, ID: stores.NewID()}, Version: 1, At: stores.Now(),
	}
}

func eventCalls(w *world) []call {
	c, s := w.set.Outbox, w.scope
	return []call{
		{"Append", func(ctx context.Context) error { return c.Append(ctx, []stores.Event{event(s, stores.NewID())}) }},
		{"After", ask(func(ctx context.Context) ([]stores.Event, error) { return c.After(ctx, s, 0, 1) })},
		{"Prune", ask(func(ctx context.Context) (int, error) { return c.Prune(ctx, time.Unix(0, 0)) })},
	}
}

func (w *world) tell(events ...stores.Event) {
	w.t.Helper()
	noError(w.t, w.set.Outbox.Append(w.ctx(), events))
}

// told reads all events of the scope after a position.
func (w *world) told(after int64) []stores.Event {
	w.t.Helper()
	got, err := w.set.Outbox.After(w.ctx(), w.scope, after, everyone)
	noError(w.t, err)
	return got
}

// tells wants the outbox to hold events in this order, at rising positions.
func (w *world) tells(what string, want ...stores.Event) {
	w.t.Helper()
	got := w.told(0)
	if d := diff(want, got, cmpopts.IgnoreFields(stores.Event{}, "Position")); d != "" {
		w.t.Errorf("%s (-want +got):\n%s", what, d)
	}
	last := int64(0)
	for _, e := range got {
		if e.Position <= last {
			w.t.Errorf("%s: position %d follows %d", what, e.Position, last)
		}
		last = e.Position
	}
}

func testEventRoundTrip(w *world) {
	w.tells("an empty scope")
	w.tell()
	full := event(w.scope, stores.NewID())
	full.Type, full.Node.Kind, full.Version, full.Fields = stores.NodeUpdated, stores.KindEntity, 7, []stores.Field{"name", "context.project"}
	full.At = w.instant()
	gone := stores.Event{Scope: w.scope, Saga: full.Saga, Type: stores.NodeForgotten, Node: stores.Ref{Kind: stores.KindTodo, ID: full.Node.ID}, At: w.instant()}
	w.tell(full, gone)
	w.tells("events", full, gone)
	third := event(w.scope, stores.NewID())
	w.tell(third)
	w.tells("events after another", full, gone, third)
}

func testEventPages(w *world) {
	var want []stores.Event
	for range 1203 {
		want = append(want, event(w.scope, stores.NewID()))
	}
	w.tell(want[:1100]...)
	w.tell(want[1100:]...)
	w.tells("events of large batches", want...)
	all := w.told(0)
	for i, e := range all {
		if i%200 == 0 {
			got, err := w.set.Outbox.After(w.ctx(), w.scope, e.Position, 3)
			noError(w.t, err)
			same(w.t, "some events after a position", all[i+1:min(i+4, len(all))], got)
		}
	}
	same(w.t, "events after the last", 0, len(w.told(all[len(all)-1].Position)))
	none, err := w.set.Outbox.After(w.ctx(), w.scope, 0, 0)
	noError(w.t, err)
	same(w.t, "no events", 0, len(none))
}

// testEventOnce appends again what is there: a saga has one event of each node.
func testEventOnce(w *world) {
	saga, other := stores.NewID(), stores.NewID()
	a, b, c := event(w.scope, saga), event(w.scope, saga), event(w.scope, saga)
	w.tell(a, b, a)
	again := b
	again.Type, again.Version = stores.NodeUpdated, 9
	w.tell(a, again, c)
	later := a
	later.Saga = other
	w.tell(later)
	w.tell(c, later)
	w.tells("events", a, b, c, later)
}

func testEventScopes(w *world) {
	var all []stores.Event
	for _, s := range lookalikes() {
		all = append(all, event(s, stores.NewID()))
	}
	w.tell(all...)
	for _, e := range all {
		w.in(e.Scope).tells("events of "+e.Scope.Key(), e)
	}
}

// testEventPrune keeps to a year of its own: Prune reaches every scope.
func testEventPrune(w *world) {
	before := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	var kept []stores.Event
	for _, at := range []time.Duration{time.Hour, -time.Hour, 0, -time.Microsecond} {
		e := event(w.scope, stores.NewID())
		e.At = before.Add(at)
		w.tell(e)
		if at >= 0 {
			kept = append(kept, e)
		}
	}
	last := w.told(0)[3].Position
	n, err := w.set.Outbox.Prune(w.ctx(), before)
	noError(w.t, err)
	if n < 2 {
		w.t.Errorf("pruned %d events, want at least 2", n)
	}
	w.tells("events that were kept", kept...)
	next := event(w.scope, stores.NewID())
	w.tell(next)
	if got := w.told(last); len(got) != 1 {
		w.t.Errorf("after the last of all, which was pruned, there are %d events, want 1", len(got))
	}
}

// testEventRace reads along while many transactions append, some of them slow: a reader that goes on from the last
// position misses nothing.
func testEventRace(w *world) {
	const rounds = 10
	done := make(chan error)
	go func() {
		done <- errors.Join(race(func(i int) error {
			for n := range rounds {
				err := w.appendSlowly(time.Duration((i*7+n*3)%5) * time.Millisecond)
				if err != nil {
					return err
				}
			}
			return nil
		})...)
	}()
	seen, last := map[int64]bool{}, int64(0)
	for running := true; running; {
		select {
		case err := <-done:
			noError(w.t, err)
			running = false
		default:
		}
		for _, e := range w.told(last) {
			seen[e.Position], last = true, e.Position
		}
	}
	all := w.told(0)
	if len(all) < writers*rounds*2 {
		w.t.Errorf("there are %d events, want %d", len(all), writers*rounds*2)
	}
	for _, e := range all {
		if !seen[e.Position] {
			w.t.Errorf("the event at %d came after those behind it were read", e.Position)
		}
	}
}

// appendSlowly appends two events in a transaction that goes on for a while.
func (w *world) appendSlowly(more time.Duration) error {
	if w.set.Journal == nil {
		return w.set.Outbox.Append(w.ctx(), []stores.Event{event(w.scope, stores.NewID()), event(w.scope, stores.NewID())})
	}
	return w.set.Journal.Atomic(w.ctx(), func(ctx context.Context) error {
		for range 2 {
			if err := w.set.Outbox.Append(ctx, []stores.Event{event(w.scope, stores.NewID())}); err != nil {
				return err
			}
		}
		time.Sleep(more)
		return nil
	})
}

// testEventCommit wants events of a part that was taken back to be taken back too, and the others to stay in order.
func testEventCommit(w *world) {
	if w.set.Journal == nil {
		return
	}
	sorry := errors.New("sorry")
	a, b, c := event(w.scope, stores.NewID()), event(w.scope, stores.NewID()), event(w.scope, stores.NewID())
	noError(w.t, w.set.Journal.Atomic(w.ctx(), func(ctx context.Context) error {
		events := []stores.Event{a}
		noError(w.t, w.set.Outbox.Append(ctx, events))
		events[0] = b // which is the caller's to change
		err := w.set.Journal.Atomic(ctx, func(ctx context.Context) error {
			noError(w.t, w.set.Outbox.Append(ctx, []stores.Event{b}))
			return sorry
		})
		refused(w.t, "an inner transaction", err, sorry)
		return w.set.Journal.Atomic(ctx, func(ctx context.Context) error { return w.set.Outbox.Append(ctx, []stores.Event{c}) })
	}))
	w.tells(fmt.Sprint("events without ", b.Node.ID), a, c)
}
