package storestest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"thalamus/stores"
)

// lister reads one page of a list: that of a noun, or the children of one parent.
type lister[T any] func(stores.Query) (stores.Slice[*T], error)

func (b bench[T]) lister() lister[T] {
	return func(q stores.Query) (stores.Slice[*T], error) { return b.list(b.ctx(), b.scope, q) }
}

// sorted puts records in order: null first when ascending, last when descending, the id as the last tie-break.
func (b bench[T]) sorted(items []*T, order []stores.Order) []*T {
	b.t.Helper()
	order, err := b.spec.Sorted(order)
	noError(b.t, err)
	items = slices.Clone(items)
	slices.SortFunc(items, func(x, y *T) int {
		for _, o := range order {
			c := compareValues(b.value(x, o.Field), b.value(y, o.Field))
			if o.Direction == stores.Descending {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
	return items
}

func compareValues(a, b any) int {
	if a == nil || b == nil {
		return cmp.Compare(rank(a != nil), rank(b != nil))
	}
	switch a := a.(type) {
	case string:
		return strings.Compare(a, b.(string))
	case float64:
		return cmp.Compare(a, b.(float64))
	case time.Time:
		return a.Compare(b.(time.Time))
	default:
		return cmp.Compare(rank(a.(bool)), rank(b.(bool)))
	}
}

func rank(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// walk reads a whole list page by page, from its start or from its end, and gives the ids in list order. Every page must
// be full but the last, and tell the truth about what lies around it.
func (b bench[T]) walk(read lister[T], q stores.Query, size, total int, backward bool) []stores.ID {
	b.t.Helper()
	var ids []stores.ID
	what := fmt.Sprintf("pages of %d in order %v", size, q.Order)
	q.Page = stores.Page{First: size}
	if backward {
		what, q.Page = what+" from the end", stores.Page{Last: size}
	}
	for {
		page, err := read(q)
		noError(b.t, err)
		got := b.ids(page.Items)
		if len(page.Cursors) != len(got) {
			b.t.Fatalf("%s: %d items with %d cursors", what, len(got), len(page.Cursors))
		}
		before, after := len(ids) > 0, len(ids)+len(got) < total
		if backward {
			before, after = after, before
		}
		if page.HasPrevious != before || page.HasNext != after {
			b.t.Errorf("%s: page after %d of %d items says previous %v, next %v; want %v, %v",
				what, len(ids), total, page.HasPrevious, page.HasNext, before, after)
		}
		if backward {
			ids = append(got, ids...)
		} else {
			ids = append(ids, got...)
		}
		more := len(got) > 0 && len(ids) < total
		if more && len(got) != size {
			b.t.Fatalf("%s: a page of %d items before the end", what, len(got))
		}
		if !more {
			return ids
		}
		if backward {
			q.Page.Before = page.Cursors[0]
		} else {
			q.Page.After = page.Cursors[len(got)-1]
		}
	}
}

// walks wants a list to be exactly the items, in the given order, whatever way it is paged.
func (b bench[T]) walks(read lister[T], q stores.Query, items []*T, sizes ...int) {
	b.t.Helper()
	sorted := b.sorted(items, q.Order)
	want := b.ids(sorted)
	for _, size := range sizes {
		for _, backward := range []bool{false, true} {
			got := b.walk(read, q, size, len(want), backward)
			if slices.Equal(want, got) {
				continue
			}
			b.t.Errorf("order %v, pages of %d, backward %v: wrong list%s", q.Order, size, backward, b.firstWrong(items, want, got, q.Order))
			return
		}
	}
}

// firstWrong shows where a list leaves the right order.
func (b bench[T]) firstWrong(items []*T, want, got []stores.ID, order []stores.Order) string {
	order, _ = b.spec.Sorted(order)
	describe := func(id stores.ID) (s string) {
		i := slices.IndexFunc(items, func(item *T) bool { return b.id(item) == id })
		if i < 0 {
			return "an unknown id"
		}
		for _, o := range order {
			s += fmt.Sprintf(" %s=%#v", o.Field, b.value(items[i], o.Field))
		}
		return s
	}
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			return fmt.Sprintf(" at %d: got%s, want%s", i, describe(got[i]), describe(want[i]))
		}
	}
	return fmt.Sprintf(": %d items, want %d", len(got), len(want))
}

func testOrders[T any](b bench[T]) {
	items := b.stored(50)
	b.walks(b.lister(), stores.Query{}, items, 50)
	light := []stores.Field{} // a cursor needs its sort field even when nobody asked for it
	by := orders(b.spec)
	for _, f := range by {
		for _, d := range []stores.Direction{"", stores.Descending} {
			b.walks(b.lister(), stores.Query{Order: []stores.Order{{Field: f, Direction: d}}, Fields: light}, items, 20)
		}
	}
	for range 12 {
		order := []stores.Order{{Field: pick(b.world, by), Direction: stores.Descending}, {Field: pick(b.world, by)}}
		if order[0].Field == order[1].Field || order[0].Field == "id" {
			continue
		}
		if order[1].Field != "id" && b.chance() {
			order = append(order, stores.Order{Field: "id", Direction: stores.Descending})
		}
		b.walks(b.lister(), stores.Query{Order: order}, items, 25)
	}
}

func testPaging[T any](b bench[T]) {
	items := b.stored(41)
	b.walks(b.lister(), stores.Query{}, items, 1, 2, 7, 40, 41, 42, 200)

	where := b.conditions(items).compare("createdAt", stores.Gte)
	if b.spec.Fields["createdAt"] == 0 {
		where = b.conditions(items).compare("timestamp", stores.Gte)
	}
	checked, _ := b.spec.Check(where)
	some := slices.DeleteFunc(slices.Clone(items), func(item *T) bool {
		return !checked.Match(func(f stores.Field) any { return b.value(item, f) })
	})
	b.walks(b.lister(), stores.Query{Where: where}, some, 3)

	// Every item's cursor is a place to go on from, in both directions.
	want := b.ids(b.sorted(items, nil))
	whole := b.page(stores.Query{Page: stores.Page{First: 100}})
	for i, c := range whole.Cursors {
		after := b.page(stores.Query{Page: stores.Page{First: 100, After: c}})
		same(b.t, fmt.Sprintf("after item %d", i), want[i+1:], b.ids(after.Items))
		before := b.page(stores.Query{Page: stores.Page{Last: 100, Before: c}})
		same(b.t, fmt.Sprintf("before item %d", i), want[:i], b.ids(before.Items))
		same(b.t, fmt.Sprintf("cursors before item %d", i), whole.Cursors[:i], before.Cursors)
	}
}

// testPagingWhileWriting walks while others write: nothing that was there all along is missed, and nothing comes twice.
func testPagingWhileWriting[T any](b bench[T]) {
	for _, backward := range []bool{false, true} {
		b := b.at(newScope())
		old := b.stored(30)
		seen := map[stores.ID]int{}
		q := stores.Query{Page: stores.Page{First: 4}}
		if backward {
			q.Page = stores.Page{Last: 4}
		}
		gone := map[stores.ID]bool{}
		for round := 0; ; round++ {
			page := b.page(q)
			for _, id := range b.ids(page.Items) {
				seen[id]++
			}
			if len(page.Items) == 0 || round > 100 {
				break
			}
			edge := page.Items[len(page.Items)-1]
			q.Page.After = page.Cursors[len(page.Items)-1]
			if backward {
				edge, q.Page.After, q.Page.Before = page.Items[0], "", page.Cursors[0]
			}
			if round < 5 {
				for i := range 3 {
					b.save(b.random(b.world, 100+3*round+i))
				}
				gone[b.id(edge)] = true
				b.remove(b.id(edge)) // the cursor stays a place in the list
			}
		}
		for id, n := range seen {
			if n != 1 {
				b.t.Errorf("backward %v: record %s came %d times", backward, id, n)
			}
		}
		for _, item := range old {
			if seen[b.id(item)] == 0 {
				b.t.Errorf("backward %v: record %s never came", backward, b.id(item))
			}
		}
	}
}

func testRefusedPages[T any](b bench[T]) {
	b.stored(3)
	first := b.page(stores.Query{Page: stores.Page{First: 1}}).Cursors[0]
	byID := []stores.Order{{Field: "id"}}
	for what, q := range map[string]stores.Query{
		"no size":                {},
		"a negative size":        {Page: stores.Page{First: -1}},
		"a negative last size":   {Page: stores.Page{Last: -3}},
		"first and last":         {Page: stores.Page{First: 1, Last: 1}},
		"a foreign cursor":       {Order: byID, Page: stores.Page{First: 1, After: first}},
		"a foreign cursor back":  {Order: byID, Page: stores.Page{Last: 1, Before: first}},
		"garbage":                {Page: stores.Page{First: 1, After: "garbage"}},
		"garbage back":           {Page: stores.Page{Last: 1, Before: "%%%"}},
		"half a cursor":          {Page: stores.Page{First: 1, After: first[:len(first)/2]}},
		"an unknown order":       {Order: []stores.Order{{Field: "nosuchfield"}}, Page: stores.Page{First: 1}},
		"an order with SQL":      {Order: []stores.Order{{Field: "id; DROP TABLE x"}}, Page: stores.Page{First: 1}},
		"an order by a dot path": {Order: []stores.Order{{Field: "a.b.c"}}, Page: stores.Page{First: 1}},
	} {
		_, err := b.list(b.ctx(), b.scope, q)
		refused(b.t, "list with "+what, err, stores.ErrInvalid)
	}
	by := orders(b.spec)
	for f := range b.spec.Fields {
		if slices.Contains(by, f) {
			continue
		}
		_, err := b.list(b.ctx(), b.scope, stores.Query{Order: []stores.Order{{Field: f}}, Page: stores.Page{First: 1}})
		refused(b.t, fmt.Sprintf("list in the order of %q", f), err, stores.ErrInvalid)
	}
	if opposite, err := b.spec.Sorted(b.spec.Default); err == nil {
		for i := range opposite {
			opposite[i].Direction = map[stores.Direction]stores.Direction{stores.Ascending: stores.Descending, stores.Descending: stores.Ascending}[opposite[i].Direction]
		}
		_, err := b.list(b.ctx(), b.scope, stores.Query{Order: opposite, Page: stores.Page{First: 1, After: first}})
		refused(b.t, "a cursor of the opposite order", err, stores.ErrInvalid)
	}
}
