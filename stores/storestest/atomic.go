package storestest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"thalamus/stores"
)

// Atomic asks whether a set keeps the promise of its Atomic: one transaction over all the contracts it holds.
func Atomic(t *testing.T, open func(testing.TB) *stores.Set) {
	s := suite{t, open(t)}
	if s.set.Vectors != nil {
		bind(t, s.set)
	}
	s.run("Commit", testAtomicCommit)
	s.run("Error", testAtomicError)
	s.run("Panic", testAtomicPanic)
	s.run("Nested", testAtomicNested)
	s.run("NestedError", testAtomicNestedError)
	s.run("FailedWrite", testAtomicFailedWrite)
	s.run("SwallowedError", testAtomicSwallowedError)
	s.run("Isolation", testAtomicIsolation)
	s.run("Race", testAtomicRace)
	s.run("Interrupted", func(w *world) {
		interrupted(w, []call{{"Atomic", func(ctx context.Context) error {
			return w.set.Atomic(ctx, func(ctx context.Context) error { return writeAll(ctx, w) })
		}}}, func() any { return stored(w.ctx(), w) })
	})
	s.run("CancelledInside", testAtomicCancelledInside)
	closed(t, open, func(w *world) []call {
		return []call{{"Atomic", func(ctx context.Context) error {
			return w.set.Atomic(ctx, func(context.Context) error { return nil })
		}}}
	})
}

// part is one contract in a transaction: a write, and a look at what it wrote.
type part struct {
	write func(context.Context) error
	count func(context.Context) (int, error)
}

// parts are the contracts of a set, each with a write of a record that only this call makes.
func parts(w *world) map[string]part {
	set, s := w.set, w.scope
	all := map[string]part{}
	if c := set.Entities; c != nil {
		all["entities"] = part{func(ctx context.Context) error { return c.Put(ctx, s, []*stores.Entity{bareEntity(w)}) },
			func(ctx context.Context) (int, error) { return c.Count(ctx, s, stores.Filter{}) }}
	}
	if c := set.Episodes; c != nil {
		all["episodes"] = part{func(ctx context.Context) error { return c.Put(ctx, s, []*stores.Episode{w.step("s")}) },
			func(ctx context.Context) (int, error) { return c.Count(ctx, s, stores.Filter{}) }}
	}
	if c := set.Procedures; c != nil {
		all["procedures"] = part{func(ctx context.Context) error { return c.Put(ctx, s, []*stores.Procedure{bareProcedure(w)}) },
			func(ctx context.Context) (int, error) { return c.Count(ctx, s, stores.Filter{}) }}
	}
	if c := set.EntityRecords; c != nil {
		all["entity records"] = part{func(ctx context.Context) error {
			return c.Put(ctx, s, []*stores.EntityRecord{named(w, string(stores.NewID()))})
		}, func(ctx context.Context) (int, error) {
			page, err := c.List(ctx, s, stores.Query{Page: stores.Page{First: everyone}})
			return len(page.Items), err
		}}
	}
	if c := set.Todos; c != nil {
		all["todos"] = part{func(ctx context.Context) error { return c.Put(ctx, s, []*stores.Todo{bareTodo(w)}) },
			func(ctx context.Context) (int, error) { return c.Count(ctx, s, stores.Filter{}) }}
	}
	if c := set.Answers; c != nil {
		all["answers"] = part{func(ctx context.Context) error { return c.Put(ctx, s, answer("key", `{}`)) },
			func(ctx context.Context) (int, error) {
				a, err := c.Get(ctx, s, "key")
				return rank(a != nil), err
			}}
	}
	if c := set.Journal; c != nil {
		all["sagas"] = part{func(ctx context.Context) error { return c.Begin(ctx, newLedger(w).draft(), 0) },
			func(ctx context.Context) (int, error) { return c.Count(ctx, s, stores.Filter{}) }}
	}
	if c := set.Vectors; c != nil {
		all["vectors"] = part{func(ctx context.Context) error {
			cloud := newCloud(w)
			return c.Upsert(ctx, s, cloud.in, []stores.Point{cloud.point()})
		}, func(ctx context.Context) (int, error) {
			return c.Count(ctx, s, stores.CollectionEpisodes, stores.Filter{})
		}}
	}
	return all
}

// writeAll writes one record through every contract, until one fails.
func writeAll(ctx context.Context, w *world) error {
	all := parts(w)
	for _, name := range slices.Sorted(maps.Keys(all)) { // transactions that go the same way seldom wait for each other
		if err := all[name].write(ctx); err != nil {
			return err
		}
	}
	return nil
}

// atomic runs fn as callers of Atomic do: again, when the server ended its transaction in favour of another.
func (w *world) atomic(ctx context.Context, fn func(context.Context) error) error {
	for try := 1; ; try++ {
		if err := w.set.Atomic(ctx, fn); try == 8 || !errors.Is(err, stores.ErrUnavailable) {
			return err
		}
	}
}

// stored counts the records of every contract.
func stored(ctx context.Context, w *world) map[string]int {
	w.t.Helper()
	counts := map[string]int{}
	for name, p := range parts(w) {
		n, err := p.count(ctx)
		noError(w.t, err)
		counts[name] = n
	}
	return counts
}

// each is the same count for every contract.
func each(w *world, n int) map[string]int {
	counts := map[string]int{}
	for name := range parts(w) {
		counts[name] = n
	}
	return counts
}

func testAtomicCommit(w *world) {
	noError(w.t, w.atomic(w.ctx(), func(ctx context.Context) error {
		same(w.t, "records before the writes", each(w, 0), stored(ctx, w))
		if err := writeAll(ctx, w); err != nil {
			return err
		}
		same(w.t, "records seen inside", each(w, 1), stored(ctx, w))
		return nil
	}))
	same(w.t, "records after a commit", each(w, 1), stored(w.ctx(), w))
	if w.set.Vectors != nil && w.set.Vectors.Features().Dense {
		c := newCloud(w)
		same(w.t, "points found after a commit", 1, len(c.search(stores.Search{Vector: c.unit(), Limit: 5})[0]))
	}
}

func testAtomicError(w *world) {
	sorry := errors.New("sorry")
	err := w.atomic(w.ctx(), func(ctx context.Context) error {
		if err := writeAll(ctx, w); err != nil {
			return err
		}
		return sorry
	})
	refused(w.t, "a transaction that gave up", err, sorry)
	nothing(w, "an error")
}

// nothing wants a transaction to have left no trace, in any contract or index.
func nothing(w *world, why string) {
	w.t.Helper()
	same(w.t, "records after "+why, each(w, 0), stored(w.ctx(), w))
	if w.set.Vectors != nil && w.set.Vectors.Features().Dense {
		c := newCloud(w)
		same(w.t, "points found after "+why, 0, len(c.search(stores.Search{Vector: c.unit(), Limit: 5})[0]))
	}
	noError(w.t, w.atomic(w.ctx(), func(ctx context.Context) error { return writeAll(ctx, w) }))
	same(w.t, "records of the next transaction after "+why, each(w, 1), stored(w.ctx(), w))
}

func testAtomicPanic(w *world) {
	func() {
		defer func() { same(w.t, "what was recovered", any("help"), recover()) }()
		_ = w.atomic(w.ctx(), func(ctx context.Context) error {
			if err := writeAll(ctx, w); err != nil {
				return err
			}
			panic("help")
		})
	}()
	nothing(w, "a panic")
}

func testAtomicNested(w *world) {
	noError(w.t, w.atomic(w.ctx(), func(ctx context.Context) error {
		if err := w.set.Atomic(ctx, func(ctx context.Context) error { return writeAll(ctx, w) }); err != nil {
			return err
		}
		same(w.t, "records seen after the inner one", each(w, 1), stored(ctx, w))
		return nil
	}))
	same(w.t, "records after a nested commit", each(w, 1), stored(w.ctx(), w))
}

// testAtomicNestedError ends the outer transaction after the inner one succeeded: both are one.
func testAtomicNestedError(w *world) {
	sorry := errors.New("sorry")
	err := w.atomic(w.ctx(), func(ctx context.Context) error {
		if err := w.set.Atomic(ctx, func(ctx context.Context) error { return writeAll(ctx, w) }); err != nil {
			return err
		}
		return sorry
	})
	refused(w.t, "an outer transaction that gave up", err, sorry)
	nothing(w, "an error around an inner transaction")
}

// testAtomicFailedWrite gives up because a write was refused, after others had succeeded.
func testAtomicFailedWrite(w *world) {
	if w.set.Entities == nil {
		return
	}
	absent := bareEntity(w)
	absent.Version = 2
	err := w.atomic(w.ctx(), func(ctx context.Context) error {
		if err := writeAll(ctx, w); err != nil {
			return err
		}
		return w.set.Entities.Swap(ctx, w.scope, absent)
	})
	refused(w.t, "a transaction with a refused write", err, stores.ErrNotFound)
	nothing(w, "a refused write")
}

// testAtomicSwallowedError goes on after a batch was refused: of that batch nothing is written, of the rest everything.
func testAtomicSwallowedError(w *world) {
	if w.set.EntityRecords == nil {
		return
	}
	records := bench[stores.EntityRecord]{w, entityRecordNoun(w.set)}
	taken := named(w, "taken")
	records.save(taken)
	noError(w.t, w.atomic(w.ctx(), func(ctx context.Context) error {
		err := records.put(ctx, w.scope, []*stores.EntityRecord{named(w, "free"), named(w, "taken")})
		refused(w.t, "a taken name inside", err, stores.ErrConflict)
		return records.put(ctx, w.scope, []*stores.EntityRecord{named(w, "another")})
	}))
	got := byName(records, "free", "taken", "another")
	same(w.t, "records of a refused batch", true, got["free"] == nil)
	same(w.t, "the record in its way", taken, got["taken"])
	same(w.t, "records written after it", true, got["another"] != nil)
}

// testAtomicIsolation looks from outside while a transaction is open.
func testAtomicIsolation(w *world) {
	noError(w.t, w.atomic(w.ctx(), func(ctx context.Context) error {
		if err := writeAll(ctx, w); err != nil {
			return err
		}
		same(w.t, "records seen from outside", each(w, 0), stored(w.ctx(), w))
		return nil
	}))
	same(w.t, "records after a commit", each(w, 1), stored(w.ctx(), w))
}

// testAtomicRace reads and writes a counter in many transactions at once: none may be lost.
func testAtomicRace(w *world) {
	if w.set.Todos == nil {
		return
	}
	todo := bareTodo(w)
	noError(w.t, w.set.Todos.Put(w.ctx(), w.scope, []*stores.Todo{todo}))
	noError(w.t, errors.Join(race(func(int) error {
		return w.atomic(w.ctx(), func(ctx context.Context) error {
			got, err := w.set.Todos.ByID(ctx, w.scope, []stores.ID{todo.ID}, nil)
			if err != nil {
				return err
			}
			next := got[todo.ID]
			next.Version++
			return w.set.Todos.Put(ctx, w.scope, []*stores.Todo{next})
		})
	})...))
	got, err := w.set.Todos.ByID(w.ctx(), w.scope, []stores.ID{todo.ID}, nil)
	noError(w.t, err)
	same(w.t, "counter after concurrent transactions", 1+writers, got[todo.ID].Version)
}

// testAtomicCancelledInside cancels after the writes: there must be no commit.
func testAtomicCancelledInside(w *world) {
	ctx, cancel := context.WithTimeout(w.ctx(), time.Hour)
	defer cancel()
	err := w.atomic(ctx, func(inner context.Context) error {
		if err := writeAll(inner, w); err != nil {
			return err
		}
		cancel()
		return nil
	})
	refused(w.t, "a transaction cancelled before its end", err, context.Canceled)
	nothing(w, "a cancellation")
}
