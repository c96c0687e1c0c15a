package storestest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"thalamus/stores"
)

// Fences asks whether the graph of a set refuses the writes of a saga that come too late: see [stores.Fenced]. The set must
// have entities, which edges join.
func Fences(t *testing.T, open func(testing.TB) *stores.Set) {
	s := suite{t, open(t)}
	fencesOf(s, "Entities", entityNoun)
	if s.set.Episodes != nil {
		fencesOf(s, "Episodes", episodeNoun)
	}
	if s.set.Procedures != nil {
		fencesOf(s, "Procedures", procedureNoun)
	}
	if s.set.Relationships != nil {
		fencesOf(s, "Relationships", relationshipNoun)
		s.run("Weights", func(w *world) { testFencedWeights(edges{w, relationshipNoun(w.set)}) })
		s.run("AcrossContracts", testFenceAcrossContracts)
	}
	if s.set.Scopes != nil {
		s.run("EmptyScope", testFenceInEmptyScope)
	}
}

// fencesOf tests the fences of one noun.
func fencesOf[T any](s suite, name string, of func(*stores.Set) noun[T]) {
	run := func(test string, fn func(bench[T])) {
		s.run(name+"/"+test, func(w *world) { fn(bench[T]{w, of(w.set)}) })
	}
	run("Stale", testStaleWrites[T])
	run("Raised", testRaisedFence[T])
	run("Others", testFenceOfOthers[T])
	run("AbsentScope", testFenceInAbsentScope[T])
	run("EmptiedScope", testFenceInEmptiedScope[T])
	run("LateCreate", testLateCreate[T])
	run("Race", testFenceRace[T])
}

// fenced lets writes be made in the name of a saga.
func (w *world) fenced(saga stores.ID, token int) context.Context {
	return stores.Fenced(w.ctx(), stores.Fence{Saga: saga, Token: token})
}

// fencedOff wants the error of a write that came too late.
func fencedOff(t testing.TB, what string, err error) {
	t.Helper()
	refused(t, what, err, stores.ErrConflict)
	refused(t, what, err, stores.ErrFenced)
}

// raise has the store remember a token by a write that changes nothing.
func (b bench[T]) raise(saga stores.ID, token int) {
	b.t.Helper()
	n, err := b.drop(b.fenced(saga, token), b.scope, []stores.ID{stores.NewID()})
	noError(b.t, err)
	same(b.t, "deleted by an unknown id", 0, n)
}

// edit is the next version of a record.
func (b bench[T]) edit(item *T, version int) *T {
	next := b.random(b.world, 1)
	*b.head(next).id, *b.head(next).version = b.id(item), version
	return next
}

// writes are a put of a new record, and a put, a swap and a delete of a stored one, made with a context.
func (b bench[T]) writes(ctx context.Context, item *T, version int) []call {
	fresh, again, next := b.random(b.world, 2), *item, b.edit(item, version+1)
	list := []call{
		{"put of a new record", func(context.Context) error { return b.put(ctx, b.scope, []*T{fresh}) }},
		{"put of a stored record", func(context.Context) error { return b.put(ctx, b.scope, []*T{&again}) }},
		{"swap", func(context.Context) error { return b.swap(ctx, b.scope, next) }},
	}
	return append(list, call{"delete", func(context.Context) error {
		_, err := b.drop(ctx, b.scope, []stores.ID{b.id(item)})
		return err
	}})
}

// testStaleWrites wants every write with a lower token to be refused and to change nothing.
func testStaleWrites[T any](b bench[T]) {
	item, saga := b.stored(1)[0], stores.NewID()
	b.raise(saga, 3)
	for _, token := range []int{1, 2} {
		for _, w := range b.writes(b.fenced(saga, token), item, 1) {
			fencedOff(b.t, w.name, w.do(b.ctx()))
		}
	}
	unknown := b.edit(b.random(b.world, 3), 2)
	fencedOff(b.t, "swap of an unknown record", b.swap(b.fenced(saga, 1), b.scope, unknown))
	b.holds("after stale writes", item)
	same(b.t, "records after stale writes", 1, b.total(stores.Filter{}))
}

// testRaisedFence wants every write to pass with the token that is known and with a higher one, which is then remembered.
func testRaisedFence[T any](b bench[T]) {
	for i := range 4 {
		item, saga := b.random(b.world, 0), stores.NewID()
		for token := 1; token <= 3; token++ {
			for range 2 {
				b.save(item)
				w := b.writes(b.fenced(saga, token), item, 1)[i]
				noError(b.t, w.do(b.ctx()))
			}
			if token > 1 {
				fencedOff(b.t, "write with the token before", b.put(b.fenced(saga, token-1), b.scope, []*T{item}))
			}
		}
		b.remove(b.ids(b.all())...)
	}
}

// testFenceOfOthers wants a fence to stand against the writes of its saga alone.
func testFenceOfOthers[T any](b bench[T]) {
	saga := stores.NewID()
	b.raise(saga, 9)
	for _, ctx := range []context.Context{b.ctx(), b.fenced(stores.NewID(), 1), b.fenced(stores.NewID(), 2)} {
		item := b.random(b.world, 0)
		b.save(item)
		for _, w := range b.writes(ctx, item, 1) {
			noError(b.t, w.do(b.ctx()))
		}
		b.remove(b.ids(b.all())...)
	}
	fencedOff(b.t, "write of the saga after those of others", b.put(b.fenced(saga, 8), b.scope, []*T{b.random(b.world, 1)}))
}

// testFenceInAbsentScope raises a fence by the undo of a write that has not arrived yet, in a scope that holds nothing.
func testFenceInAbsentScope[T any](b bench[T]) {
	saga := stores.NewID()
	b.raise(saga, 2)
	late := b.bare(b.world)
	fencedOff(b.t, "create that comes after its undo", b.put(b.fenced(saga, 1), b.scope, []*T{late}))
	same(b.t, "records after that", 0, b.total(stores.Filter{}))
	b.save(late)
	b.holds("record of another write", late)
	b.remove(b.id(late))
	fencedOff(b.t, "create that comes once more", b.put(b.fenced(saga, 1), b.scope, []*T{late}))
}

// testFenceInEmptiedScope takes back all that a scope holds.
func testFenceInEmptiedScope[T any](b bench[T]) {
	item, saga := b.bare(b.world), stores.NewID()
	noError(b.t, b.put(b.fenced(saga, 1), b.scope, []*T{item}))
	n, err := b.drop(b.fenced(saga, 2), b.scope, []stores.ID{b.id(item)})
	noError(b.t, err)
	same(b.t, "deleted by the undo", 1, n)
	fencedOff(b.t, "create that is sent again", b.put(b.fenced(saga, 1), b.scope, []*T{item}))
	same(b.t, "records after that", 0, b.total(stores.Filter{}))
	noError(b.t, b.put(b.fenced(saga, 2), b.scope, []*T{item}))
	b.holds("put with the token of the undo", item)
}

// testLateCreate races creates with their undo, in scopes of their own: whoever comes first, nothing is left.
func testLateCreate[T any](b bench[T]) {
	for range 5 {
		b, saga := b.at(newScope()), stores.NewID()
		item := b.bare(b.world)
		errs := race(func(i int) error {
			if i%2 == 0 {
				_, err := b.drop(b.fenced(saga, 2), b.scope, []stores.ID{b.id(item)})
				return err
			}
			mine := *item
			return b.put(b.fenced(saga, 1), b.scope, []*T{&mine})
		})
		noError(b.t, errors.Join(slices.DeleteFunc(errs, func(err error) bool { return errors.Is(err, stores.ErrFenced) })...))
		same(b.t, "records after the undo", 0, b.total(stores.Filter{}))
	}
}

// testFenceRace writes one record with many tokens at once: the highest stays.
func testFenceRace[T any](b bench[T]) {
	saga, first := stores.NewID(), b.random(b.world, 0)
	versions := make([]*T, writers)
	for i := range versions {
		versions[i] = b.edit(first, 1)
	}
	errs := race(func(i int) error { return b.put(b.fenced(saga, i+1), b.scope, versions[i:i+1]) })
	noError(b.t, errs[writers-1])
	noError(b.t, errors.Join(slices.DeleteFunc(errs, func(err error) bool { return errors.Is(err, stores.ErrFenced) })...))
	b.holds("record that many tokens wrote", versions[writers-1])
}

// weighings are the writes that only edges have, made with a context.
func weighings(ctx context.Context, b edges, id stores.ID) []call {
	c, ids := b.set.Relationships, []stores.ID{id}
	return []call{
		{"strengthen", ask(func(context.Context) (map[stores.ID]*stores.Relationship, error) {
			return c.Strengthen(ctx, b.scope, ids, 0.5, stores.Now())
		})},
		{"weaken", ask(func(context.Context) (map[stores.ID]*stores.Relationship, error) {
			return c.Weaken(ctx, b.scope, ids, 0.5, stores.Now())
		})},
		{"decay", ask(func(context.Context) (stores.Faded, error) {
			return c.Decay(ctx, b.scope, stores.Decay{StaleBefore: stores.Now(), Rate: 0.5})
		})},
	}
}

// testFencedWeights wants the same of the writes that only edges have, also in a scope that holds nothing.
func testFencedWeights(b edges) {
	item, saga := weighed(b, 0.5)[0], stores.NewID()
	b.raise(saga, 3)
	for i, w := range weighings(b.fenced(saga, 2), b, item.ID) {
		fencedOff(b.t, w.name, w.do(b.ctx()))
		b.holds("edge after a stale "+w.name, item)
		for _, b := range []edges{b, b.at(newScope())} {
			saga := stores.NewID()
			for range 2 {
				noError(b.t, weighings(b.fenced(saga, 2), b, item.ID)[i].do(b.ctx()))
			}
			fencedOff(b.t, "put that comes after a "+w.name, b.put(b.fenced(saga, 1), b.scope, []*stores.Relationship{b.bare(b.world)}))
		}
		b.save(item)
	}
}

// testFenceAcrossContracts wants a fence that one contract met to stand against writes through another.
func testFenceAcrossContracts(w *world) {
	entities, edges := bench[stores.Entity]{w, entityNoun(w.set)}, edges{w, relationshipNoun(w.set)}
	saga, edge := stores.NewID(), edges.bare(w)
	entities.raise(saga, 2)
	fencedOff(w.t, "edge of a saga that was taken back", edges.put(w.fenced(saga, 1), w.scope, []*stores.Relationship{edge}))
	far := edges.at(newScope())
	far.raise(saga, 3)
	fencedOff(w.t, "edge in another scope", edges.put(w.fenced(saga, 2), w.scope, []*stores.Relationship{edge}))
	same(w.t, "edges", 0, edges.total(stores.Filter{}))
}

// testFenceInEmptyScope wants a scope that holds nothing but fences to be none.
func testFenceInEmptyScope(w *world) {
	b, saga := bench[stores.Entity]{w, entityNoun(w.set)}, stores.NewID()
	b.raise(saga, 2)
	refused(w.t, "swap of an unknown record", b.swap(w.fenced(saga, 3), w.scope, b.edit(b.bare(w), 2)), stores.ErrNotFound)
	fencedOff(w.t, "late create", b.put(w.fenced(saga, 1), w.scope, []*stores.Entity{b.bare(w)}))
	scopes, err := w.set.Scopes.Scopes(w.ctx())
	noError(w.t, err)
	same(w.t, "the scope is listed", false, slices.Contains(scopes, w.scope))
}
