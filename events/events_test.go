package events_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"thalamus/events"
	"thalamus/resilience"
	"thalamus/stores"
	"thalamus/stores/inprocess"
	"thalamus/stores/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// outbox opens an empty one.
func outbox(t *testing.T) stores.Outbox {
	t.Helper()
	db, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db.Outbox()
}

func hub(o stores.Outbox, options events.Options) *events.Hub {
	if options.Poll == 0 {
		options.Poll = time.Hour // who misses a commit waits for long
	}
	return events.New(&stores.Set{Outbox: o}, options)
}

var alice, bob = stores.NewScope("alice", "", ""), stores.NewScope("bob", "", "")

func event(s stores.Scope, kind stores.Kind) stores.Event {
	return stores.Event{Scope: s, Saga: stores.NewID(), Type: stores.NodeCreated, Node: stores.Ref{Kind: kind, ID: stores.NewID()}, Version: 1, At: stores.Now()}
}

func write(t *testing.T, o stores.Outbox, all ...stores.Event) {
	t.Helper()
	if err := o.Append(context.WithoutCancel(t.Context()), all); err != nil {
		t.Error(err)
	}
}

// reader is a subscriber that comes and goes.
type reader struct {
	hub    *events.Hub
	scope  stores.Scope
	filter events.Filter
	at     *events.Place // where it has got to; nil before the first time
	nodes  []stores.ID
	gaps   []events.Gap
	caught int
}

var errEnough = errors.New("enough")

// read reads until enough says so of the last item.
func (r *reader) read(t *testing.T, enough func(events.Item) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := r.hub.Subscribe(ctx, r.scope, r.at, r.filter)
	if err != nil {
		t.Error(err)
		return
	}
	last := r.at
	err = s.Run(ctx, func(i events.Item) error {
		if last != nil && i.Previous != *last {
			t.Errorf("an item follows %v, and the one before it was at %v", i.Previous, *last)
		}
		last, r.at = &i.Place, &i.Place
		switch {
		case i.Event != nil:
			r.nodes = append(r.nodes, i.Event.Node.ID)
		case i.Gap != nil:
			r.gaps = append(r.gaps, *i.Gap)
		case i.CaughtUp:
			r.caught++
		}
		if enough(i) {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Errorf("the subscription ended with %v after %d events", err, len(r.nodes))
	}
}

// until is when a reader has so many events.
func (r *reader) until(n int) func(events.Item) bool {
	return func(events.Item) bool { return len(r.nodes) >= n }
}

// TestNothingIsMissed has subscribers come and go while others write, with little memory, so that they read from everywhere:
// each is told every event of its scope once, in order.
func TestNothingIsMissed(t *testing.T) {
	const readers, writers, each = 8, 4, 150
	o := outbox(t)
	h := hub(o, events.Options{Recent: 16})
	zero := events.Place{}
	var all sync.WaitGroup
	told := make([]*reader, readers)
	for i := range told {
		r := &reader{hub: h, scope: alice, at: &zero}
		told[i] = r
		dice := rand.New(rand.NewPCG(1, uint64(i)))
		all.Go(func() {
			for len(r.nodes) < writers*each {
				r.read(t, r.until(min(len(r.nodes)+1+dice.IntN(100), writers*each)))
			}
		})
	}
	for range writers {
		all.Go(func() {
			for range each {
				write(t, o, event(alice, stores.KindTodo), event(bob, stores.KindTodo))
			}
		})
	}
	all.Wait()
	want, err := o.After(t.Context(), alice, 0, 10_000)
	if err != nil || len(want) != writers*each {
		t.Fatalf("%d events, %v", len(want), err)
	}
	for i, r := range told {
		if !slices.EqualFunc(r.nodes, want, func(id stores.ID, e stores.Event) bool { return id == e.Node.ID }) {
			t.Errorf("reader %d was told something else", i)
		}
	}
}

// TestCaughtUp comes after what was there, and at once for who wants nothing of before.
func TestCaughtUp(t *testing.T) {
	o := outbox(t)
	h := hub(o, events.Options{})
	write(t, o, event(alice, stores.KindTodo), event(bob, stores.KindTodo), event(alice, stores.KindTodo), event(bob, stores.KindTodo))
	zero := events.Place{}
	for _, c := range []struct {
		after *events.Place
		scope stores.Scope
		want  int
		at    int64 // of the scope's own events, whatever others write
	}{{&zero, alice, 2, 3}, {nil, alice, 0, 3}, {&zero, stores.NewScope("nobody", "", ""), 0, 0}} {
		r := &reader{hub: h, scope: c.scope, at: c.after}
		r.read(t, func(i events.Item) bool { return i.CaughtUp })
		if at := r.at.Position; len(r.nodes) != c.want || at != c.at {
			t.Errorf("%d events up to %d, want %d up to %d", len(r.nodes), at, c.want, c.at)
		}
	}
}

// TestGaps tells that events are missing, goes on with what is new, and knows a place that there never was.
func TestGaps(t *testing.T) {
	o := outbox(t)
	h := hub(o, events.Options{})
	old, young := event(alice, stores.KindTodo), event(alice, stores.KindTodo)
	old.At = stores.Now().Add(-time.Hour)
	write(t, o, old)
	older := event(alice, stores.KindTodo)
	older.At = old.At
	write(t, o, older)
	write(t, o, young)
	if _, err := o.Prune(t.Context(), stores.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	end := place(t, h, alice)
	for _, c := range []struct {
		what  string
		after events.Place
		lost  bool
	}{
		{"behind what was pruned", events.Place{Position: 1, Mark: 7}, false},
		{"before all of it", events.Place{}, false},
		{"ahead of all", events.Place{Position: 99, Mark: 7}, true},
		{"behind another event of this position", events.Place{Position: 3, Mark: 7}, true},
	} {
		r := &reader{hub: h, scope: alice, at: &c.after}
		r.read(t, func(i events.Item) bool { return i.CaughtUp })
		if want := (events.Gap{From: c.after, To: end, Lost: c.lost}); !slices.Equal(r.gaps, []events.Gap{want}) || len(r.nodes) != 0 {
			t.Errorf("%s: gaps %+v, events %v", c.what, r.gaps, r.nodes)
		}
	}
}

// TestQuietScopes have no gap when the events of others are pruned, nor a second one when they come back after the first.
func TestQuietScopes(t *testing.T) {
	o := outbox(t)
	h := hub(o, events.Options{})
	past := func(s stores.Scope) stores.Event {
		e := event(s, stores.KindTodo)
		e.At = stores.Now().Add(-time.Hour)
		return e
	}
	first := past(alice)
	write(t, o, first)
	missed := place(t, h, alice)
	write(t, o, past(alice), past(bob), past(bob))
	quiet := place(t, h, alice)
	if n, err := o.Prune(t.Context(), stores.Now()); err != nil || n != 2 {
		t.Fatalf("pruned %d, want one of each scope: %v", n, err)
	}
	r := &reader{hub: h, scope: alice, at: &missed}
	for range 2 {
		r.read(t, func(i events.Item) bool { return i.CaughtUp })
	}
	if len(r.gaps) != 1 {
		t.Errorf("gaps %+v, want one", r.gaps)
	}
	for what, r := range map[string]*reader{
		"at the latest":  {hub: h, scope: alice, at: &quiet},
		"from now":       {hub: h, scope: alice},
		"a new scope":    {hub: h, scope: stores.NewScope("nobody", "", "")},
		"from the first": {hub: h, scope: stores.NewScope("newcomer", "", ""), at: &events.Place{}},
	} {
		r.read(t, func(i events.Item) bool {
			if i.CaughtUp {
				write(t, o, event(r.scope, stores.KindTodo))
			}
			return i.Event != nil
		})
		if len(r.gaps) > 0 || len(r.nodes) != 1 {
			t.Errorf("%s: gaps %+v, events %v", what, r.gaps, r.nodes)
		}
	}
}

// place is where a subscription to a scope begins now.
func place(t *testing.T, h *events.Hub, s stores.Scope) events.Place {
	t.Helper()
	r := &reader{hub: h, scope: s}
	r.read(t, func(i events.Item) bool { return i.CaughtUp })
	return *r.at
}

// TestFilters tells what is wanted.
func TestFilters(t *testing.T) {
	o := outbox(t)
	h := hub(o, events.Options{})
	todo, episode, saga := event(alice, stores.KindTodo), event(alice, stores.KindEpisode), event(alice, stores.KindSaga)
	episode.Type = stores.NodeForgotten
	saga.Type, saga.State, saga.Node.ID = stores.SagaMoved, stores.SagaQueued, saga.Saga
	write(t, o, todo, episode, saga)
	zero := events.Place{}
	for _, c := range []struct {
		filter events.Filter
		want   []stores.Event
	}{
		{events.Filter{}, []stores.Event{todo, episode, saga}},
		{events.Filter{Types: []stores.EventType{stores.NodeCreated}}, []stores.Event{todo}},
		{events.Filter{Types: []stores.EventType{events.BackendMoved}}, nil},
		{events.Filter{Kinds: []stores.Kind{stores.KindEpisode}}, []stores.Event{episode}},
		{events.Filter{Kinds: []stores.Kind{stores.KindEpisode}, Types: []stores.EventType{stores.SagaMoved, stores.NodeCreated}}, []stores.Event{saga}},
		{events.Filter{IDs: []stores.ID{saga.Saga, todo.Node.ID}}, []stores.Event{todo, saga}},
	} {
		r := &reader{hub: h, scope: alice, filter: c.filter, at: &zero}
		r.read(t, func(i events.Item) bool { return i.CaughtUp })
		if !slices.EqualFunc(r.nodes, c.want, func(id stores.ID, e stores.Event) bool { return id == e.Node.ID }) {
			t.Errorf("%+v: %v", c.filter, r.nodes)
		}
	}
}

// TestOtherGateways hear of each other's commits: at once over a bus, and without one by looking.
func TestOtherGateways(t *testing.T) {
	for name, shared := range map[string]bool{"Bus": true, "NoBus": false} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			cache := inprocess.New(0)
			t.Cleanup(func() { _ = cache.Close() })
			o, bus := outbox(t), cache.Bus()
			options := events.Options{Poll: time.Hour}
			if !shared {
				options.Poll = time.Millisecond
			}
			here := events.New(&stores.Set{Outbox: deaf{o}, Bus: bus}, options)
			there := events.New(&stores.Set{Outbox: o, Bus: bus}, options)
			if shared {
				for _, h := range []*events.Hub{here, there} {
					if err := h.Share(ctx); err != nil {
						t.Fatal(err)
					}
				}
			}
			r := &reader{hub: here, scope: alice}
			r.read(t, func(i events.Item) bool {
				if i.CaughtUp {
					write(t, o, event(alice, stores.KindTodo))
				}
				return i.Event != nil
			})
		})
	}
}

// deaf is an outbox that says nothing of commits, as that of another process.
type deaf struct{ stores.Outbox }

func (deaf) Notify(func(stores.Scope)) {}

// TestOutages are waited for: nothing is lost.
func TestOutages(t *testing.T) {
	o := &flaky{Outbox: outbox(t)}
	h := hub(o, events.Options{Poll: time.Millisecond, Recent: 4})
	zero := events.Place{}
	r := &reader{hub: h, scope: alice, at: &zero}
	for range 10 {
		write(t, o, event(alice, stores.KindTodo))
	}
	var all sync.WaitGroup
	all.Go(func() {
		for range 90 {
			write(t, o, event(alice, stores.KindTodo))
		}
	})
	r.read(t, r.until(100))
	all.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed == 0 {
		t.Error("nothing failed")
	}
}

// flaky is an outbox of which each second reading fails.
type flaky struct {
	stores.Outbox
	mu     sync.Mutex
	asked  int
	failed int
}

func (f *flaky) After(ctx context.Context, s stores.Scope, position int64, limit int) ([]stores.Event, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.asked++; f.asked%2 == 0 {
		f.failed++
		return nil, stores.Unavailable("x", errors.New("down"))
	}
	return f.Outbox.After(ctx, s, position, limit)
}

// TestBackends tells who wants to know of breakers, and nobody else.
func TestBackends(t *testing.T) {
	o := outbox(t)
	changes := make(chan resilience.Change, 1)
	h := hub(o, events.Options{Changes: func(context.Context) <-chan resilience.Change { return changes }})
	changes <- resilience.Change{Backend: "neo4j", Breaker: resilience.BreakerOpen, At: stores.Now()}
	r := &reader{hub: h, scope: alice, filter: events.Filter{Kinds: []stores.Kind{stores.KindTodo}}}
	r.read(t, func(i events.Item) bool {
		if i.CaughtUp {
			write(t, o, event(alice, stores.KindTodo))
		}
		return i.Event != nil
	})
	r = &reader{hub: h, scope: alice}
	r.read(t, func(i events.Item) bool { return i.Change != nil && i.Change.Backend == "neo4j" })
}

// TestReadsAreShared counts how often the outbox is asked for what many subscribers of a scope are told.
func TestReadsAreShared(t *testing.T) {
	const readers, writes = 50, 20
	o := &counting{Outbox: outbox(t)}
	h := hub(o, events.Options{})
	var all, ready sync.WaitGroup
	ready.Add(readers)
	for range readers {
		r := &reader{hub: h, scope: alice}
		all.Go(func() {
			r.read(t, func(i events.Item) bool {
				if i.CaughtUp {
					ready.Done()
				}
				return len(r.nodes) == writes
			})
		})
	}
	ready.Wait()
	before := o.count()
	for range writes {
		write(t, o, event(alice, stores.KindTodo))
	}
	all.Wait()
	if n := o.count() - before; n > 2*writes {
		t.Errorf("%d readings for %d writes and %d subscribers", n, writes, readers)
	}
}

type counting struct {
	stores.Outbox
	mu sync.Mutex
	n  int
}

func (c *counting) After(ctx context.Context, s stores.Scope, position int64, limit int) ([]stores.Event, error) {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return c.Outbox.After(ctx, s, position, limit)
}

func (c *counting) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// BenchmarkFanOut is how long an event takes to all subscribers of a scope.
func BenchmarkFanOut(b *testing.B) {
	for _, readers := range []int{1, 100} {
		b.Run(fmt.Sprint(readers, "subscribers"), func(b *testing.B) { benchmarkFanOut(b, readers) })
	}
}

func benchmarkFanOut(b *testing.B, readers int) {
	db, err := sqlite.Open(b.Context(), b.TempDir(), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it is in a temporary directory
	o := db.Outbox()
	h := events.New(&stores.Set{Outbox: o}, events.Options{Poll: time.Hour})
	ctx, cancel := context.WithCancel(b.Context())
	var all, told sync.WaitGroup
	told.Add(readers)
	for range readers {
		s, err := h.Subscribe(ctx, alice, nil, events.Filter{})
		if err != nil {
			b.Fatal(err)
		}
		all.Go(func() { _ = s.Run(ctx, func(events.Item) error { told.Done(); return nil }) })
	}
	told.Wait()
	for b.Loop() {
		told.Add(readers)
		if err := o.Append(ctx, []stores.Event{event(alice, stores.KindTodo)}); err != nil {
			b.Fatal(err)
		}
		told.Wait()
	}
	cancel()
	all.Wait()
}
