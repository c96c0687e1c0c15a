package neo4j

import (
	"time"

	"thalamus/stores"
)

// where is a checked filter as a condition that holds where [stores.Filter.Match] does, or, when not is set, where it does
// not. Negations are pushed down to the comparisons: a comparison with null is null in Cypher and false in a filter, which
// makes a difference under a negation only.
func (s shape) where(q *query, f stores.Filter, not bool) cypher {
	switch f.Op {
	case "":
		return literal(!not)
	case stores.And:
		return s.joined(q, f.Terms, not, not)
	case stores.Or:
		return s.joined(q, f.Terms, not, !not)
	case stores.Not:
		return s.joined(q, f.Terms, !not, not)
	}
	return compare(q, s.terms[f.Field], f, not)
}

// joined joins terms, each negated or not, by OR or by AND.
func (s shape) joined(q *query, terms []stores.Filter, not, or bool) cypher {
	if len(terms) == 0 {
		return literal(!or)
	}
	parts := make([]cypher, len(terms))
	for i, t := range terms {
		parts[i] = s.where(q, t, not)
	}
	if len(parts) == 1 {
		return parts[0]
	}
	if or {
		return either(parts)
	}
	return "(" + join(parts, " AND ") + ")"
}

// either says that one of the parts holds. Spelled like this the planner takes it as a whole: it would bring OR and AND to a
// conjunction of disjunctions, which takes longer than reading a scope.
func either(parts []cypher) cypher {
	return "CASE WHEN " + join(parts, " THEN true WHEN ") + " THEN true ELSE false END"
}

func literal(yes bool) cypher {
	if yes {
		return "true"
	}
	return "false"
}

var comparisons = map[stores.Op]cypher{
	stores.Eq: " = ", stores.In: " IN ", stores.Gt: " > ", stores.Gte: " >= ", stores.Lt: " < ", stores.Lte: " <= ",
	stores.Contains: " CONTAINS ", stores.StartsWith: " STARTS WITH ",
}

// compare is one comparison, or its negation, which is true of null.
func compare(q *query, field term, f stores.Filter, not bool) cypher {
	x := field.in(q)
	var c cypher
	switch f.Op {
	case stores.IsNull:
		if f.Value.(bool) != not {
			return x + " IS NULL"
		}
		return x + " IS NOT NULL"
	case stores.Gt, stores.Gte, stores.Lt, stores.Lte:
		c = order(q, x, comparisons[f.Op], parameter(f.Value))
	default:
		c = x + comparisons[f.Op] + q.value(parameter(f.Value))
	}
	switch {
	case not && field.null:
		return "(" + x + " IS NULL OR NOT (" + c + "))"
	case not:
		return "NOT (" + c + ")"
	}
	return c
}

// parameter is a checked filter value as the database keeps it.
func parameter(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.UnixMicro()
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = parameter(e)
		}
		return out
	}
	return v
}
