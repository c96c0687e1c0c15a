package storestest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"thalamus/stores"
)

// Locks asks whether a backend keeps the contract of [stores.Locks].
func Locks(t *testing.T, open func(testing.TB) *stores.Set) {
	s := suite{t, open(t)}
	run := func(name string, fn func(gates)) {
		s.run(name, func(w *world) { fn(newGates(w)) })
	}
	run("Exclusive", testLocksExclusive)
	run("OneWinner", testLocksOneWinner)
	run("Exclusion", testLocksExclusion)
	run("Expiry", testLocksExpiry)
	run("Waiting", testLocksWaiting)
	run("WaitingInVain", testLocksWaitingInVain)
	run("Renew", testLocksRenew)
	run("Fence", testLocksFence)
	run("Tokens", testLocksTokens)
	run("Names", testLocksNames)
	run("Refusals", testLocksRefusals)
	run("Interrupted", testLocksInterrupted)
	closed(t, open, func(w *world) []call {
		g := newGates(w)
		return g.calls(g.take("held"))
	})
	t.Run("CloseEndsWaiting", func(t *testing.T) { testLocksCloseEndsWaiting(t, open) })
}

// gates are locks in a world, under names nobody else has.
type gates struct {
	*world
	stores.Locks
	prefix string
}

func newGates(w *world) gates { return gates{w, w.set.Locks, string(stores.NewID()) + " "} }

// patience is longer than any lock is held in a test that waits for one.
const patience = 30 * time.Second

func (g gates) acquire(name string, ttl, wait time.Duration) stores.Lock {
	g.t.Helper()
	l, err := g.Acquire(g.ctx(), g.prefix+name, ttl, wait)
	noError(g.t, err)
	return l
}

// take gets a lock that is free, for longer than a test runs.
func (g gates) take(name string) stores.Lock {
	g.t.Helper()
	return g.acquire(name, time.Hour, 0)
}

// busy wants a lock to be held by somebody.
func (g gates) busy(what, name string) {
	g.t.Helper()
	l, err := g.Acquire(g.ctx(), g.prefix+name, time.Hour, 0)
	if !errors.Is(err, stores.ErrConflict) || errors.Is(err, stores.ErrUnavailable) || l != (stores.Lock{}) {
		g.t.Errorf("%s: the lock %q gave %v and %v, want only a conflict", what, name, l, err)
	}
}

func (g gates) release(what string, l stores.Lock, held bool) {
	g.t.Helper()
	was, err := g.Release(g.ctx(), l)
	noError(g.t, err)
	same(g.t, what+": was held", held, was)
}

func (g gates) calls(held stores.Lock) []call {
	return []call{
		{"Acquire", ask(func(ctx context.Context) (stores.Lock, error) {
			return g.Acquire(ctx, g.prefix+"fresh", time.Hour, 0)
		})},
		{"Acquire with patience", ask(func(ctx context.Context) (stores.Lock, error) {
			return g.Acquire(ctx, held.Name, time.Hour, patience)
		})},
		{"Renew", ask(func(ctx context.Context) (stores.Lock, error) { return g.Renew(ctx, held, time.Millisecond) })},
		{"Release", ask(func(ctx context.Context) (bool, error) { return g.Release(ctx, held) })},
	}
}

func testLocksExclusive(g gates) {
	before := time.Now()
	l := g.take("a")
	if after := time.Now(); l.Until.Before(before.Add(time.Hour)) || l.Until.After(after.Add(time.Hour)) {
		g.t.Errorf("taken between %v and %v, the lock ends %v", before, after, l.Until)
	}
	if l.Name != g.prefix+"a" || l.Token == "" {
		g.t.Errorf("lock = %+v", l)
	}
	g.busy("taken", "a")
	other := g.take("b")
	g.release("given back", l, true)
	g.release("given back again", l, false)
	again := g.take("a")
	g.release("after somebody else took it", l, false)
	g.busy("after the old holder gave it back", "a")
	g.busy("another name", "b")
	g.release("given back", other, true)
	g.release("given back", again, true)
}

func testLocksOneWinner(g gates) {
	for round := range 20 {
		name := fmt.Sprint(g.prefix, round)
		oneWinner(g.t, race(func(int) error {
			_, err := g.Acquire(g.ctx(), name, time.Hour, 0)
			return err
		}), stores.ErrConflict)
	}
}

// testLocksExclusion has many workers wait for one lock: never are two inside, and the fences rise from one to the next.
func testLocksExclusion(g gates) {
	var inside, last atomic.Int64
	for _, err := range race(func(int) error {
		for range 3 {
			l, err := g.Acquire(g.ctx(), g.prefix+"door", time.Hour, patience)
			if err != nil {
				return err
			}
			if n := inside.Add(1); n != 1 {
				return fmt.Errorf("%d are inside", n)
			}
			if before := last.Swap(l.Fence); before >= l.Fence {
				return fmt.Errorf("fence %d follows %d", l.Fence, before)
			}
			inside.Add(-1)
			if held, err := g.Release(g.ctx(), l); err != nil || !held {
				return errors.New(fmt.Sprint("release: ", held, " ", err))
			}
		}
		return nil
	}) {
		noError(g.t, err)
	}
}

func testLocksExpiry(g gates) {
	lost := g.acquire("a", 300*time.Millisecond, 0)
	next := g.acquire("a", time.Hour, patience)
	if next.Fence <= lost.Fence || next.Token == lost.Token {
		g.t.Errorf("after %+v ended came %+v", lost, next)
	}
	_, err := g.Renew(g.ctx(), lost, time.Hour)
	refused(g.t, "renewing a lock that somebody else took", err, stores.ErrConflict)
	g.release("a lock that somebody else took", lost, false)
	g.busy("after the loser came back", "a")

	alone := g.acquire("b", time.Millisecond, 0)
	g.release("the last one", g.acquire("b", time.Hour, patience), true)
	_, err = g.Renew(g.ctx(), alone, time.Hour)
	refused(g.t, "renewing a lock that ended and is free", err, stores.ErrConflict)
	g.take("b")
}

func testLocksWaiting(g gates) {
	l := g.take("a")
	got := make(chan error)
	go func() {
		_, err := g.Acquire(g.ctx(), g.prefix+"a", time.Hour, patience)
		got <- err
	}()
	g.release("while another waits", l, true)
	noError(g.t, <-got)
	g.busy("after it was waited for", "a")
}

func testLocksWaitingInVain(g gates) {
	g.take("a")
	_, err := g.Acquire(g.ctx(), g.prefix+"a", time.Hour, 50*time.Millisecond)
	refused(g.t, "waiting for a lock that stays held", err, stores.ErrConflict)

	ctx, cancel := context.WithTimeout(g.ctx(), 50*time.Millisecond)
	defer cancel()
	_, err = g.Acquire(ctx, g.prefix+"a", time.Hour, patience)
	refused(g.t, "waiting until the deadline", err, context.DeadlineExceeded)

	ctx, cancel = context.WithCancel(g.ctx())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err = g.Acquire(ctx, g.prefix+"a", time.Hour, patience)
	refused(g.t, "waiting until it is cancelled", err, context.Canceled)
}

func testLocksRenew(g gates) {
	l := g.acquire("longer", 2*time.Second, 0)
	longer, err := g.Renew(g.ctx(), l, time.Hour)
	noError(g.t, err)
	if longer.Name != l.Name || longer.Token != l.Token || longer.Fence != l.Fence || longer.Until.Before(l.Until.Add(time.Minute)) {
		g.t.Errorf("%+v was renewed to %+v", l, longer)
	}
	g.acquire("witness", 2*time.Second, 0)
	g.acquire("witness", time.Hour, patience)
	g.busy("renewed, when it would have ended", "longer")

	shorter := g.take("shorter")
	_, err = g.Renew(g.ctx(), shorter, 100*time.Millisecond)
	noError(g.t, err)
	g.acquire("shorter", time.Hour, patience)
	g.release("by its first token", l, true)
}

func testLocksFence(g gates) {
	last := int64(0)
	rises := func(l stores.Lock) {
		g.t.Helper()
		if l.Fence <= last {
			g.t.Errorf("fence %d follows %d", l.Fence, last)
		}
		last = l.Fence
	}
	for range 50 {
		l := g.take("a")
		rises(l)
		g.release("taken", l, true)
	}
	for range 3 {
		rises(g.acquire("a", time.Millisecond, patience))
	}
	renewed, err := g.Renew(g.ctx(), g.acquire("a", time.Hour, patience), time.Hour)
	noError(g.t, err)
	rises(renewed)
	if at := time.UnixMicro(last); time.Since(at).Abs() > 24*time.Hour {
		g.t.Errorf("the fence %d stands for %v", last, at)
	}
}

// testLocksTokens: who does not know the token can do nothing.
func testLocksTokens(g gates) {
	l := g.take("a")
	for _, token := range []string{"", "guess", l.Token + "x", l.Token[1:], strings.ToLower(l.Token) + " ", "*"} {
		foreign := l
		foreign.Token = token
		_, err := g.Renew(g.ctx(), foreign, time.Millisecond)
		refused(g.t, "renewing with a foreign token", err, stores.ErrConflict)
		g.release("with a foreign token", foreign, false)
	}
	g.busy("after foreign tokens", "a")
	foreign := l
	foreign.Name = g.prefix + "b"
	_, err := g.Renew(g.ctx(), foreign, time.Hour)
	refused(g.t, "renewing a lock that nobody took", err, stores.ErrConflict)
	g.release("a lock that nobody took", foreign, false)
	g.release("its own", l, true)
}

// testLocksNames takes all of them at once.
func testLocksNames(g gates) {
	names := []string{"a", "A", "a ", "{a}", "{a}b", "}a", "a}b{c", "{}", "{", "}", "*", "a*", "a\x00b\xff", ":fence", "a:fence",
		strings.Repeat("n", stores.MaxKey-len(g.prefix))}
	for _, s := range hostile {
		if s != "" {
			names = append(names, s)
		}
	}
	taken := map[string]stores.Lock{}
	for _, name := range names {
		if _, there := taken[name]; !there && len(g.prefix)+len(name) <= stores.MaxKey {
			taken[name] = g.take(name)
		}
	}
	for name, l := range taken {
		g.busy("taken", name)
		g.release(fmt.Sprintf("%.40q", name), l, true)
	}
}

func testLocksRefusals(g gates) {
	l := g.take("a")
	for what, name := range unfit {
		_, err := g.Acquire(g.ctx(), name, time.Hour, 0)
		refused(g.t, "a name of "+what, err, stores.ErrInvalid)
	}
	for _, ttl := range []time.Duration{0, -1, -time.Hour} {
		_, err := g.Acquire(g.ctx(), g.prefix+"b", ttl, 0)
		refused(g.t, fmt.Sprintf("a time to live of %v", ttl), err, stores.ErrInvalid)
		_, err = g.Renew(g.ctx(), l, ttl)
		refused(g.t, fmt.Sprintf("renewing for %v", ttl), err, stores.ErrInvalid)
	}
	_, err := g.Acquire(g.ctx(), g.prefix+"b", time.Hour, -1)
	refused(g.t, "a negative wait", err, stores.ErrInvalid)
	g.take("b")
	g.busy("after refused renewals", "a")
}

func testLocksInterrupted(g gates) {
	l := g.take("held")
	interrupted(g.world, g.calls(l), func() any {
		g.busy("after interrupted calls", "held")
		return nil
	})
	g.take("fresh")
}

func testLocksCloseEndsWaiting(t *testing.T, open opener) {
	set := open(t)
	g := newGates(newWorld(t, set))
	g.take("a")
	got := make(chan error)
	go func() {
		_, err := g.Acquire(context.WithoutCancel(g.ctx()), g.prefix+"a", time.Hour, time.Hour)
		got <- err
	}()
	noError(t, set.Close())
	refused(t, "waiting until Close", <-got, stores.ErrUnavailable)
}
