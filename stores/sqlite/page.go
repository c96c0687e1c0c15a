package sqlite

import (
	"encoding/json"
	"slices"

	"thalamus/stores"
)

// plan is a checked query: what to select, in which order, and the bounds of the page.
type plan struct {
	shape
	filter   stores.Filter
	order    []stores.Order
	size     int
	backward bool
	after    *bound
	before   *bound
}

// bound is the position of a cursor: the value of each term of the order.
type bound struct{ values []any }

// maxPage keeps size+1 a sane number; no list is that long.
const maxPage = 1 << 30

func (s shape) plan(q stores.Query) (plan, error) {
	p := plan{shape: s, size: min(q.Page.Size(), maxPage), backward: q.Page.Backward()}
	switch {
	case q.Page.First < 0 || q.Page.Last < 0:
		return p, stores.Invalid("first", "must be a positive number")
	case q.Page.First > 0 && q.Page.Last > 0:
		return p, stores.Invalid("first", "cannot be combined with last; ask for one of them")
	case p.size <= 0:
		return p, stores.Invalid("first", "either first or last must be a positive number")
	}
	var err error
	if p.filter, err = s.spec.Check(q.Where); err != nil {
		return p, err
	}
	if p.order, err = s.spec.Sorted(q.Order); err != nil {
		return p, err
	}
	if p.after, err = s.bound(q.Page.After, p.order); err != nil {
		return p, err
	}
	p.before, err = s.bound(q.Page.Before, p.order)
	return p, err
}

// bound decodes a cursor into values as the columns hold them; the empty cursor bounds nothing.
func (s shape) bound(c stores.Cursor, order []stores.Order) (*bound, error) {
	if c == "" {
		return nil, nil
	}
	values, _, err := c.Position(order)
	if err != nil {
		return nil, err
	}
	for i, v := range values {
		var ok bool
		if values[i], ok = stored(v, s.terms[order[i].Field].kind); !ok {
			return nil, stores.Invalid("after", "the cursor does not belong to this list; start again without it")
		}
	}
	return &bound{values}, nil
}

// stored brings a value of a cursor back to what the column holds.
func stored(v any, kind stores.Type) (any, bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case string:
		return v, kind == stores.Text
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, kind != stores.Text
		}
		n, err := v.Float64()
		return n, err == nil && kind == stores.Number
	}
	return nil, false
}

// orderBy adds the terms of the order in reading direction: a backward page is read from its end.
func (p plan) orderBy(st *statement) {
	for i, o := range p.order {
		if i > 0 {
			st.add(", ")
		}
		st.add(p.terms[o.Field].expr)
		if (o.Direction == stores.Descending) != p.backward {
			st.add(" DESC")
		}
	}
}

// matches adds the filter and the bounds of the page.
func (p plan) matches(st *statement) {
	p.where(st, p.filter)
	if p.after != nil {
		st.add(" AND ")
		p.beyond(st, p.after, side{})
	}
	if p.before != nil {
		st.add(" AND ")
		p.beyond(st, p.before, side{reverse: true})
	}
}

// side is one side of a position: what comes later in the list, or earlier when reversed; with the position itself when
// inclusive.
type side struct{ reverse, inclusive bool }

// beyond adds the condition that a row lies on one side of a position. For an order a, b it reads
// a > x OR (a = x AND (b > y …)), with the null rules of [stores.Direction] in each comparison.
func (p plan) beyond(st *statement, at *bound, on side) {
	first := p.terms[p.order[0].Field]
	if at.values[0] != nil { // says nothing new, but lets an index start at the right place
		if !p.falls(0, on) {
			st.add(first.expr+" >= ? AND ", at.values[0])
		} else if !first.null {
			st.add(first.expr+" <= ? AND ", at.values[0])
		}
	}
	for i, v := range at.values {
		x := p.terms[p.order[i].Field]
		st.add("(")
		x.past(st, v, p.falls(i, on))
		last := i == len(at.values)-1
		if last && !on.inclusive {
			break
		}
		st.add(" OR ")
		if v == nil {
			st.add(x.expr + " IS NULL")
		} else {
			st.add(x.expr+" = ?", v)
		}
		if !last {
			st.add(" AND ")
		}
	}
	for range at.values {
		st.add(")")
	}
}

// falls says whether term i of the order sorts downwards on the given side.
func (p plan) falls(i int, on side) bool {
	return (p.order[i].Direction == stores.Descending) != on.reverse
}

// past adds the condition that x sorts strictly after v; null is less than every value.
func (x term) past(st *statement, v any, falling bool) {
	switch {
	case v == nil && falling:
		st.add("FALSE")
	case v == nil:
		st.add(x.expr + " IS NOT NULL")
	case !falling:
		st.add(x.expr+" > ?", v)
	case x.null:
		st.add("("+x.expr+" < ? OR "+x.expr+" IS NULL)", v)
	default:
		st.add(x.expr+" < ?", v)
	}
}

// bounded says whether a cursor cuts off what is earlier, or later, than the page.
func (p plan) bounded(earlier bool) bool {
	if earlier {
		return p.after != nil
	}
	return p.before != nil
}

// outside adds the condition that a row matches the filter but was cut off by a cursor: it lies at or before After, or at
// or after Before.
func (p plan) outside(st *statement, earlier bool) {
	at := p.before
	if earlier {
		at = p.after
	}
	p.where(st, p.filter)
	st.add(" AND ")
	p.beyond(st, at, side{reverse: earlier, inclusive: true})
}

// sortValues adds the terms of the order to a selection, for the cursors.
func (p plan) sortValues(st *statement) {
	for _, o := range p.order {
		st.add(", " + p.terms[o.Field].expr)
	}
}

// slice makes a page out of what was read in reading direction, one row more than wanted when there are more. Earlier
// and later say that rows lie beyond the bounds of the page.
func slice[T any](p plan, items []T, cursors []stores.Cursor, earlier, later bool) stores.Slice[T] {
	more := len(items) > p.size
	if more {
		items, cursors = items[:p.size], cursors[:p.size]
	}
	if p.backward {
		slices.Reverse(items)
		slices.Reverse(cursors)
		return stores.Slice[T]{Items: items, Cursors: cursors, HasNext: later, HasPrevious: earlier || more}
	}
	return stores.Slice[T]{Items: items, Cursors: cursors, HasNext: later || more, HasPrevious: earlier}
}
