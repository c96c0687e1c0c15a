package storestest

import (
	"slices"

	"thalamus/stores"
)

// conditions are random filters about the given records.
func (b bench[T]) conditions(items []*T) conditions {
	return conditions{b.world, b.spec, func(f stores.Field) any { return b.value(pick(b.world, items), f) }}
}

// matches wants a filter to find and count exactly the records that [stores.Filter.Match] accepts.
func (b bench[T]) matches(items []*T, where stores.Filter) {
	b.t.Helper()
	checked, err := b.spec.Check(where)
	noError(b.t, err)
	var want []stores.ID
	for _, item := range items {
		if checked.Match(func(f stores.Field) any { return b.value(item, f) }) {
			want = append(want, b.id(item))
		}
	}
	page, err := b.list(b.ctx(), b.scope, stores.Query{Where: where, Fields: []stores.Field{}, Page: stores.Page{First: everyone}})
	if err != nil {
		b.t.Errorf("list where %s: %v", show(where), err)
		return
	}
	got := b.ids(page.Items)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		b.t.Errorf("list where %s: found %d records, want %d%s", show(where), len(got), len(want), b.example(items, want, got, where))
	}
	if n := b.total(where); n != len(want) {
		b.t.Errorf("count where %s: %d, want %d", show(where), n, len(want))
	}
}

// example shows one record that a filter should have found, or should not have.
func (b bench[T]) example(items []*T, want, got []stores.ID, where stores.Filter) string {
	for _, item := range items {
		in, out := slices.Contains(want, b.id(item)), slices.Contains(got, b.id(item))
		if in == out {
			continue
		}
		s := "; missing one with"
		if out {
			s = "; found one with"
		}
		for _, f := range mentioned(where) {
			s += " " + show(stores.Where(f, "=", b.value(item, f)))
		}
		return s
	}
	return ""
}

// mentioned are the fields that a filter compares.
func mentioned(f stores.Filter) []stores.Field {
	if f.Field != "" {
		return []stores.Field{f.Field}
	}
	var out []stores.Field
	for _, t := range f.Terms {
		out = append(out, mentioned(t)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func testFilters[T any](b bench[T]) {
	b.each(60, func(b bench[T], items []*T) {
		b.conditions(items).every(func(where stores.Filter) { b.matches(items, where) })
		for _, op := range []stores.Op{stores.And, stores.Or, stores.Not} {
			b.matches(items, stores.Filter{Op: op})
			b.matches(items, stores.Filter{Op: op, Terms: []stores.Filter{{}}})
		}
		long := make([]any, 1000)
		for i := range long {
			long[i] = string(stores.NewID())
		}
		long[500] = string(b.id(items[0]))
		b.matches(items, stores.Where("id", stores.In, long))
		deep := stores.Where("id", stores.In, long)
		for range 100 {
			deep = stores.Filter{Op: stores.Not, Terms: []stores.Filter{deep}}
		}
		b.matches(items, deep)
	})
}

func testRandomFilters[T any](b bench[T]) {
	b.each(60, func(b bench[T], items []*T) {
		for range 45 {
			b.matches(items, b.conditions(items).tree(3))
		}
	})
}

func testRefusedFilters[T any](b bench[T]) {
	for _, where := range wrongFilters(b.spec) {
		_, err := b.list(b.ctx(), b.scope, stores.Query{Where: where, Page: stores.Page{First: 1}})
		refused(b.t, "list where "+show(where), err, stores.ErrInvalid)
		if b.count != nil {
			_, err := b.count(b.ctx(), b.scope, where)
			refused(b.t, "count where "+show(where), err, stores.ErrInvalid)
		}
	}
}
