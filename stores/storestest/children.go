package storestest

import (
	"context"
	"fmt"
	"slices"

	"thalamus/stores"
)

// children is a read of one page of records for each of many parents.
type children[T any] struct {
	bench[T]
	read func(context.Context, stores.Scope, []stores.ID, stores.Query) (map[stores.ID]stores.Slice[*T], error)
}

// of lists the children of one parent.
func (c children[T]) of(parent stores.ID) lister[T] {
	return func(q stores.Query) (stores.Slice[*T], error) {
		got, err := c.read(c.ctx(), c.scope, []stores.ID{parent}, q)
		return got[parent], err
	}
}

// pages reads one page for each parent.
func (c children[T]) pages(parents []stores.ID, q stores.Query) map[stores.ID]stores.Slice[*T] {
	c.t.Helper()
	got, err := c.read(c.ctx(), c.scope, parents, q)
	noError(c.t, err)
	return got
}

// test compares the read with what each parent is known to have; parents may hold some without any.
func (c children[T]) test(parents []stores.ID, want map[stores.ID][]*T) {
	c.t.Helper()
	var items []*T
	for _, parent := range parents {
		items = append(items, want[parent]...)
		c.walks(c.of(parent), stores.Query{}, want[parent], 7, 200)
	}
	by := orders(c.spec)
	conditions := c.conditions(items)
	for range 5 {
		order := []stores.Order{{Field: pick(c.world, by), Direction: pick(c.world, []stores.Direction{stores.Ascending, stores.Descending})}}
		q := stores.Query{Where: conditions.tree(2), Order: order, Fields: []stores.Field{}}
		checked, err := c.spec.Check(q.Where)
		noError(c.t, err)
		for _, parent := range parents {
			some := slices.DeleteFunc(slices.Clone(want[parent]), func(item *T) bool {
				return !checked.Match(func(f stores.Field) any { return c.value(item, f) })
			})
			c.walks(c.of(parent), q, some, 12)
		}
	}
	c.together(parents, want)
	c.refusals(parents)
}

// together reads all parents in one call, with unknown ones, foreign ones and doubles among them.
func (c children[T]) together(parents []stores.ID, want map[stores.ID][]*T) {
	c.t.Helper()
	many := append(slices.Clone(parents), parents...)
	for range 1200 {
		many = append(many, stores.NewID())
	}
	for _, page := range []stores.Page{{First: 3}, {Last: 3}} {
		got := c.pages(many, stores.Query{Page: page})
		for _, parent := range parents {
			list := c.sorted(want[parent], nil)
			more := len(list) > 3
			if page.Backward() {
				list = list[max(0, len(list)-3):]
			} else {
				list = list[:min(3, len(list))]
			}
			what := fmt.Sprintf("page %+v of one parent among many", page)
			if d := diff(list, got[parent].Items, c.options()...); d != "" {
				c.t.Errorf("%s (-want +got):\n%s", what, d)
			}
			same(c.t, what+" has next", more && !page.Backward(), got[parent].HasNext)
			same(c.t, what+" has previous", more && page.Backward(), got[parent].HasPrevious)
			delete(got, parent)
		}
		for id, slice := range got {
			if len(slice.Items) > 0 {
				c.t.Errorf("unknown parent %s has %d children", id, len(slice.Items))
			}
		}
	}
	far := children[T]{c.at(newScope()), c.read}
	for id, slice := range far.pages(parents, stores.Query{Page: stores.Page{First: 3}}) {
		if len(slice.Items) > 0 {
			c.t.Errorf("foreign parent %s has %d children", id, len(slice.Items))
		}
	}
	same(c.t, "children of no parents", 0, len(c.pages(nil, stores.Query{Page: stores.Page{First: 3}})))
}

func (c children[T]) refusals(parents []stores.ID) {
	c.t.Helper()
	for what, q := range map[string]stores.Query{
		"no size":          {},
		"garbage":          {Page: stores.Page{First: 1, After: "garbage"}},
		"an unknown field": {Where: stores.Where("nosuchfield", stores.Eq, "x"), Page: stores.Page{First: 1}},
		"an unknown order": {Order: []stores.Order{{Field: "nosuchfield"}}, Page: stores.Page{First: 1}},
	} {
		_, err := c.read(c.ctx(), c.scope, parents, q)
		refused(c.t, "children with "+what, err, stores.ErrInvalid)
	}
}
