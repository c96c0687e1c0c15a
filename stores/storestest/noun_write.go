package storestest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"thalamus/stores"
)

func testRoundTrip[T any](b bench[T]) {
	b.each(40, func(b bench[T], items []*T) {
		for _, item := range items {
			b.holds("random record", item)
		}
	})
	for name, make := range map[string]func(*world) *T{
		"record with every field": func(w *world) *T { return b.rich(w, "some text") },
		"bare record":             b.bare,
	} {
		b := b.at(newScope())
		item := make(b.world)
		b.valid(item)
		b.save(item)
		b.holds(name, item)
		listed := b.all()
		if d := diff([]*T{item}, listed, b.options()...); d != "" {
			b.t.Errorf("list of a %s (-want +got):\n%s", name, d)
		}
	}
}

// valid makes sure that a suite asks for nothing that the noun itself refuses.
func (b bench[T]) valid(item *T) {
	b.t.Helper()
	if v, ok := any(item).(interface{ Validate() error }); ok {
		noError(b.t, v.Validate())
	}
}

// testTexts stores every hostile text in every text field and finds it again.
func testTexts[T any](b bench[T]) {
	for i, s := range hostile {
		b := b
		if b.perScope > 0 {
			b = b.at(newScope())
		}
		item := b.rich(b.world, s)
		for _, text := range b.texts(item) {
			*text.at = s
		}
		b.valid(item)
		b.save(item)
		b.holds(fmt.Sprintf("text %d %q", i, s), item)
		for _, text := range b.texts(item) {
			for _, op := range []stores.Op{stores.Eq, stores.Contains, stores.StartsWith, stores.Gte} {
				where := stores.All(stores.Where(text.field, op, s), stores.Where("id", stores.Eq, string(b.id(item))))
				if b.total(where) != 1 {
					b.t.Errorf("%s %s %q does not find the record", text.field, op, s)
				}
			}
		}
	}
}

// testLimits stores the longest texts that a noun accepts, in four-byte characters.
func testLimits[T any](b bench[T]) {
	item := b.rich(b.world, "x")
	for _, text := range b.texts(item) {
		*text.at = full(text.limit)
	}
	b.valid(item)
	b.save(item)
	b.holds("longest texts", item)
}

// testPrecision stores instants of other zones and finer precision: they come back in UTC, cut to microseconds.
func testPrecision[T any](b bench[T]) {
	zone := time.FixedZone("far", -11*3600)
	item := b.rich(b.world, "x")
	times := instants(item)
	if len(times) == 0 {
		b.t.Fatal("the noun has no instants")
	}
	for i, at := range times {
		*at = time.Date(2024, 3, 31, 1, 2, 3+i, 123_456_789, zone)
	}
	b.save(item)
	for _, at := range times {
		*at = at.UTC().Truncate(time.Microsecond)
	}
	b.holds("instants of another zone and finer precision", item)
}

func testReplace[T any](b bench[T]) {
	for name, make := range map[string]func(*world) *T{
		"record with every field": func(w *world) *T { return b.rich(w, "new") },
		"bare record":             b.bare,
		"random record":           func(w *world) *T { return b.random(w, 7) },
	} {
		b := b.at(newScope())
		old := b.rich(b.world, "old")
		b.save(old)
		item := make(b.world)
		*b.head(item).id = b.id(old)
		b.save(item)
		b.holds("replaced by a "+name, item)
		same(b.t, "records after a replacement", 1, b.total(stores.Filter{}))
		b.save(item)
		b.holds("put again", item)
	}
}

func testMissing[T any](b bench[T]) {
	b.each(3, func(b bench[T], items []*T) {
		ids := append(b.ids(items), stores.NewID(), "", "not-an-id", stores.ID(hostile[0]))
		got := b.get(nil, append(ids, ids...)...)
		if len(got) != len(items) {
			b.t.Errorf("reading %d stored and 4 unknown ids twice gave %d records", len(items), len(got))
		}
	})
	if got := b.at(newScope()).get(nil, stores.NewID()); len(got) != 0 {
		b.t.Errorf("an unknown id gave %v", got)
	}
}

func testEmptyBatches[T any](b bench[T]) {
	b.save()
	if got := b.get(nil); len(got) != 0 {
		b.t.Errorf("no ids gave %d records", len(got))
	}
	same(b.t, "deleted by no ids", 0, b.remove())
	same(b.t, "records in an empty scope", 0, b.total(stores.Filter{}))
	got := b.page(stores.Query{Page: stores.Page{First: 5}})
	if len(got.Items) != 0 || len(got.Cursors) != 0 || got.HasNext || got.HasPrevious {
		b.t.Errorf("the list of an empty scope is %+v", got)
	}
	last := b.page(stores.Query{Page: stores.Page{Last: 5}})
	if len(last.Items) != 0 || last.HasNext || last.HasPrevious {
		b.t.Errorf("the list of an empty scope, read from its end, is %+v", last)
	}
}

func testLargeBatches[T any](b bench[T]) {
	n := huge()
	items := b.some(n)
	b.save(items...)
	ids := b.ids(items)
	for range n {
		ids = append(ids, stores.NewID())
	}
	b.rand.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	if got := b.get([]stores.Field{}, ids...); len(got) != n {
		b.t.Errorf("reading %d ids of which %d are stored gave %d records", len(ids), n, len(got))
	}
	same(b.t, "records counted", n, b.total(stores.Filter{}))
	same(b.t, "records deleted", n, b.remove(ids...))
	same(b.t, "records left", 0, b.total(stores.Filter{}))
}

func testDuplicates[T any](b bench[T]) {
	first, second, other := b.random(b.world, 0), b.random(b.world, 1), b.random(b.world, 2)
	*b.head(second).id = b.id(first)
	b.save(first, other, second)
	b.holds("the later of two with one id", second)
	b.holds("the other", other)
	same(b.t, "records", 2, b.total(stores.Filter{}))
	id := b.id(second)
	if got := b.get(nil, id, id, id); len(got) != 1 {
		b.t.Errorf("one id three times gave %d records", len(got))
	}
	same(b.t, "deleted by one id three times", 1, b.remove(id, id, id))
}

func testDelete[T any](b bench[T]) {
	b.each(5, func(b bench[T], items []*T) {
		n := len(items)
		gone := b.id(items[0])
		same(b.t, "deleted", 1, b.remove(gone, stores.NewID(), "not-an-id"))
		same(b.t, "deleted once more", 0, b.remove(gone))
		same(b.t, "records left", n-1, b.total(stores.Filter{}))
		if got := b.get(nil, b.ids(items)...); len(got) != n-1 || got[gone] != nil {
			b.t.Errorf("%d records read after one of %d was deleted", len(got), n)
		}
		b.save(items[0])
		b.holds("deleted and put again", items[0])
	})
}

// testPutRace has many writers put the same records at once, each in an order of its own: none fails for good, and every
// record is as one of them wrote it, whole.
func testPutRace[T any](b bench[T]) {
	n := 20
	if b.perScope > 0 {
		n = b.perScope
	}
	ids := b.ids(b.some(n))
	batches := make([][]*T, writers)
	for i := range batches {
		batches[i] = b.some(n)
		for k, item := range batches[i] {
			*b.head(item).id = ids[k]
		}
	}
	shuffled := make([][]*T, writers)
	for i := range batches {
		shuffled[i] = slices.Clone(batches[i])
		b.rand.Shuffle(n, func(x, y int) { shuffled[i][x], shuffled[i][y] = shuffled[i][y], shuffled[i][x] })
	}
	noError(b.t, errors.Join(race(func(i int) error { return b.put(b.ctx(), b.scope, shuffled[i]) })...))
	got := b.get(nil, ids...)
	for k, id := range ids {
		if !slices.ContainsFunc(batches, func(batch []*T) bool { return diff(batch[k], got[id], b.options()...) == "" }) {
			b.t.Errorf("record %d is as nobody wrote it: %+v", k, got[id])
		}
	}
	same(b.t, "records", n, b.total(stores.Filter{}))
}

func testSwap[T any](b bench[T]) {
	absent := b.random(b.world, 0)
	*b.head(absent).version = 2
	refused(b.t, "swap of an unknown record", b.swap(b.ctx(), b.scope, absent), stores.ErrNotFound)
	same(b.t, "records after that", 0, b.total(stores.Filter{}))

	old := b.random(b.world, 1)
	b.save(old)
	edit := func(make func() *T, version int) *T {
		item := make()
		*b.head(item).id, *b.head(item).version = b.id(old), version
		return item
	}
	second := edit(func() *T { return b.rich(b.world, "second") }, 2)
	noError(b.t, b.swap(b.ctx(), b.scope, second))
	b.holds("swapped", second)
	for _, version := range []int{-1, 0, 1, 2, 4, 100} {
		item := edit(func() *T { return b.random(b.world, 3) }, version)
		refused(b.t, fmt.Sprintf("swap of version 2 by %d", version), b.swap(b.ctx(), b.scope, item), stores.ErrConflict)
	}
	b.holds("after refused swaps", second)
	third := edit(func() *T { return b.bare(b.world) }, 3)
	*b.head(third).version = 3
	noError(b.t, b.swap(b.ctx(), b.scope, third))
	b.holds("swapped again", third)

	far := b.at(newScope())
	foreign := b.random(far.world, 4)
	*b.head(foreign).id, *b.head(foreign).version = b.id(old), 4
	refused(b.t, "swap of a foreign record", b.swap(b.ctx(), far.scope, foreign), stores.ErrNotFound)
	b.holds("after a foreign swap", third)
	b.remove(b.id(third))
	*b.head(third).version = 4
	refused(b.t, "swap of a deleted record", b.swap(b.ctx(), b.scope, third), stores.ErrNotFound)
}

func testSwapRace[T any](b bench[T]) {
	item := b.random(b.world, 0)
	b.save(item)
	for version := 2; version <= 6; version++ {
		edits := make([]*T, writers)
		for i := range edits {
			edits[i] = b.random(b.world, 0)
			*b.head(edits[i]).id, *b.head(edits[i]).version = b.id(item), version
		}
		winner := -1
		errs := race(func(i int) error { return b.swap(b.ctx(), b.scope, edits[i]) })
		oneWinner(b.t, errs, stores.ErrConflict)
		for i, err := range errs {
			if err == nil {
				winner = i
			}
		}
		if winner < 0 {
			b.t.Fatal(errors.Join(errs...))
		}
		b.holds(fmt.Sprintf("version %d", version), edits[winner])
	}
}
