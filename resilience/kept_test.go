package resilience_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"thalamus/resilience"
	"thalamus/stores"
)

// todoServer holds todos, and does what its hooks say.
type todoServer struct {
	stores.Todos
	local   bool // it is part of the process
	content string
	reading func() error // runs once the answer of a read is made
	writing func() error
}

func (s *todoServer) hook(run func() error) error {
	if run == nil {
		return nil
	}
	return run()
}

func (s *todoServer) ByID(_ context.Context, owner stores.Scope, ids []stores.ID, _ []stores.Field) (map[stores.ID]*stores.Todo, error) {
	out := map[stores.ID]*stores.Todo{}
	for _, id := range ids {
		if id != "nobody" {
			out[id] = &stores.Todo{ID: id, Scope: owner, Content: s.content}
		}
	}
	return out, s.hook(s.reading)
}

func (s *todoServer) List(_ context.Context, owner stores.Scope, q stores.Query) (stores.Slice[*stores.Todo], error) {
	if q.Page.First == 0 {
		return stores.Slice[*stores.Todo]{}, s.hook(s.reading)
	}
	return stores.Slice[*stores.Todo]{Items: []*stores.Todo{{ID: "a", Scope: owner, Content: s.content}}}, s.hook(s.reading)
}

func (s *todoServer) Put(context.Context, stores.Scope, []*stores.Todo) error {
	return s.hook(s.writing)
}

// embedded is a backend that is part of the process.
type embedded struct{ backend }

func (*embedded) Local() {}

// keeping puts a server of todos behind a guard that keeps its answers for a minute.
func keeping(s *todoServer, change func(*resilience.Settings)) *stores.Set {
	var b stores.Backend = &backend{name: "sql"}
	if s.local {
		b = &embedded{backend{name: "sql"}}
	}
	set := &stores.Set{Todos: s, Backends: []stores.Playing{{Role: stores.RoleRecords, Backend: b}}}
	guards := resilience.NewGuards(set, func(stores.Backend) []resilience.Middleware { return nil })
	settings := limits()
	settings.StaleLimit, settings.StaleMemory = time.Minute, 1<<20
	if change != nil {
		change(&settings)
	}
	guards.Protect(settings)
	set.Atomic = func(ctx context.Context, fn func(context.Context) error) error { return fn(ctx) }
	return resilience.Wrap(set, guards)
}

var (
	mine  = stores.NewScope("me", "", "")
	yours = stores.NewScope("you", "", "")
)

// list reads one page, for a caller who takes earlier answers, and says how it fared.
func list(t *testing.T, set *stores.Set, first int) string {
	return listIn(t.Context(), set, mine, first)
}

func listIn(ctx context.Context, set *stores.Set, s stores.Scope, first int) string {
	ctx, d := resilience.WithDegraded(resilience.WithPath(ctx, "todos", "also/here"))
	page, err := set.Todos.List(ctx, s, stores.Query{Page: stores.Page{First: first}})
	report := d.Report(time.Now())
	switch {
	case err != nil && report == nil:
		return "error without report"
	case err != nil:
		return string(report.Status)
	case report == nil:
		return "live " + page.Items[0].Content
	}
	return fmt.Sprintf("%s %s %ds %s", report.Status, page.Items[0].Content, report.Fields[0].AgeMs/1000, report.Fields[1].Path[0])
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// TestKeptAnswers wants the latest answer of the same question in the same scope, up to its limit.
func TestKeptAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &todoServer{content: "first"}
		set := keeping(s, func(s *resilience.Settings) { s.Open = time.Millisecond })
		expect(t, "at first", list(t, set, 1), "live first")
		time.Sleep(10 * time.Second)
		s.content = "second"
		expect(t, "then", list(t, set, 1), "live second")
		s.reading = func() error { return broken }
		time.Sleep(59 * time.Second)
		expect(t, "down", list(t, set, 1), "stale second 59s todos")
		expect(t, "another question", list(t, set, 2), "partial")
		expect(t, "another scope", listIn(t.Context(), set, yours, 1), "partial")
		expect(t, "strongly", listIn(stores.Strong(t.Context()), set, mine, 1), "partial")
		if _, err := set.Todos.List(t.Context(), mine, stores.Query{Page: stores.Page{First: 1}}); err == nil {
			t.Error("a caller who did not ask for it has an earlier answer")
		}
		time.Sleep(2 * time.Second)
		expect(t, "too old", list(t, set, 1), "partial")
	})
}

// TestNotKept is what must not stand in: what says that there is nothing, what was read strongly or in a transaction, the
// answers of a store that is part of the process, and all of them when it is turned off.
func TestNotKept(t *testing.T) {
	for name, c := range map[string]struct {
		settings func(*resilience.Settings)
		read     func(*testing.T, *stores.Set)
		first    int
	}{
		"nothing there": {nil, func(t *testing.T, set *stores.Set) {
			ctx, _ := resilience.WithDegraded(t.Context())
			_, _ = set.Todos.List(ctx, mine, stores.Query{})
		}, 0},
		"strong": {nil, func(t *testing.T, set *stores.Set) { listIn(stores.Strong(t.Context()), set, mine, 1) }, 1},
		"plain": {nil, func(t *testing.T, set *stores.Set) {
			_, _ = set.Todos.List(t.Context(), mine, stores.Query{Page: stores.Page{First: 1}})
		}, 1},
		"transaction": {nil, func(t *testing.T, set *stores.Set) {
			_ = set.Atomic(t.Context(), func(ctx context.Context) error { listIn(ctx, set, mine, 1); return nil })
		}, 1},
		"turned off": {func(s *resilience.Settings) { s.StaleLimit = 0 }, func(t *testing.T, set *stores.Set) { list(t, set, 1) }, 1},
		"no room":    {func(s *resilience.Settings) { s.StaleMemory = 100 }, func(t *testing.T, set *stores.Set) { list(t, set, 1) }, 1},
		"embedded":   {nil, func(t *testing.T, set *stores.Set) { list(t, set, 1) }, 1},
	} {
		s := &todoServer{content: "x", local: name == "embedded"}
		set := keeping(s, c.settings)
		c.read(t, set)
		s.reading = func() error { return broken }
		expect(t, name, list(t, set, c.first), "partial")
	}
}

// TestWritesEndWhatWasKept, whatever becomes of them, also for a read that was under way.
func TestWritesEndWhatWasKept(t *testing.T) {
	put := func(ctx context.Context, set *stores.Set) { _ = set.Todos.Put(ctx, mine, nil) }
	for name, outcome := range map[string]error{"done": nil, "failed": broken, "refused": stores.ErrConflict} {
		s := &todoServer{content: "old", writing: func() error { return outcome }}
		set := keeping(s, nil)
		list(t, set, 1)
		listIn(t.Context(), set, yours, 1)
		put(t.Context(), set)
		s.reading = func() error { return broken }
		expect(t, name, list(t, set, 1), "partial")
		if got := listIn(t.Context(), set, yours, 1); !strings.HasPrefix(got, "stale") {
			t.Errorf("%s: another scope: %s", name, got)
		}
	}
	s := &todoServer{content: "old"}
	set := keeping(s, nil)
	s.reading = func() error { put(t.Context(), set); return nil }
	expect(t, "meanwhile", list(t, set, 1), "live old")
	s.reading = func() error { return broken }
	expect(t, "after a read that met a write", list(t, set, 1), "partial")
}

// TestKeysAreKeptOneByOne wants any combination of known keys, and no answer when one is not known; fields are a set.
func TestKeysAreKeptOneByOne(t *testing.T) {
	s := &todoServer{content: "x"}
	set := keeping(s, nil)
	ctx, _ := resilience.WithDegraded(t.Context())
	byID := func(fields []stores.Field, ids ...stores.ID) (int, error) {
		found, err := set.Todos.ByID(ctx, mine, ids, fields)
		return len(found), err
	}
	ab := []stores.Field{"content", "reason"}
	_, _ = byID(ab, "a", "nobody")
	_, _ = byID(ab, "b")
	s.reading = func() error { return broken }
	for _, c := range []struct {
		fields []stores.Field
		ids    []stores.ID
		want   int
		ok     bool
	}{
		{ab, []stores.ID{"b", "a"}, 2, true}, {[]stores.Field{"reason", "content", "reason"}, []stores.ID{"a"}, 1, true},
		{ab, []stores.ID{"nobody", "b"}, 1, true}, {ab, []stores.ID{"nobody"}, 0, false}, {ab, []stores.ID{"a", "c"}, 0, false},
		{nil, []stores.ID{"a"}, 0, false}, {ab[:1], []stores.ID{"a"}, 0, false}, {ab, nil, 0, false},
	} {
		if n, err := byID(c.fields, c.ids...); err == nil != c.ok || c.ok && n != c.want {
			t.Errorf("%v of %v: %d, %v", c.fields, c.ids, n, err)
		}
	}
}

// TestKeptIsBounded wants what was kept for longest to make room.
func TestKeptIsBounded(t *testing.T) {
	s := &todoServer{content: strings.Repeat("x", 10_000)}
	set := keeping(s, func(s *resilience.Settings) { s.StaleMemory = 100_000 })
	for n := range 50 {
		list(t, set, n+1)
	}
	s.reading = func() error { return broken }
	kept := 0
	for n := range 50 {
		stale := strings.HasPrefix(list(t, set, n+1), "stale")
		if stale {
			kept++
		}
		if stale != (n >= 50-kept) && n == 49 {
			t.Errorf("the latest answer is gone")
		}
	}
	if kept < 5 || kept > 9 {
		t.Errorf("%d answers of 10 kB are kept in 100 kB", kept)
	}
}

// TestSourcesSayWhatIsWrong with them.
func TestSourcesSayWhatIsWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &todoServer{}
		set := keeping(s, nil)
		state := func() resilience.DegradedSource {
			ctx, d := resilience.WithDegraded(t.Context())
			_, _ = set.Todos.Count(ctx, mine, stores.Filter{})
			return d.Report(time.Now()).Sources[0]
		}
		slow := true
		s.Todos = counting(func(ctx context.Context) error {
			if slow {
				<-ctx.Done()
				return ctx.Err()
			}
			return broken
		})
		if got := state(); got != (resilience.DegradedSource{Name: "records", State: resilience.SourceSlow}) {
			t.Errorf("%+v", got)
		}
		slow = false
		if got := state(); got != (resilience.DegradedSource{Name: "records", State: resilience.SourceDown}) {
			t.Errorf("%+v", got)
		}
		for range 5 {
			state()
		}
		time.Sleep(4 * time.Second)
		if got := state(); got.State != resilience.SourceOpen || got.RetryAfterMs < 5000 || got.RetryAfterMs > 6000 {
			t.Errorf("%+v", got)
		}
	})
}

// counting is a server of todos that only counts.
func counting(do func(context.Context) error) stores.Todos { return &counter{do: do} }

type counter struct {
	stores.Todos
	do func(context.Context) error
}

func (c *counter) Count(ctx context.Context, _ stores.Scope, _ stores.Filter) (int, error) {
	return 0, c.do(ctx)
}

// BenchmarkKeeping reads a page with and without keeping it.
func BenchmarkKeeping(b *testing.B) {
	for name, limit := range map[string]time.Duration{"off": 0, "on": time.Minute} {
		b.Run(name, func(b *testing.B) {
			set := keeping(&todoServer{content: "x"}, func(s *resilience.Settings) { s.StaleLimit = limit })
			ids := make([]stores.ID, 50)
			for i := range ids {
				ids[i] = stores.NewID()
			}
			ctx, _ := resilience.WithDegraded(b.Context())
			for b.Loop() {
				if _, err := set.Todos.ByID(ctx, mine, ids, []stores.Field{"content"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestGatewaysTellEachOther of their writes over the bus they share.
func TestGatewaysTellEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		wire := &sharedBus{}
		gateway := func() (*stores.Set, *todoServer) {
			s := &todoServer{content: "x"}
			set := &stores.Set{Todos: s, Bus: wire, Backends: []stores.Playing{
				{Role: stores.RoleRecords, Backend: &backend{name: "sql"}}, {Role: stores.RoleCache, Backend: &backend{name: "cache"}},
			}}
			guards := resilience.NewGuards(set, func(stores.Backend) []resilience.Middleware { return nil })
			settings := limits()
			settings.StaleLimit, settings.StaleMemory = time.Minute, 1<<20
			guards.Protect(settings)
			set = resilience.Wrap(set, guards)
			if err := guards.Announce(ctx, set.Bus); err != nil {
				t.Fatal(err)
			}
			return set, s
		}
		one, _ := gateway()
		other, server := gateway()
		fill := func() {
			server.reading = nil
			time.Sleep(time.Minute) // until the breaker is closed again
			for range 3 {
				list(t, other, 1)
			}
			listIn(t.Context(), other, yours, 1)
			server.reading = func() error { return broken }
		}
		look := func(what, my, your string) {
			t.Helper()
			synctest.Wait()
			time.Sleep(time.Microsecond)
			expect(t, what+", written", list(t, other, 1)[:4], my[:4])
			expect(t, what+", not written", listIn(t.Context(), other, yours, 1)[:4], your[:4])
		}
		fill()
		look("before", "stale", "stale")
		fill()
		_ = one.Todos.Put(t.Context(), mine, nil)
		look("a write", "partial", "stale")
		fill()
		wire.deliver(stores.Message{Missed: true})
		look("something was missed", "partial", "partial")
		fill()
		wire.held = true
		for range 1000 {
			_ = one.Todos.Put(t.Context(), mine, nil)
		}
		wire.release()
		look("more than can wait", "partial", "partial")
		fill()
		wire.err = broken
		_ = one.Todos.Put(t.Context(), mine, nil)
		look("a bus that is down", "stale", "stale")
	})
}

// sharedBus delivers what is published to everybody, unless it is held or broken.
type sharedBus struct {
	mu    sync.Mutex
	feeds []*stores.Feed
	held  bool
	freed chan struct{}
	err   error
}

func (b *sharedBus) Publish(_ context.Context, topic string, payload []byte) error {
	b.mu.Lock()
	if b.held && b.freed == nil {
		b.freed = make(chan struct{})
	}
	freed := b.freed
	b.mu.Unlock()
	if freed != nil {
		<-freed
	}
	if b.err == nil {
		b.deliver(stores.Message{Topic: topic, Payload: payload})
	}
	return b.err
}

func (b *sharedBus) release() {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.freed)
	b.held, b.freed = false, nil
}

func (b *sharedBus) deliver(m stores.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, feed := range b.feeds {
		feed.Put(m)
	}
}

func (b *sharedBus) Subscribe(ctx context.Context, _ []string) (<-chan stores.Message, error) {
	feed := stores.NewFeed()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.feeds = append(b.feeds, feed)
	go feed.Deliver(ctx)
	return feed.Messages(), nil
}
