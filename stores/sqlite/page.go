package sqlite

import "thalamus/stores/flat"

// orderBy adds the terms of the order in reading direction: a backward page is read from its end.
func (s shape) orderBy(st *statement, p flat.Plan) {
	for i, o := range p.Order {
		if i > 0 {
			st.add(", ")
		}
		st.add(s.terms[o.Field].expr)
		if p.Descends(i) {
			st.add(" DESC")
		}
	}
}

// matches adds the filter and the bounds of the page.
func (s shape) matches(st *statement, p flat.Plan) {
	s.where(st, p.Filter)
	if p.After != nil {
		st.add(" AND ")
		s.beyond(st, p, p.After, flat.Side{})
	}
	if p.Before != nil {
		st.add(" AND ")
		s.beyond(st, p, p.Before, flat.Side{Reverse: true})
	}
}

// beyond adds the condition that a row lies on one side of a position. For an order a, b it reads
// a > x OR (a = x AND (b > y …)), with the null rules of [stores.Direction] in each comparison.
func (s shape) beyond(st *statement, p flat.Plan, at *flat.Bound, on flat.Side) {
	first := s.terms[p.Order[0].Field]
	if at.Values[0] != nil { // says nothing new, but lets an index start at the right place
		if !p.Falls(0, on) {
			st.add(first.expr+" >= ? AND ", at.Values[0])
		} else if !first.null {
			st.add(first.expr+" <= ? AND ", at.Values[0])
		}
	}
	for i, v := range at.Values {
		x := s.terms[p.Order[i].Field]
		st.add("(")
		x.past(st, v, p.Falls(i, on))
		last := i == len(at.Values)-1
		if last && !on.Inclusive {
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
	for range at.Values {
		st.add(")")
	}
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

// outside adds the condition that a row matches the filter but was cut off by a cursor: it lies at or before After, or at
// or after Before.
func (s shape) outside(st *statement, p flat.Plan, earlier bool) {
	s.where(st, p.Filter)
	st.add(" AND ")
	at, on := p.Outside(earlier)
	s.beyond(st, p, at, on)
}

// sortValues adds the terms of the order to a selection, for the cursors.
func (s shape) sortValues(st *statement, p flat.Plan) {
	for _, o := range p.Order {
		st.add(", " + s.terms[o.Field].expr)
	}
}
