package storestest

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"thalamus/stores"
	"thalamus/stores/storestest/servers"
)

// Opener opens a backend at a URL, spelled as in the configuration.
type Opener func(ctx context.Context, url string) (*stores.Set, error)

// Faults asks what becomes of a backend whose server is killed, frozen, slow, cut off or not the configured one. It runs
// against a server of its own, where the role has a server under test at all.
//
// Every call ends within the deadline of its caller, with [stores.ErrUnavailable] or the end of the deadline; a
// configuration that cannot work is [stores.ErrInvalid]; and what was opened before works again when the server does.
func Faults(t *testing.T, role stores.Role, product servers.Product, open Opener) {
	Server(t, role)
	server, err := servers.Start(t.Context(), product)
	noError(t, err)
	t.Cleanup(func() { noError(t, server.Close()) })
	f := faults{server, open}
	t.Run("Misconfigured", f.misconfigured)
	t.Run("Killed", f.killed)
	t.Run("Frozen", f.frozen)
	t.Run("Cut", f.cut)
	t.Run("Slow", f.slow)
}

type faults struct {
	server *servers.Server
	open   Opener
}

const (
	ample = 2 * time.Minute        // a deadline that no call comes near when the server is known to be gone
	brief = 500 * time.Millisecond // a deadline that a silent server makes every call miss
	grace = time.Minute            // how much later a call may end than its deadline before it counts as hanging
)

// subjects are the contracts of an opened set, each with its calls and something stored in a scope that no call touches.
func (f faults) subjects(t *testing.T, at string) (*stores.Set, []subject) {
	t.Helper()
	set, err := f.open(t.Context(), at)
	noError(t, err)
	t.Cleanup(func() { _ = set.Close() }) // a server that is gone may be told so
	var all []subject
	add := func(has bool, of func(w *world) subject) {
		if has {
			all = append(all, of(newWorld(t, set)))
		}
	}
	add(set.Entities != nil, func(w *world) subject { return nounSubject(w, "Entities", entityNoun(set)) })
	add(set.Episodes != nil, func(w *world) subject { return nounSubject(w, "Episodes", episodeNoun(set)) })
	add(set.Procedures != nil, func(w *world) subject { return nounSubject(w, "Procedures", procedureNoun(set)) })
	add(set.Relationships != nil, func(w *world) subject { return nounSubject(w, "Relationships", relationshipNoun(set)) })
	add(set.EntityRecords != nil, func(w *world) subject { return nounSubject(w, "EntityRecords", entityRecordNoun(set)) })
	add(set.Profiles != nil, func(w *world) subject { return nounSubject(w, "Profiles", profileNoun(set)) })
	add(set.Todos != nil, func(w *world) subject { return nounSubject(w, "Todos", todoNoun(set)) })
	add(set.Vectors != nil, vectorsSubject)
	add(set.Cache != nil, func(w *world) subject {
		kept := shelf{w.in(newScope()), set.Cache}
		kept.keep("key", "value")
		return subject{titled("Cache", shelf{w, set.Cache}.calls()), func() { kept.holds("after the fault", "key", "value") }}
	})
	add(set.Locks != nil, func(w *world) subject {
		g := newGates(w)
		return subject{titled("Locks", g.calls(g.take("held"))), func() {}}
	})
	add(set.Bus != nil, func(w *world) subject { return subject{titled("Bus", newLine(w).calls()), func() {}} })
	for _, b := range set.Backends {
		all = append(all, subject{[]call{{"Ping", b.Backend.Ping}}, func() {}})
	}
	return set, all
}

// subject is a contract in the hands of these tests.
type subject struct {
	calls []call // all methods; the first of them only needs to be answered, whatever the others did
	kept  func() // wants what was stored before the fault to be there
}

func nounSubject[T any](w *world, name string, n noun[T]) subject {
	touched, untouched := bench[T]{w, n}, bench[T]{w.in(newScope()), n}
	item := untouched.stored(1)[0]
	return subject{titled(name, touched.calls(touched.stored(1)[0])), func() { untouched.holds(name+" after the fault", item) }}
}

func vectorsSubject(w *world) subject {
	bind(w.t, w.set)
	touched := newCloud(w)
	untouched := touched.at(newScope(), stores.CollectionTodos)
	points := untouched.filled(2)
	return subject{titled("Vectors", touched.calls(touched.filled(1)[0].ID)), func() {
		if got := untouched.get(ids(points)...); len(got) != len(points) {
			w.t.Errorf("after the fault %d of %d points are left", len(got), len(points))
		}
	}}
}

func titled(contract string, calls []call) []call {
	for i := range calls {
		calls[i].name = contract + "." + calls[i].name
	}
	return calls
}

// killed kills the server under calls, and starts it again.
func (f faults) killed(t *testing.T) {
	_, subjects := f.subjects(t, f.server.URL)
	until(t, subjects, f.server.Kill)
	unavailable(t, subjects, ample, stores.ErrUnavailable)
	noError(t, f.server.Restart(t.Context()))
	recovered(t, subjects)
}

// frozen has the server keep its connections and answer nothing.
func (f faults) frozen(t *testing.T) {
	_, subjects := f.subjects(t, f.server.URL)
	doomed, _ := f.subjects(t, f.server.URL)
	noError(t, f.server.Freeze())
	unavailable(t, subjects, brief, stores.ErrUnavailable, context.DeadlineExceeded)
	ends(t, "opening", brief, func(ctx context.Context) {
		if set, err := f.open(ctx, f.server.URL); err == nil {
			_ = set.Close()
			t.Error("a frozen server was opened")
		}
	})
	ends(t, "Close", 0, func(context.Context) { _ = doomed.Close() })
	noError(t, f.server.Thaw())
	recovered(t, subjects)
}

// cut breaks the connections under calls, then once more while nobody calls, so that those in pools are dead.
func (f faults) cut(t *testing.T) {
	proxy, err := f.server.Proxy()
	noError(t, err)
	defer proxy.Close()
	_, subjects := f.subjects(t, proxy.URL)
	until(t, subjects, proxy.Cut)
	unavailable(t, subjects, ample, stores.ErrUnavailable)
	noError(t, proxy.Mend())
	recovered(t, subjects)
	proxy.Cut()
	noError(t, proxy.Mend())
	recovered(t, subjects)
}

// slow has the server answer later than anybody waits.
func (f faults) slow(t *testing.T) {
	proxy, err := f.server.Proxy()
	noError(t, err)
	defer proxy.Close()
	_, subjects := f.subjects(t, proxy.URL)
	noError(t, proxy.Slow(ample))
	unavailable(t, subjects, brief, stores.ErrUnavailable, context.DeadlineExceeded)
	noError(t, proxy.Fast(t.Context()))
	recovered(t, subjects)
}

// misconfigured opens what cannot be opened.
func (f faults) misconfigured(t *testing.T) {
	const secret = "n0t-the-password"
	with := func(change func(*url.URL)) string {
		u, err := url.Parse(f.server.URL)
		noError(t, err)
		change(u)
		return u.String()
	}
	opens := func(name, at string, kinds ...error) {
		ends(t, name, ample, func(ctx context.Context) {
			set, err := f.open(ctx, at)
			if err == nil {
				_ = set.Close()
			}
			var told *stores.Error
			switch {
			case !is(err, kinds) || !errors.As(err, &told) || told.Message == "":
				t.Errorf("%s: %v; want one of %q, in words that say what to do", name, err, kinds)
			case strings.Contains(err.Error(), secret):
				t.Errorf("%s: the error holds the password: %v", name, err)
			}
		})
	}
	scheme, _, _ := strings.Cut(f.server.URL, ":")
	opens("nobody there", with(func(u *url.URL) { u.Host = "127.0.0.1:1" }), stores.ErrUnavailable)
	if scheme != "qdrant" { // the stand-in asks for no key
		wrong := with(func(u *url.URL) { u.User = url.UserPassword(cmp.Or(u.User.Username(), "nobody"), secret) })
		opens("wrong password", wrong, stores.ErrInvalid, stores.ErrUnavailable)
	}
	if database, ok := map[string]string{"neo4j": "nosuch", "redis": "99"}[scheme]; ok { // others are created, or have none
		opens("wrong database", with(func(u *url.URL) { u.Path = database }), stores.ErrInvalid, stores.ErrUnavailable)
	}
	f.otherDimension(t)
}

// is says whether an error is of one of the kinds.
func is(err error, kinds []error) bool {
	return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) })
}

// otherDimension binds an engine whose vectors have another length.
func (f faults) otherDimension(t *testing.T) {
	set, err := f.open(t.Context(), f.server.URL)
	noError(t, err)
	t.Cleanup(func() { noError(t, set.Close()) })
	if set.Vectors == nil {
		return
	}
	bind(t, set)
	other, err := f.open(t.Context(), f.server.URL)
	noError(t, err)
	t.Cleanup(func() { noError(t, other.Close()) })
	refused(t, "binding an embedder of another dimension", other.Vectors.Bind(t.Context(), stores.Model{Name: "other", Dimension: 8}), stores.ErrConflict)
}

// until makes all calls over and over, spoils the server when each has been made once, and returns when each has been refused.
func until(t *testing.T, subjects []subject, spoil func()) {
	t.Helper()
	var once, all sync.WaitGroup
	stop, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, s := range subjects {
		for _, c := range s.calls {
			once.Add(1)
			all.Go(func() {
				for first := true; stop.Err() == nil; first = false {
					ctx, done := context.WithTimeout(stop, ample)
					err := c.do(ctx)
					done()
					if first {
						once.Done()
					}
					if errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("%s took all its time instead of seeing that the server is gone", c.name)
					}
					if errors.Is(err, stores.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
						return
					}
					if err != nil && stop.Err() == nil && !known(err) {
						t.Errorf("%s under a fault: %v", c.name, err)
						return
					}
				}
			})
		}
	}
	over := make(chan struct{})
	go func() {
		once.Wait()
		spoil()
		all.Wait()
		close(over)
	}()
	select {
	case <-over:
	case <-time.After(2*ample + grace):
		t.Fatal("calls hang while the server is gone")
	}
}

// known says that an error is an answer of the store: other calls of these tests may have deleted or taken what it is about.
func known(err error) bool {
	return errors.Is(err, stores.ErrConflict) || errors.Is(err, stores.ErrNotFound)
}

// unavailable makes all calls at once, and wants each to fail in one of the given ways, within its deadline.
func unavailable(t *testing.T, subjects []subject, deadline time.Duration, kinds ...error) {
	t.Helper()
	var all sync.WaitGroup
	defer all.Wait()
	for _, s := range subjects {
		for _, c := range s.calls {
			all.Go(func() {
				ends(t, c.name, deadline, func(ctx context.Context) {
					if err := c.do(ctx); !is(err, kinds) {
						t.Errorf("%s with a server that does not answer: got error %v, want one of %q", c.name, err, kinds)
					}
				})
			})
		}
	}
}

// ends wants a call to be over by its deadline, or soon after; with a deadline of 0 it has none, and is over soon.
func ends(t *testing.T, name string, deadline time.Duration, do func(ctx context.Context)) {
	t.Helper()
	ctx, cancel := t.Context(), func() {}
	if deadline > 0 {
		ctx, cancel = context.WithTimeout(ctx, deadline)
	}
	defer cancel()
	over := make(chan struct{})
	go func() {
		defer close(over)
		do(ctx)
	}()
	select {
	case <-over:
	case <-time.After(deadline + grace):
		t.Errorf("%s hangs: it did not end within %s of its deadline", name, grace)
	}
}

// recovered wants every contract to be answered again, and to hold what it held.
func recovered(t *testing.T, subjects []subject) {
	t.Helper()
	for _, s := range subjects {
		c, limit := s.calls[0], time.Now().Add(2*ample)
		for {
			ctx, cancel := context.WithTimeout(t.Context(), ample)
			err := c.do(ctx)
			cancel()
			if err == nil || known(err) {
				break
			}
			if !errors.Is(err, stores.ErrUnavailable) || time.Now().After(limit) {
				t.Fatalf("%s does not recover: %v", c.name, err)
			}
			time.Sleep(50 * time.Millisecond)
		}
		s.kept()
	}
}
