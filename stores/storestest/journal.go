package storestest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"thalamus/stores"
)

// Journal asks whether a backend keeps the contract of [stores.Journal].
func Journal(t *testing.T, open func(testing.TB) *stores.Set) {
	s := suite{t, open(t)}
	run := func(name string, fn func(ledger)) {
		s.run(name, func(w *world) { fn(newLedger(w)) })
	}
	run("RoundTrip", testSagaRoundTrip)
	run("Times", testSagaTimes)
	run("BeginTwice", testBeginTwice)
	run("Advance", testAdvance)
	run("AdvanceFenced", testAdvanceFenced)
	run("End", testSagaEnd)
	run("Claims", testClaims)
	run("ClaimsWaiting", testClaimsWaiting)
	run("ClaimTexts", testClaimTexts)
	run("ClaimRace", testClaimRace)
	run("Renew", testRenew)
	run("List", testSagaList)
	run("Scopes", testSagaScopes)
	run("Prune", testSagaPrune)
	run("Atomic", testJournalAtomic)
	run("AtomicRefused", testJournalAtomicRefused)
	run("AtomicRace", testJournalAtomicRace)
	run("Interrupted", func(l ledger) {
		saga := l.begin(l.draft("claimed"), time.Hour)
		interrupted(l.world, l.calls(saga), func() any {
			return []any{l.page(stores.Query{Page: stores.Page{First: everyone}}), l.holding("claimed", "fresh")}
		})
	})
	closed(t, open, func(w *world) []call {
		l := newLedger(w)
		return l.calls(l.begin(l.draft("claimed"), time.Hour))
	})
	testLeases(s)
}

// ledger is the journal in a world.
type ledger struct {
	*world
	stores.Journal
}

func newLedger(w *world) ledger { return ledger{w, w.set.Journal} }

func (l ledger) at(s stores.Scope) ledger { return ledger{l.in(s), l.Journal} }

// draft is a saga of some owner with everything that a saga can have.
func (l ledger) draft(claims ...string) *stores.Saga {
	return &stores.Saga{
		ID: stores.NewID(), Scope: l.scope, Operation: "createEpisode", State: stores.SagaPending, OnDown: stores.OnDownQueue,
		Steps: []stores.SagaStep{
			{Store: stores.RoleRecords, Name: "entityRecords.put", State: stores.StepDone, Attempts: 1},
			{Store: stores.RoleGraph, Name: "entities.put", State: stores.StepPending, Attempts: 2, Error: "it is down"},
		},
		Nodes:    []stores.Ref{{Kind: stores.KindEntity, ID: stores.NewID()}, {Kind: stores.KindEpisode, ID: stores.NewID()}},
		Receipts: []stores.Receipt{{Store: stores.RoleGraph, Kind: stores.KindEpisode, Name: "nodes", Deleted: 3, Left: 1}},
		Problem:  "the graph is down", Claims: claims, Plan: []byte("plan\x00of " + l.scope.User), Attempts: 1, Owner: "gateway " + l.scope.User,
	}
}

// testClaimsWaiting wants nothing to be written that a saga names which waits as it was sent, but by one that has the turn.
func testClaimsWaiting(l ledger) {
	waits := func(claims ...string) *stores.Saga {
		saga := l.draft(claims...)
		saga.State, saga.Steps, saga.Owner = stores.SagaQueued, nil, ""
		return l.begin(saga, 0)
	}
	first := waits("a", "b")
	waits("b", "c") // for the same, which is allowed
	same(l.t, "holders", map[string]stores.ID{"a": first.ID, "b": first.ID}, l.holding("a", "b", "d"))
	ended := func(claims ...string) *stores.Saga {
		saga := l.draft(claims...)
		saga.State, saga.Owner = stores.SagaCommitted, ""
		return saga
	}
	for what, late := range map[string]*stores.Saga{"a saga": l.draft("x", "b"), "one that has ended": ended("b")} {
		err := l.Begin(l.ctx(), late, time.Hour)
		refused(l.t, what, err, stores.ErrConflict)
		var claimed *stores.Claimed
		if !errors.As(err, &claimed) || *claimed != (stores.Claimed{Claim: "b", Saga: first.ID}) {
			l.t.Errorf("%s is refused for %+v", what, claimed)
		}
	}
	l.begin(l.draft("x", "d"), time.Hour)
	turn := l.draft("a", "b")
	turn.Turn = true
	l.begin(turn, time.Hour)
	other := l.at(newScope())
	other.begin(other.draft("a", "b", "c"), time.Hour)

	first.State, first.Owner = stores.SagaCommitted, ""
	noError(l.t, l.Advance(l.ctx(), first, 1))
	turn.State, turn.Owner = stores.SagaCommitted, ""
	noError(l.t, l.Advance(l.ctx(), turn, 1))
	l.begin(ended("a"), 0)
}

// begin begins a saga, which ends with the test at the latest.
func (l ledger) begin(saga *stores.Saga, lease time.Duration) *stores.Saga {
	l.t.Helper()
	noError(l.t, l.Begin(l.ctx(), saga, lease))
	l.t.Cleanup(func() {
		ctx := context.WithoutCancel(l.ctx())
		got, err := l.ByID(ctx, saga.Scope, []stores.ID{saga.ID})
		if left := got[saga.ID]; err == nil && left != nil && !left.State.Ended() {
			left.State = stores.SagaCompensated
			_ = l.Advance(ctx, left, left.Fence)
		}
	})
	return saga
}

// advance writes a saga whose fence is that of the value.
func (l ledger) advance(saga *stores.Saga) {
	l.t.Helper()
	noError(l.t, l.Advance(l.ctx(), saga, saga.Fence))
}

func (l ledger) end(saga *stores.Saga, state stores.SagaState) {
	l.t.Helper()
	saga.State = state
	l.advance(saga)
}

// stored reads a saga; nil when there is none.
func (l ledger) stored(id stores.ID) *stores.Saga {
	l.t.Helper()
	got, err := l.ByID(l.ctx(), l.scope, []stores.ID{id, stores.NewID()})
	noError(l.t, err)
	if saga := got[id]; saga == nil && len(got) > 0 {
		l.t.Errorf("sagas of other ids: %v", got)
	}
	return got[id]
}

// holds wants a saga to be stored as it is, but for its plan and the time of its change.
func (l ledger) holds(what string, saga *stores.Saga) {
	l.t.Helper()
	got, want := l.stored(saga.ID), *saga
	want.Plan = nil
	if got != nil {
		if got.UpdatedAt.Before(want.UpdatedAt) {
			l.t.Errorf("%s: changed at %v, before it was at %v", what, got.UpdatedAt, want.UpdatedAt)
		}
		want.UpdatedAt = got.UpdatedAt
	}
	same(l.t, what, &want, got)
}

func (l ledger) page(q stores.Query) []*stores.Saga {
	l.t.Helper()
	got, err := l.List(l.ctx(), l.scope, q)
	noError(l.t, err)
	return got.Items
}

func (l ledger) holding(claims ...string) map[string]stores.ID {
	l.t.Helper()
	got, err := l.Holding(l.ctx(), l.scope, claims)
	noError(l.t, err)
	return got
}

// fenced wants a write to be refused since another took the saga over.
func (l ledger) fenced(what string, err error) {
	l.t.Helper()
	refused(l.t, what, err, stores.ErrConflict)
	refused(l.t, what, err, stores.ErrFenced)
}

func (l ledger) calls(saga *stores.Saga) []call {
	s, ids, next := l.scope, []stores.ID{saga.ID}, *saga
	next.State = stores.SagaRunning
	return []call{
		{"Atomic", func(ctx context.Context) error { return l.Atomic(ctx, func(context.Context) error { return nil }) }},
		{"Begin", func(ctx context.Context) error { return l.Begin(ctx, l.draft("fresh"), time.Hour) }},
		{"Advance", func(ctx context.Context) error { return l.Advance(ctx, &next, 1) }},
		{"Renew", ask(func(ctx context.Context) ([]stores.ID, error) { return l.Renew(ctx, saga.Owner, ids, time.Hour) })},
		{"Due", ask(func(ctx context.Context) ([]*stores.Saga, error) { return l.Due(ctx, "other", time.Hour, true, 1) })},
		{"Take", ask(func(ctx context.Context) (*stores.Saga, error) { return l.Take(ctx, s, saga.ID, "other", time.Hour) })},
		{"Wake", ask(func(ctx context.Context) (bool, error) { return l.Wake(ctx, s, saga.ID) })},
		{"ByID", ask(func(ctx context.Context) (map[stores.ID]*stores.Saga, error) { return l.ByID(ctx, s, ids) })},
		{"List", ask(func(ctx context.Context) (stores.Slice[*stores.Saga], error) {
			return l.List(ctx, s, stores.Query{Page: stores.Page{First: 1}})
		})},
		{"Count", ask(func(ctx context.Context) (int, error) { return l.Count(ctx, s, stores.Filter{}) })},
		{"Holding", ask(func(ctx context.Context) (map[string]stores.ID, error) { return l.Holding(ctx, s, []string{"claimed"}) })},
		{"Unfinished", ask(l.Unfinished)},
		{"Prune", ask(func(ctx context.Context) (int, error) { return l.Prune(ctx, time.Unix(0, 0)) })},
	}
}

func testSagaRoundTrip(l ledger) {
	saga := l.draft("b", "a", "c")
	saga.CreatedAt, saga.UpdatedAt, saga.NotBefore = l.instant(), l.instant(), l.instant()
	l.begin(saga, time.Hour)
	same(l.t, "fence of a new saga", 1, saga.Fence)
	l.holds("saga", saga)
	for _, s := range hostile {
		saga := l.draft(s, s+"!", s)
		saga.Operation, saga.Problem, saga.Owner, saga.Plan = s, s, s, []byte(s)
		saga.Steps[0].Error, saga.Steps[0].Name, saga.Receipts[0].Name = s, s, s
		l.begin(saga, time.Hour)
		l.holds(fmt.Sprintf("saga of %q", s), saga)
		l.end(saga, stores.SagaCommitted)
	}
	bare := &stores.Saga{ID: stores.NewID(), Scope: l.scope, State: stores.SagaQueued}
	l.begin(bare, 0)
	l.holds("saga of almost nothing", bare)
	large := l.draft()
	large.Plan = []byte(strings.Repeat("\x00x", 1<<19))
	l.begin(large, time.Hour)
	l.holds("saga of a large plan", large)
}

// testSagaTimes leaves the times to the database.
func testSagaTimes(l ledger) {
	saga := l.begin(l.draft(), time.Hour)
	for what, at := range map[string]time.Time{"created": saga.CreatedAt, "updated": saga.UpdatedAt, "not before": saga.NotBefore} {
		if off := time.Since(at).Abs(); off > 5*time.Minute || at.Location() != time.UTC {
			l.t.Errorf("%s is %v, %v from now", what, at, off)
		}
	}
	l.holds("saga", saga)
	later := l.draft()
	later.NotBefore = stores.Now().Add(time.Hour)
	want := later.NotBefore
	l.begin(later, time.Hour)
	same(l.t, "a time that was set", want, later.NotBefore)
}

func testBeginTwice(l ledger) {
	saga := l.begin(l.draft("claim"), time.Hour)
	again, other := *saga, *saga
	again.Operation, again.Claims, again.CreatedAt, again.Fence = "another", nil, time.Time{}, 7
	refused(l.t, "a saga that is there", l.Begin(l.ctx(), &again, time.Hour), stores.ErrConflict)
	if !again.CreatedAt.IsZero() || again.Fence != 7 {
		l.t.Errorf("a refused Begin left the time %v and the fence %d", again.CreatedAt, again.Fence)
	}
	other.Scope, other.Operation = newScope(), "foreign"
	refused(l.t, "a saga that is there in another scope", l.Begin(l.ctx(), &other, time.Hour), stores.ErrConflict)
	l.holds("saga", saga)
}

func testAdvance(l ledger) {
	saga := l.begin(l.draft("a", "b"), time.Hour)
	next := saga.Clone()
	next.State, next.Problem, next.Attempts = stores.SagaCompensating, "", 3
	next.Steps[1].State, next.Steps[1].Error, next.Receipts = stores.StepDone, "", append(next.Receipts, stores.Receipt{Name: "points"})
	next.NotBefore, next.Owner, next.Fence = stores.Now().Add(time.Minute), "", 5
	want := *next
	next.Operation, next.OnDown, next.Claims, next.Plan = "x", "x", nil, nil
	noError(l.t, l.Advance(l.ctx(), next, 1))
	l.holds("advanced saga", &want)
	same(l.t, "claims", map[string]stores.ID{"a": saga.ID, "b": saga.ID}, l.holding("a", "b"))
	for _, state := range stores.SagaStates {
		if !state.Ended() {
			want.State = state
			l.advance(&want)
			l.holds("saga that is "+string(state), &want)
		}
	}
	want.Receipts, want.Problem = nil, strings.Repeat("😀", 5000)
	l.advance(&want)
	l.holds("saga without receipts", &want)
}

func testAdvanceFenced(l ledger) {
	saga := l.begin(l.draft("claim"), time.Hour)
	next := saga.Clone()
	next.State, next.Fence = stores.SagaCommitted, 2
	for _, held := range []int{0, 2, -1} {
		l.fenced(fmt.Sprintf("the fence %d instead of 1", held), l.Advance(l.ctx(), next, held))
	}
	foreign, unknown := next.Clone(), next.Clone()
	foreign.Scope, unknown.ID = newScope(), stores.NewID()
	l.fenced("a foreign saga", l.Advance(l.ctx(), foreign, 1))
	l.fenced("an unknown saga", l.Advance(l.ctx(), unknown, 1))
	l.holds("saga after refusals", saga)
	same(l.t, "holder of the claim after refusals", saga.ID, l.holding("claim")["claim"])

	next.State = stores.SagaCompensating
	noError(l.t, l.Advance(l.ctx(), next, 1))
	l.fenced("the fence that was raised", l.Advance(l.ctx(), saga, 1))
	l.holds("saga after its fence was raised", next)
}

// testSagaEnd ends sagas in both ways: they lose owner and claims, and stay as they are. Whether they lose their plans does
// not show through the contract.
func testSagaEnd(l ledger) {
	for _, state := range []stores.SagaState{stores.SagaCommitted, stores.SagaCompensated} {
		saga := l.begin(l.draft("a", "b"), time.Hour)
		kept := l.begin(l.draft("c"), time.Hour)
		l.end(saga, state)
		want := *saga
		want.Owner, want.Claims = "", nil
		l.holds("ended saga", &want)
		same(l.t, "claims after the end", map[string]stores.ID{"c": kept.ID}, l.holding("a", "b", "c"))
		l.advance(saga)
		l.holds("saga that ended twice", &want)
		for _, other := range stores.SagaStates {
			if other != state {
				saga.State = other
				l.fenced(fmt.Sprintf("%s after %s", other, state), l.Advance(l.ctx(), saga, saga.Fence))
			}
		}
		l.holds("saga that was to go on", &want)
		l.end(kept, state)

		at := l.draft("a")
		at.State = state
		l.begin(at, time.Hour)
		at.Owner, at.Claims = "", nil
		l.holds("saga that ended when it began", at)
		same(l.t, "claims of a saga that ended when it began", 0, len(l.holding("a")))
	}
}

func testClaims(l ledger) {
	first := l.begin(l.draft("a", "b", "b"), time.Hour)
	refuse := func(what, claim string, saga *stores.Saga) {
		l.t.Helper()
		err := l.Begin(l.ctx(), saga, time.Hour)
		refused(l.t, what, err, stores.ErrConflict)
		var cause *stores.Claimed
		if !errors.As(err, &cause) || *cause != (stores.Claimed{Claim: claim, Saga: first.ID}) {
			l.t.Errorf("%s: the cause is %+v, want %q of %s", what, cause, claim, first.ID)
		}
		var e *stores.Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, string(first.ID)) {
			l.t.Errorf("%s: the words are %q", what, err)
		}
		same(l.t, what+": is stored", false, l.stored(saga.ID) != nil)
	}
	refuse("one claim of three", "b", l.draft("0", "b", "x"))
	refuse("the same claims", "a", l.draft("a", "b"))
	for _, state := range []stores.SagaState{stores.SagaStuck, stores.SagaQueued, stores.SagaCompensating} {
		first.State, first.Owner = state, ""
		l.advance(first)
		refuse("a claim of a saga that is "+string(state), "b", l.draft("b"))
	}
	same(l.t, "claims", map[string]stores.ID{"a": first.ID, "b": first.ID}, l.holding("a", "b", "x", "0", "a"))
	same(l.t, "no claims", 0, len(l.holding()))
	far := l.at(newScope())
	same(l.t, "claims of another scope", 0, len(far.holding("a", "b")))
	foreign := far.begin(far.draft("a", "b"), time.Hour)
	same(l.t, "holder in another scope", foreign.ID, far.holding("a")["a"])
	far.end(foreign, stores.SagaCommitted)

	same(l.t, "holder after a saga of another scope ended", first.ID, l.holding("a")["a"])
	l.end(first, stores.SagaCompensated)
	second := l.begin(l.draft("b", "x"), time.Hour)
	same(l.t, "claims of the next", map[string]stores.ID{"x": second.ID, "b": second.ID}, l.holding("a", "b", "x"))
}

func testClaimTexts(l ledger) {
	claims := append([]string{"Name", "name", "NAME", "name ", "näme", "na\u0308me", strings.Repeat("é", 400)}, hostile...)
	want := map[string]stores.ID{}
	for _, claim := range claims {
		want[claim] = l.begin(l.draft(claim), time.Hour).ID
	}
	many := slices.Clone(claims)
	for i := range 3000 {
		many = append(many, fmt.Sprint("nobody's ", i))
	}
	same(l.t, "claims", want, l.holding(many...))
	same(l.t, "claims of a saga with many", len(many)-len(claims), len(l.begin(l.draft(many[len(claims):]...), time.Hour).Claims))
	same(l.t, "claims of both", len(many), len(l.holding(many...)))
}

// testClaimRace lets many sagas claim the same things in different orders, again and again: there is one winner.
func testClaimRace(l ledger) {
	for round := range 5 {
		a, b := fmt.Sprint("a", round), fmt.Sprint("b", round)
		errs := race(func(i int) error {
			saga := l.draft(a, b, fmt.Sprint(round, i))
			if i%2 == 0 {
				slices.Reverse(saga.Claims)
			}
			return l.Begin(l.ctx(), saga, time.Hour)
		})
		oneWinner(l.t, errs, stores.ErrConflict)
		winner := l.holding(a)[a]
		for _, err := range errs {
			var cause *stores.Claimed
			if err != nil && (!errors.As(err, &cause) || cause.Saga != winner) {
				l.t.Errorf("a loser got %v, want it to name %s", err, winner)
			}
		}
		saga := l.stored(winner)
		same(l.t, "holder of the other claim", winner, l.holding(b)[b])
		l.end(saga, stores.SagaCommitted)
	}
}
