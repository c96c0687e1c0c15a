package relational

import "thalamus/stores/flat"

// orderBy adds the terms of the order in reading direction: a backward page is read from its end.
func (s shape) orderBy(st *Statement, p flat.Plan) {
	for i, o := range p.Order {
		if i > 0 {
			st.Add(", ")
		}
		st.Add(s.terms[o.Field].expr)
		if p.Descends(i) {
			st.Add(" DESC")
		}
	}
}

// matches adds the filter and the bounds of the page.
func (s shape) matches(st *Statement, p flat.Plan) {
	s.Where(st, p.Filter)
	if p.After != nil {
		st.Add(" AND ")
		s.beyond(st, p, p.After, flat.Side{})
	}
	if p.Before != nil {
		st.Add(" AND ")
		s.beyond(st, p, p.Before, flat.Side{Reverse: true})
	}
}

// beyond adds the condition that a row lies on one side of a position. For an order a, b it reads
// a > x OR (a = x AND (b > y …)), with the null rules of [stores.Direction] in each comparison.
func (s shape) beyond(st *Statement, p flat.Plan, at *flat.Bound, on flat.Side) {
	first := s.terms[p.Order[0].Field]
	if at.Values[0] != nil { // says nothing new, but lets an index start at the right place
		if !p.Falls(0, on) {
			st.Add(first.expr+" >= ? AND ", at.Values[0])
		} else if !first.null {
			st.Add(first.expr+" <= ? AND ", at.Values[0])
		}
	}
	for i, v := range at.Values {
		x := s.terms[p.Order[i].Field]
		st.Add("(")
		x.past(st, v, p.Falls(i, on))
		last := i == len(at.Values)-1
		if last && !on.Inclusive {
			break
		}
		st.Add(" OR ")
		if v == nil {
			st.Add(x.expr + " IS NULL")
		} else {
			st.Add(x.expr+" = ?", v)
		}
		if !last {
			st.Add(" AND ")
		}
	}
	for range at.Values {
		st.Add(")")
	}
}

// past adds the condition that x sorts strictly after v; null is less than every value.
func (x term) past(st *Statement, v any, falling bool) {
	switch {
	case v == nil && falling:
		st.Add("FALSE")
	case v == nil:
		st.Add(x.expr + " IS NOT NULL")
	case !falling:
		st.Add(x.expr+" > ?", v)
	case x.null:
		st.Add("("+x.expr+" < ? OR "+x.expr+" IS NULL)", v)
	default:
		st.Add(x.expr+" < ?", v)
	}
}

// outside adds the condition that a row matches the filter but was cut off by a cursor: it lies at or before After, or at
// or after Before.
func (s shape) outside(st *Statement, p flat.Plan, earlier bool) {
	s.Where(st, p.Filter)
	st.Add(" AND ")
	at, on := p.Outside(earlier)
	s.beyond(st, p, at, on)
}

// sortValues adds the terms of the order to a selection, for the cursors.
func (s shape) sortValues(st *Statement, p flat.Plan) {
	for _, o := range p.Order {
		st.Add(", " + s.terms[o.Field].expr)
	}
}
