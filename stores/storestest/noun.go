package storestest

import (
	"context"

	"github.com/google/go-cmp/cmp"

	"thalamus/stores"
)

// noun is what the suites need to know of one noun and its contract. One driver runs for all nouns.
type noun[T any] struct {
	spec     stores.Spec
	perScope int // how many records a scope may hold; 0 for any number
	byID     func(context.Context, stores.Scope, []stores.ID, []stores.Field) (map[stores.ID]*T, error)
	list     func(context.Context, stores.Scope, stores.Query) (stores.Slice[*T], error)
	count    func(context.Context, stores.Scope, stores.Filter) (int, error) // nil when the contract has none
	put      func(context.Context, stores.Scope, []*T) error
	swap     func(context.Context, stores.Scope, *T) error // nil when the contract has none
	drop     func(context.Context, stores.Scope, []stores.ID) (int, error)

	random func(w *world, i int) *T       // a valid record; records of one scope differ in i
	rich   func(w *world, s string) *T    // a record with every field set, texts to s
	bare   func(w *world) *T              // a record with nothing but what it must have
	head   func(*T) head                  // its identity
	texts  func(*T) []text                // its free texts
	value  func(*T, stores.Field) any     // a field as filters see it
	strip  func(*T, stores.Field)         // empties a heavy field
	equal  cmp.Option                     // how to compare it, besides field by field
	more   func(w *world, item *T) []call // the methods that only this contract has
}

// head points at the fields that every noun has; version is nil when it has none.
type head struct {
	id      *stores.ID
	scope   *stores.Scope
	version *int
}

// text points at a free text and tells its longest length.
type text struct {
	field stores.Field
	at    *string
	limit int
}

// bench is a noun in a world: the contract's methods with errors taken care of.
type bench[T any] struct {
	*world
	noun[T]
}

func (b bench[T]) id(item *T) stores.ID { return *b.head(item).id }

func (b bench[T]) ids(items []*T) []stores.ID { return idsOf(items, b.id) }

// at is the bench in another scope.
func (b bench[T]) at(s stores.Scope) bench[T] { return bench[T]{b.in(s), b.noun} }

// some makes n random records.
func (b bench[T]) some(n int) []*T {
	items := make([]*T, n)
	for i := range items {
		items[i] = b.random(b.world, i)
	}
	return items
}

// stored makes n random records, stores them in another order than that of their ids, and gives them.
func (b bench[T]) stored(n int) []*T {
	b.t.Helper()
	items := b.some(n)
	b.rand.Shuffle(n, func(i, j int) { items[i], items[j] = items[j], items[i] })
	b.save(items...)
	return items
}

func (b bench[T]) save(items ...*T) {
	b.t.Helper()
	noError(b.t, b.put(b.ctx(), b.scope, items))
}

func (b bench[T]) get(fields []stores.Field, ids ...stores.ID) map[stores.ID]*T {
	b.t.Helper()
	got, err := b.byID(b.ctx(), b.scope, ids, fields)
	noError(b.t, err)
	return got
}

func (b bench[T]) page(q stores.Query) stores.Slice[*T] {
	b.t.Helper()
	got, err := b.list(b.ctx(), b.scope, q)
	noError(b.t, err)
	return got
}

// all lists everything in the default order.
func (b bench[T]) all() []*T {
	b.t.Helper()
	return b.page(stores.Query{Page: stores.Page{First: everyone}}).Items
}

// everyone is a page larger than any list that is read in one page.
const everyone = 3000

func (b bench[T]) total(where stores.Filter) int {
	b.t.Helper()
	if b.count == nil {
		return len(b.page(stores.Query{Where: where, Page: stores.Page{First: everyone}}).Items)
	}
	n, err := b.count(b.ctx(), b.scope, where)
	noError(b.t, err)
	return n
}

func (b bench[T]) remove(ids ...stores.ID) int {
	b.t.Helper()
	n, err := b.drop(b.ctx(), b.scope, ids)
	noError(b.t, err)
	return n
}

// holds wants the stored record to be exactly the item, with all its fields.
func (b bench[T]) holds(what string, item *T) {
	b.t.Helper()
	got := b.get(nil, b.id(item))[b.id(item)]
	if d := diff(item, got, b.options()...); d != "" {
		b.t.Errorf("%s: stored record differs (-want +got):\n%s", what, d)
	}
}

func (b bench[T]) options() []cmp.Option {
	if b.equal == nil {
		return nil
	}
	return []cmp.Option{b.equal}
}

// calls are the methods every noun has, and its own, with arguments that would succeed. Each may be made at the same time as
// the others: a write has items of its own, since it may change them.
func (b bench[T]) calls(item *T) []call {
	s, fresh, stored := b.scope, *b.random(b.world, 1), *item
	put := func(item T) func(context.Context) error {
		return func(ctx context.Context) error { return b.put(ctx, s, []*T{&item}) }
	}
	list := []call{
		{"ByID", ask(func(ctx context.Context) (map[stores.ID]*T, error) {
			return b.byID(ctx, s, []stores.ID{b.id(item)}, nil)
		})},
		{"List", ask(func(ctx context.Context) (stores.Slice[*T], error) {
			return b.list(ctx, s, stores.Query{Page: stores.Page{First: 1}})
		})},
		{"Put of a new record", put(fresh)},
		{"Put of a stored record", put(stored)},
		{"Delete", ask(func(ctx context.Context) (int, error) { return b.drop(ctx, s, []stores.ID{b.id(item)}) })},
	}
	if b.count != nil {
		list = append(list, call{"Count", ask(func(ctx context.Context) (int, error) { return b.count(ctx, s, stores.Filter{}) })})
	}
	if b.swap != nil {
		next := *item
		*b.head(&next).version++
		list = append(list, call{"Swap", func(ctx context.Context) error { return b.swap(ctx, s, &next) }})
	}
	if b.more != nil {
		list = append(list, b.more(b.world, item)...)
	}
	return list
}

// nounSuite runs what every noun must keep.
func nounSuite[T any](s suite, open opener, of func(*stores.Set) noun[T]) {
	n := of(s.set)
	run := func(name string, fn func(bench[T])) {
		s.run(name, func(w *world) { fn(bench[T]{w, n}) })
	}
	run("RoundTrip", testRoundTrip[T])
	run("Texts", testTexts[T])
	run("Limits", testLimits[T])
	run("Precision", testPrecision[T])
	run("Replace", testReplace[T])
	run("Projection", testProjection[T])
	run("Missing", testMissing[T])
	run("EmptyBatches", testEmptyBatches[T])
	run("Delete", testDelete[T])
	run("PutRace", testPutRace[T])
	run("Scopes", testScopes[T])
	run("ForeignIDs", testForeignIDs[T])
	run("Filters", testFilters[T])
	run("RandomFilters", testRandomFilters[T])
	run("RefusedFilters", testRefusedFilters[T])
	run("Interrupted", testInterrupted[T])
	if n.swap != nil {
		run("Swap", testSwap[T])
		run("SwapRace", testSwapRace[T])
	}
	if n.perScope == 0 {
		run("LargeBatches", testLargeBatches[T])
		run("Duplicates", testDuplicates[T])
		run("Orders", testOrders[T])
		run("Paging", testPaging[T])
		run("PagingWhileWriting", testPagingWhileWriting[T])
		run("RefusedPages", testRefusedPages[T])
	}
	closed(s.t, open, func(w *world) []call {
		b := bench[T]{w, of(w.set)}
		return b.calls(b.stored(1)[0])
	})
}

func testInterrupted[T any](b bench[T]) {
	item := b.stored(1)[0]
	interrupted(b.world, b.calls(item), func() any { return b.all() })
}

// each runs fn on populations of random records: one of n, or n of one where a scope holds only one.
func (b bench[T]) each(n int, fn func(b bench[T], items []*T)) {
	b.t.Helper()
	if b.perScope == 0 {
		fn(b, b.stored(n))
		return
	}
	for i := range min(n, 6) {
		one := b.at(newScope())
		item := b.random(one.world, i)
		one.save(item)
		fn(one, []*T{item})
	}
}
