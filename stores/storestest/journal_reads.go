package storestest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"thalamus/stores"
)

func testSagaList(l ledger) {
	var want []*stores.Saga
	for i := range 9 {
		saga := l.draft()
		saga.State, saga.Attempts = stores.SagaStates[i%len(stores.SagaStates)], i
		saga.CreatedAt = time.Date(2025, 1, 1, 0, 0, i/2, 0, time.UTC) // two at each instant
		l.begin(saga, time.Hour)
		want = append(want, l.stored(saga.ID))
	}
	slices.SortFunc(want, func(a, b *stores.Saga) int {
		if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
			return c
		}
		return cmp.Compare(a.ID, b.ID)
	})
	same(l.t, "sagas, the newest first", want, l.page(stores.Query{Page: stores.Page{First: everyone}}))
	var got []*stores.Saga
	for after := stores.Cursor(""); ; {
		page, err := l.List(l.ctx(), l.scope, stores.Query{Page: stores.Page{First: 4, After: after}})
		noError(l.t, err)
		got = append(got, page.Items...)
		if !page.HasNext {
			break
		}
		after = page.Cursors[len(page.Cursors)-1]
	}
	same(l.t, "sagas page by page", want, got)
	for _, where := range []stores.Filter{
		stores.Where("state", stores.In, []any{"STUCK", "PENDING"}), stores.Where("attempts", stores.Gte, 4.0),
		stores.Where("createdAt", stores.Lt, want[3].CreatedAt), stores.Where("operation", stores.Eq, "x"), stores.Where("id", stores.Eq, string(want[1].ID)),
	} {
		var some []*stores.Saga
		for _, saga := range want {
			if where.Match(func(f stores.Field) any { return sagaValue(saga, f) }) {
				some = append(some, saga)
			}
		}
		same(l.t, fmt.Sprintf("sagas where %+v", where), some, l.page(stores.Query{Where: where, Page: stores.Page{First: everyone}}))
		n, err := l.Count(l.ctx(), l.scope, where)
		noError(l.t, err)
		same(l.t, fmt.Sprintf("count where %+v", where), len(some), n)
	}
	_, err := l.List(l.ctx(), l.scope, stores.Query{Where: stores.Where("owner", stores.Eq, "x"), Page: stores.Page{First: 1}})
	refused(l.t, "a field that sagas are not found by", err, stores.ErrInvalid)
}

func sagaValue(s *stores.Saga, f stores.Field) any {
	return map[stores.Field]any{
		"id": string(s.ID), "operation": s.Operation, "state": string(s.State), "attempts": float64(s.Attempts),
		"createdAt": s.CreatedAt, "updatedAt": s.UpdatedAt,
	}[f]
}

func testSagaScopes(l ledger) {
	type owned struct {
		ledger
		saga *stores.Saga
	}
	var all []owned
	for _, s := range lookalikes() {
		one := l.at(s)
		all = append(all, owned{one, one.begin(one.draft("claim"), time.Hour)})
	}
	var ids []stores.ID
	for _, one := range all {
		ids = append(ids, one.saga.ID)
	}
	for _, one := range all {
		key := one.scope.Key()
		got, err := one.ByID(one.ctx(), one.scope, ids)
		noError(one.t, err)
		same(one.t, "sagas by id in "+key, 1, len(got))
		one.holds("saga of "+key, one.saga)
		n, err := one.Count(one.ctx(), one.scope, stores.Filter{})
		noError(one.t, err)
		same(one.t, "count in "+key, 1, n)
		same(one.t, "sagas listed in "+key, 1, len(one.page(stores.Query{Page: stores.Page{First: 9}})))
		same(one.t, "holder in "+key, one.saga.ID, one.holding("claim")["claim"])
	}
	none, err := l.ByID(l.ctx(), l.scope, nil)
	noError(l.t, err)
	same(l.t, "sagas of no id", 0, len(none))
}

// testSagaPrune keeps to a year of its own: Prune reaches every scope.
func testSagaPrune(l ledger) {
	before := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	far := l.at(newScope())
	kept := map[*stores.Saga]bool{}
	for _, l := range []ledger{l, far} {
		for _, state := range stores.SagaStates {
			for _, at := range []time.Duration{-time.Hour, -time.Microsecond, 0, time.Hour} {
				saga := l.draft()
				saga.State, saga.UpdatedAt = state, before.Add(at)
				l.begin(saga, time.Hour)
				kept[saga] = at >= 0 || !state.Ended()
			}
		}
	}
	n, err := l.Prune(l.ctx(), before)
	noError(l.t, err)
	if n < 8 {
		l.t.Errorf("pruned %d sagas, want at least 8", n)
	}
	for saga, want := range kept {
		same(l.t, fmt.Sprintf("%s of %v is there", saga.State, saga.UpdatedAt), want, l.at(saga.Scope).stored(saga.ID) != nil)
	}
}

// together writes through all contracts of the records in one transaction of the journal.
func (l ledger) together(ctx context.Context, saga *stores.Saga, then func(ctx context.Context) error) error {
	return l.Atomic(ctx, func(ctx context.Context) error {
		noError(l.t, l.set.EntityRecords.Put(ctx, l.scope, []*stores.EntityRecord{named(l.world, "name of "+string(saga.ID))}))
		noError(l.t, l.Begin(ctx, saga, time.Hour))
		noError(l.t, l.set.Answers.Put(ctx, l.scope, answer("key of "+string(saga.ID), `{}`)))
		noError(l.t, l.set.Outbox.Append(ctx, []stores.Event{event(l.scope, saga.ID)}))
		return then(ctx)
	})
}

// traces says what is there of a saga that was written together with others.
func (l ledger) traces(ctx context.Context, saga *stores.Saga) []bool {
	l.t.Helper()
	name := "name of " + string(saga.ID)
	records, err := l.set.EntityRecords.ByName(ctx, l.scope, []string{name})
	noError(l.t, err)
	sagas, err := l.ByID(ctx, l.scope, []stores.ID{saga.ID})
	noError(l.t, err)
	claims, err := l.Holding(ctx, l.scope, saga.Claims)
	noError(l.t, err)
	kept, err := l.set.Answers.Get(ctx, l.scope, "key of "+string(saga.ID))
	noError(l.t, err)
	events, err := l.set.Outbox.After(ctx, l.scope, 0, everyone)
	noError(l.t, err)
	told := slices.ContainsFunc(events, func(e stores.Event) bool { return e.Saga == saga.ID })
	return []bool{records[name] != nil, sagas[saga.ID] != nil, claims["claim"] == saga.ID, kept != nil, told}
}

var (
	everything5 = []bool{true, true, true, true, true}
	nothing5    = []bool{false, false, false, false, false}
)

func testJournalAtomic(l ledger) {
	if l.set.EntityRecords == nil || l.set.Answers == nil || l.set.Outbox == nil {
		return
	}
	sorry := errors.New("sorry")
	saga := l.draft("claim")
	err := l.together(l.ctx(), saga, func(context.Context) error {
		same(l.t, "what is seen from outside", nothing5, l.traces(l.ctx(), saga))
		return sorry
	})
	refused(l.t, "a transaction that gave up", err, sorry)
	same(l.t, "what is there after an error", nothing5, l.traces(l.ctx(), saga))

	func() {
		defer func() { same(l.t, "what was recovered", any("help"), recover()) }()
		_ = l.together(l.ctx(), saga, func(context.Context) error { panic("help") })
	}()
	same(l.t, "what is there after a panic", nothing5, l.traces(l.ctx(), saga))

	ctx, cancel := context.WithCancel(l.ctx())
	err = l.together(ctx, saga, func(context.Context) error { cancel(); return nil })
	refused(l.t, "a transaction that was cancelled", err, context.Canceled)
	same(l.t, "what is there after a cancellation", nothing5, l.traces(l.ctx(), saga))

	noError(l.t, l.Atomic(l.ctx(), func(ctx context.Context) error {
		err := l.together(ctx, saga, func(context.Context) error { return sorry })
		refused(l.t, "an inner transaction that gave up", err, sorry)
		return nil
	}))
	same(l.t, "what is there after an inner error", nothing5, l.traces(l.ctx(), saga))

	noError(l.t, l.Atomic(l.ctx(), func(ctx context.Context) error {
		return l.together(ctx, saga, func(ctx context.Context) error {
			same(l.t, "what is seen inside but the event", everything5[:4], l.traces(ctx, saga)[:4])
			return nil
		})
	}))
	same(l.t, "what is there after a commit", everything5, l.traces(l.ctx(), saga))
	l.end(saga, stores.SagaCommitted)
}

// testJournalAtomicRefused goes on after a claim was refused: the rest is written.
func testJournalAtomicRefused(l ledger) {
	first := l.begin(l.draft("claim"), time.Hour)
	second, third := l.draft("free", "claim"), l.draft("free too")
	noError(l.t, l.Atomic(l.ctx(), func(ctx context.Context) error {
		refused(l.t, "a claim that is taken", l.Begin(ctx, second, time.Hour), stores.ErrConflict)
		l.fenced("a fence that is not held", l.Advance(ctx, first, 7))
		return l.Begin(ctx, third, time.Hour)
	}))
	same(l.t, "claims", map[string]stores.ID{"claim": first.ID, "free too": third.ID}, l.holding("claim", "free", "free too"))
	l.end(third, stores.SagaCommitted)
}

// testJournalAtomicRace reads and writes a saga in many transactions at once: no change may be lost, and none refused.
func testJournalAtomicRace(l ledger) {
	saga := l.begin(l.draft(), time.Hour)
	noError(l.t, errors.Join(race(func(int) error {
		return l.Atomic(l.ctx(), func(ctx context.Context) error {
			got, err := l.ByID(ctx, l.scope, []stores.ID{saga.ID})
			if err != nil {
				return err
			}
			next := got[saga.ID]
			held := next.Fence
			next.Fence++
			return l.Advance(ctx, next, held)
		})
	})...))
	same(l.t, "fence after concurrent transactions", 1+writers, l.stored(saga.ID).Fence)
}
