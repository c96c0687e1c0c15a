package neo4j

import (
	"thalamus/stores/flat"
)

// orderBy is the order in reading direction: a backward page is read from its end. Cypher sorts null after every value
// when ascending, so terms that may be null are sorted by being null first.
func (s shape) orderBy(q *query, p flat.Plan) cypher {
	var parts []cypher
	for i, o := range p.Order {
		x := s.terms[o.Field].in(q)
		if s.terms[o.Field].null {
			parts = append(parts, x+" IS NOT NULL"+direction(p.Descends(i)))
		}
		parts = append(parts, x+direction(p.Descends(i)))
	}
	// All records have one scope, but it comes first in the indexes: with it, the first term can be read in their order.
	return " ORDER BY t.scope" + direction(p.Descends(0)) + ", " + join(parts, ", ")
}

func direction(down bool) cypher {
	if down {
		return " DESC"
	}
	return ""
}

// pick is the clauses that find the records of a page, as t: matched by the pattern, on the page, in reading order, one
// more than there is room for.
func (s shape) pick(q *query, p flat.Plan, from pattern) cypher {
	out := "MATCH " + from.match + " WHERE " + from.where + s.matches(q, p) + " WITH t" + s.orderBy(q, p)
	if p.Size < flat.MaxPage {
		out += " LIMIT " + q.value(int64(p.Size)+1)
	}
	return out
}

// matches is the filter and the bounds of the page.
func (s shape) matches(q *query, p flat.Plan) (out cypher) {
	if !p.Filter.Empty() {
		out += " AND " + s.where(q, p.Filter, false)
	}
	if first := s.terms[p.Order[0].Field]; first.indexed { // says nothing new, but lets the index give the order
		out += " AND " + first.in(q) + " IS NOT NULL"
	}
	if p.After != nil {
		out += " AND " + s.beyond(q, p, p.After, flat.Side{})
	}
	if p.Before != nil {
		out += " AND " + s.beyond(q, p, p.Before, flat.Side{Reverse: true})
	}
	return out
}

// beyond says that a record lies on one side of a position. For an order a, b that is a > x OR (a = x AND (b > y …)), with
// the null rules of [stores.Direction] in each comparison.
func (s shape) beyond(q *query, p flat.Plan, at *flat.Bound, on flat.Side) cypher {
	last := len(at.Values) - 1
	out := s.terms[p.Order[last].Field].past(q, at.Values[last], p.Falls(last, on))
	if on.Inclusive {
		out = either([]cypher{out, s.terms[p.Order[last].Field].at(q, at.Values[last])})
	}
	for i := last - 1; i >= 0; i-- {
		x, v := s.terms[p.Order[i].Field], at.Values[i]
		out = "CASE WHEN " + x.past(q, v, p.Falls(i, on)) + " THEN true WHEN " + x.at(q, v) + " THEN " + out + " ELSE false END"
	}
	// This says nothing new, but lets an index start at the right place.
	if x, v := s.terms[p.Order[0].Field], at.Values[0]; x.indexed && v != nil {
		bound := cypher(" >= ")
		if p.Falls(0, on) {
			bound = " <= "
		}
		out = order(q, x.in(q), bound, v) + " AND " + out
	}
	return out
}

// past says that x sorts strictly after v; null is less than every value.
func (x term) past(q *query, v any, falling bool) cypher {
	switch {
	case v == nil && falling:
		return "false"
	case v == nil:
		return x.in(q) + " IS NOT NULL"
	case !falling:
		return order(q, x.in(q), " > ", v)
	case x.null:
		return "(" + order(q, x.in(q), " < ", v) + " OR " + x.in(q) + " IS NULL)"
	}
	return order(q, x.in(q), " < ", v)
}

// at says that x is v.
func (x term) at(q *query, v any) cypher {
	if v == nil {
		return x.in(q) + " IS NULL"
	}
	return x.in(q) + " = " + q.value(v)
}

// beside says whether records that the pattern matches and the filter accepts were cut off by a cursor: those at or before
// After, or at or after Before.
func (s shape) beside(q *query, p flat.Plan, from pattern, earlier bool) cypher {
	if !p.Bounded(earlier) {
		return "false"
	}
	at, on := p.Outside(earlier)
	where := from.where
	if !p.Filter.Empty() {
		where += " AND " + s.where(q, p.Filter, false)
	}
	return "EXISTS { MATCH " + from.match + " WHERE " + where + " AND " + s.beyond(q, p, at, on) + " }"
}
