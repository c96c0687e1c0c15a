package storestest

import (
	"context"
	"errors"
	"fmt"
	"sync"
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
	s.run("Saga", testEventSaga)
	s.run("Scopes", testEventScopes)
	s.run("Prune", testEventPrune)
	s.run("Extent", testEventExtent)
	s.run("Notify", testEventNotify)
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
		{"Latest", ask(func(ctx context.Context) (*stores.Event, error) { return c.Latest(ctx, s) })},
		{"Extent", ask(func(ctx context.Context) (stores.Extent, error) { return c.Extent(ctx) })},
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
	latest, err := w.set.Outbox.Latest(w.ctx(), w.scope)
	noError(w.t, err)
	same(w.t, "the latest event of an empty scope", true, latest == nil)
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
	latest, err := w.set.Outbox.Latest(w.ctx(), w.scope)
	noError(w.t, err)
	same(w.t, "the latest event", &all[len(all)-1], latest)
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

// testEventSaga wants an event of a saga about itself for each state that it comes into, and each time it does.
func testEventSaga(w *world) {
	saga := stores.NewID()
	moved := func(state stores.SagaState, version int) stores.Event {
		return stores.Event{
			Scope: w.scope, Saga: saga, Type: stores.SagaMoved, Node: stores.Ref{Kind: stores.KindSaga, ID: saga}, State: state, Version: version, At: w.instant(),
		}
	}
	queued, again, done := moved(stores.SagaQueued, 1), moved(stores.SagaQueued, 2), moved(stores.SagaCommitted, 2)
	w.tell(queued)
	w.tell(again, done)
	w.tell(queued, done)
	w.tells("events of a saga about itself", queued, again, done)
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
	for i, at := range []time.Duration{time.Hour, -time.Hour, 0, -time.Microsecond, time.Hour} {
		e := event(w.scope, stores.NewID())
		e.At = before.Add(at)
		w.tell(e)
		if i >= 3 {
			kept = append(kept, e)
		}
	}
	there := w.told(0)
	if x := w.extent(); x.After >= there[0].Position {
		w.t.Errorf("before any was pruned the extent is %+v, with an event at %d", x, there[0].Position)
	}
	n, err := w.set.Outbox.Prune(w.ctx(), before)
	noError(w.t, err)
	if n < 3 {
		w.t.Errorf("pruned %d events, want at least 3", n)
	}
	if x := w.extent(); x.After < there[2].Position || x.End < there[4].Position {
		w.t.Errorf("the event at %d was pruned, and the extent is %+v", there[2].Position, x)
	}
	w.tells("the latest of those that were old, and what came after it", kept...)
	next := event(w.scope, stores.NewID())
	w.tell(next)
	_, err = w.set.Outbox.Prune(w.ctx(), before)
	noError(w.t, err)
	w.tells("the same, when there is nothing more that is old", append(kept, next)...)
}

// testEventExtent shares its outbox with others, so positions may have risen meanwhile.
func testEventExtent(w *world) {
	begin := w.extent()
	w.tell(event(w.scope, stores.NewID()))
	at := w.told(0)[0].Position
	if x := w.extent(); at <= begin.End || x.End < at {
		w.t.Errorf("an event at %d after %+v makes the extent %+v", at, begin, x)
	}
}

func (w *world) extent() stores.Extent {
	w.t.Helper()
	x, err := w.set.Outbox.Extent(w.ctx())
	noError(w.t, err)
	return x
}

// testEventNotify wants to hear of what is committed, once it can be read, and of nothing else.
func testEventNotify(w *world) {
	var mu sync.Mutex
	heard := 0
	w.set.Outbox.Notify(func(s stores.Scope) {
		mu.Lock()
		defer mu.Unlock()
		if s == w.scope {
			heard++
		}
	})
	hears := func(what string, want int) {
		w.t.Helper()
		mu.Lock()
		defer mu.Unlock()
		same(w.t, what, want, heard)
	}
	w.tell(event(w.scope, stores.NewID()), event(w.scope, stores.NewID()))
	hears("after two events", 1)
	w.tell(event(stores.NewScope("somebody else", string(stores.NewID()), ""), stores.NewID()))
	hears("after an event of another scope", 1)
	if w.set.Journal == nil {
		return
	}
	sorry := errors.New("sorry")
	for i, end := range []error{nil, sorry} {
		err := w.set.Journal.Atomic(w.ctx(), func(ctx context.Context) error {
			noError(w.t, w.set.Outbox.Append(ctx, []stores.Event{event(w.scope, stores.NewID())}))
			hears("before the end", 1+i)
			return end
		})
		if !errors.Is(err, end) {
			w.t.Error(err)
		}
	}
	hears("after a commit and one that was taken back", 2)
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
