package storestest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"thalamus/stores"
)

// testLeases runs what looks across scopes: one test after the other, while nothing else of the suite runs.
func testLeases(s suite) {
	run := func(name string, fn func(ledger)) {
		s.t.Run(name, func(t *testing.T) { fn(newLedger(newWorld(t, s.set))) })
	}
	run("Due", testDue)
	run("DueAgain", testDueAgain)
	run("DueAlone", testDueAlone)
	run("DueInOrder", testDueInOrder)
	run("DueRace", testDueRace)
	run("RenewedIsNotDue", testRenewedIsNotDue)
	run("Take", testTake)
	run("Wake", testWake)
	run("Unfinished", testUnfinished)
}

// short is a lease that ends within a test.
const short = 50 * time.Millisecond

// expired begins a saga and waits until its lease is over.
func (l ledger) expired(saga *stores.Saga) *stores.Saga {
	l.t.Helper()
	l.begin(saga, short)
	time.Sleep(2 * short)
	return saga
}

// waiting begins a saga that nobody works on and that is due after a while.
func (l ledger) waiting(after time.Duration) *stores.Saga {
	l.t.Helper()
	saga := l.draft()
	saga.Owner, saga.NotBefore = "", stores.Now().Add(after)
	return l.begin(saga, time.Hour)
}

func (l ledger) due(owner string, alone bool, limit int) []*stores.Saga {
	l.t.Helper()
	got, err := l.Due(l.ctx(), owner, time.Hour, alone, limit)
	noError(l.t, err)
	return got
}

// takes wants an owner to take over exactly some sagas, in this order.
func (l ledger) takes(what, owner string, alone bool, want ...*stores.Saga) []*stores.Saga {
	l.t.Helper()
	got := l.due(owner, alone, 100)
	same(l.t, what, idsOf(want, sagaID), idsOf(got, sagaID))
	return got
}

func sagaID(s *stores.Saga) stores.ID { return s.ID }

func testDue(l ledger) {
	ended, far := l.draft(), l.at(newScope())
	ended.State = stores.SagaCommitted
	l.begin(ended, time.Hour)
	l.begin(l.draft("held"), time.Hour)
	l.waiting(time.Hour)
	late := l.draft() // whose lease is over and whose time has not come
	late.NotBefore = stores.Now().Add(time.Hour)
	l.begin(late, short)
	waits := l.waiting(-time.Minute)
	lost := far.expired(far.draft("b", "a"))
	over := l.begin(l.draft(), 0)

	due := l.takes("sagas that are due", "other", false, waits, lost, over)
	for i, saga := range []*stores.Saga{waits, lost, over} {
		saga.Owner, saga.Fence = "other", 2
		due[i].UpdatedAt = saga.UpdatedAt
		same(l.t, "saga that was taken over", saga, due[i])
		l.at(saga.Scope).holds("saga that was taken over", saga)
	}
	l.takes("sagas that were taken over", "third", false)
	next := lost.Clone()
	l.fenced("the former owner", l.Advance(l.ctx(), next, 1))
	noError(l.t, l.Advance(l.ctx(), next, 2))
	same(l.t, "sagas for no limit", 0, len(l.due("third", true, 0)))
}

// testDueAgain follows one saga through several hands: what was given back is due at its time, what was erased is gone.
func testDueAgain(l ledger) {
	saga := l.expired(l.draft())
	for round := range 3 {
		owner := fmt.Sprint("owner ", round)
		got, err := l.Due(l.ctx(), owner, short, false, 10)
		noError(l.t, err)
		if len(got) != 1 || got[0].Fence != 2+round || got[0].Owner != owner || string(got[0].Plan) != string(saga.Plan) {
			l.t.Fatalf("round %d: took over %+v", round, got)
		}
		time.Sleep(2 * short)
	}
	got := l.due("last", false, 10)[0]
	l.takes("held by the last", "another", false)
	got.Owner, got.NotBefore = "", stores.Now().Add(2*short)
	l.advance(got)
	l.takes("given back for later", "another", false)
	time.Sleep(4 * short)
	got = l.takes("given back, and its time has come", "another", false, saga)[0]
	got.Owner, got.NotBefore = "", stores.Now().Add(-time.Hour)
	l.advance(got)
	got = l.takes("given back at once", "one more", false, saga)[0]
	got.Owner, got.State = "", stores.SagaCompensated
	l.advance(got)
	l.takes("ended", "one more", true)
}

func testDueAlone(l ledger) {
	held := l.begin(l.draft(), time.Hour)
	mine := l.draft()
	mine.Owner = "me"
	l.begin(mine, time.Hour)
	lapsed := l.draft()
	lapsed.Owner = "me"
	l.expired(lapsed)
	l.waiting(time.Hour)
	l.takes("with others about", "me", false, lapsed)
	l.takes("with others gone", "me", true, held)
	l.takes("again", "me", true)
	l.takes("for another", "you", true, held, mine, lapsed)
}

func testDueInOrder(l ledger) {
	var all []*stores.Saga
	for i := range 7 {
		saga := l.draft()
		saga.Owner, saga.CreatedAt = "", time.Date(2025, 1, 1, 0, 0, (i*3)%7, 0, time.UTC)
		saga.NotBefore = time.Date(2025, 1, 2, 0, 0, i, 0, time.UTC)
		all = append(all, l.begin(saga, time.Hour))
	}
	slices.SortFunc(all, func(a, b *stores.Saga) int { return a.CreatedAt.Compare(b.CreatedAt) })
	var got []stores.ID
	for _, n := range []int{3, 3, 1, 0} {
		some := l.due("other", false, 3)
		same(l.t, "how many were taken over", n, len(some))
		got = append(got, idsOf(some, sagaID)...)
	}
	same(l.t, "sagas, the oldest first", idsOf(all, sagaID), got)
}

// testDueRace lets many gateways take over at once: each saga goes to one of them, once.
func testDueRace(l ledger) {
	const sagas = 60
	for range sagas {
		l.waiting(-time.Minute)
	}
	var mu sync.Mutex
	takers := map[stores.ID]string{}
	for range 50 { // those that chose the same sagas as others may have come away with nothing
		if len(takers) == sagas {
			break
		}
		noError(l.t, errors.Join(race(func(i int) error {
			owner := fmt.Sprint("owner ", i)
			due, err := l.Due(l.ctx(), owner, time.Hour, false, 4)
			mu.Lock()
			defer mu.Unlock()
			for _, saga := range due {
				if before := takers[saga.ID]; before != "" {
					l.t.Errorf("%s was taken over by %s and by %s", saga.ID, before, owner)
				}
				takers[saga.ID] = owner
			}
			return err
		})...))
	}
	same(l.t, "sagas that were taken over", sagas, len(takers))
	for id, owner := range takers {
		if saga := l.stored(id); saga.Owner != owner || saga.Fence != 2 {
			l.t.Errorf("%s was taken over by %s, and is %s's with fence %d", id, owner, saga.Owner, saga.Fence)
		}
	}
}

func testRenew(l ledger) {
	mine, other, ended, given := l.begin(l.draft(), time.Hour), l.draft(), l.begin(l.draft(), time.Hour), l.begin(l.draft(), time.Hour)
	other.Owner = "another"
	l.begin(other, time.Hour)
	l.end(ended, stores.SagaCommitted)
	given.Owner, given.NotBefore = "", stores.Now().Add(time.Hour)
	l.advance(given)
	renew := func(owner string, ids ...stores.ID) []stores.ID {
		l.t.Helper()
		held, err := l.Renew(l.ctx(), owner, ids, time.Hour)
		noError(l.t, err)
		slices.Sort(held)
		return held
	}
	all := []stores.ID{other.ID, mine.ID, stores.NewID(), ended.ID, given.ID, mine.ID}
	same(l.t, "sagas that are still held", []stores.ID{mine.ID}, renew(mine.Owner, all...))
	same(l.t, "sagas that are still held by another", []stores.ID{other.ID}, renew("another", all...))
	same(l.t, "sagas that are held by nobody", 0, len(renew("", all...)))
	same(l.t, "sagas held by a stranger", 0, len(renew("stranger", all...)))
	same(l.t, "none of none", 0, len(renew(mine.Owner)))
	l.holds("a renewed saga", mine)
	far := l.at(newScope())
	there := far.draft()
	there.Owner = mine.Owner
	far.begin(there, time.Hour)
	want := []stores.ID{mine.ID, there.ID}
	slices.Sort(want)
	same(l.t, "sagas of several scopes", want, renew(mine.Owner, there.ID, mine.ID))
}

// testRenewedIsNotDue keeps a lease alive for longer than it was given for, and lets one end that nobody took over.
func testRenewedIsNotDue(l ledger) {
	saga := l.begin(l.draft(), 4*short)
	renew := func(lease time.Duration) {
		l.t.Helper()
		held, err := l.Renew(l.ctx(), saga.Owner, []stores.ID{saga.ID}, lease)
		noError(l.t, err)
		same(l.t, "what is still held", []stores.ID{saga.ID}, held)
	}
	renew(time.Hour)
	time.Sleep(5 * short)
	l.takes("renewed", "other", false)
	renew(0)
	renew(time.Hour)
	l.takes("renewed after it ran out", "other", false)
	renew(0)
	l.takes("ran out", "other", false, saga)
	held, err := l.Renew(l.ctx(), "gateway "+l.scope.User, []stores.ID{saga.ID}, time.Hour)
	noError(l.t, err)
	same(l.t, "what is held after a takeover", 0, len(held))
}

func testTake(l ledger) {
	take := func(what string, l ledger, id stores.ID, lease time.Duration, want *stores.Saga) {
		l.t.Helper()
		got, err := l.Take(l.ctx(), l.scope, id, "other", lease)
		noError(l.t, err)
		if got != nil {
			got.UpdatedAt = want.UpdatedAt
		}
		same(l.t, what, want, got)
	}
	waits, held, ended := l.draft("a"), l.begin(l.draft(), time.Hour), l.begin(l.draft(), time.Hour)
	waits.Owner, waits.NotBefore, waits.State = "", stores.Now().Add(time.Hour), stores.SagaStuck
	l.begin(waits, time.Hour)
	l.end(ended, stores.SagaCompensated)
	untouched := l.waiting(-time.Minute)
	take("a saga of another scope", l.at(newScope()), waits.ID, short, nil)
	take("an unknown saga", l, stores.NewID(), short, nil)
	take("a saga that is worked on", l, held.ID, short, nil)
	take("a saga that has ended", l, ended.ID, short, nil)
	waits.Owner, waits.Fence = "other", 2
	take("a saga that waits", l, waits.ID, short, waits)
	l.holds("a saga that was taken", waits)
	take("a saga that was taken", l, waits.ID, time.Hour, nil)
	l.fenced("the former owner", l.Advance(l.ctx(), waits.Clone(), 1))
	time.Sleep(2 * short)
	waits.Fence = 3
	take("a saga whose lease is over", l, waits.ID, time.Hour, waits)
	l.takes("the others", "third", false, untouched)
}

func testWake(l ledger) {
	wake := func(what string, l ledger, id stores.ID, want bool) {
		l.t.Helper()
		got, err := l.Wake(l.ctx(), l.scope, id)
		noError(l.t, err)
		same(l.t, what+" was woken", want, got)
	}
	waits, held, ended := l.waiting(time.Hour), l.begin(l.draft(), time.Hour), l.begin(l.draft(), time.Hour)
	l.end(ended, stores.SagaCompensated)
	wake("a saga of another scope", l.at(newScope()), waits.ID, false)
	wake("an unknown saga", l, stores.NewID(), false)
	wake("a saga that is worked on", l, held.ID, false)
	wake("a saga that has ended", l, ended.ID, false)
	l.takes("before it is woken", "other", false)
	wake("a saga that waits", l, waits.ID, true)
	wake("a saga that was woken", l, waits.ID, true)
	l.takes("woken", "other", false, waits)
	wake("a saga that was taken over", l, waits.ID, false)
}

func testUnfinished(l ledger) {
	count := func(what string, want map[stores.SagaState]int) {
		l.t.Helper()
		got, err := l.Unfinished(l.ctx())
		noError(l.t, err)
		same(l.t, what, want, got)
	}
	count("with no saga", nil)
	want, far := map[stores.SagaState]int{}, l.at(newScope())
	var last *stores.Saga
	for i, state := range stores.SagaStates {
		for n := range i + 1 {
			at := []ledger{l, far}[n%2]
			saga := at.draft()
			saga.State = state
			last = at.begin(saga, time.Hour)
			if !state.Ended() {
				want[state]++
			}
		}
	}
	count("of several scopes", want)
	l.end(last, stores.SagaCommitted)
	want[stores.SagaStuck]--
	count("after one ended", want)
}
