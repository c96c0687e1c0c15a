package relational

import (
	"time"

	"thalamus/stores"
)

// shape is what filters and orders need to know of a table: how its fields are spelled in SQL, where the row is t.
type shape struct {
	dialect Dialect
	name    string
	spec    stores.Spec
	terms   map[stores.Field]term
}

// term is a field in SQL.
type term struct {
	expr string
	null bool // whether it may be NULL
	kind stores.Type
}

// Where adds a checked filter as a condition that holds where [stores.Filter.Match] does. A comparison with NULL is NULL
// in SQL and false in a filter; the difference matters under a negation only, and IS NOT TRUE removes it there.
func (s shape) Where(st *Statement, f stores.Filter) {
	switch f.Op {
	case "":
		st.Add("TRUE")
	case stores.And:
		s.joined(st, f.Terms, " AND ", "TRUE")
	case stores.Or:
		s.joined(st, f.Terms, " OR ", "FALSE")
	case stores.Not:
		s.joined(st, f.Terms, " OR ", "FALSE")
		st.Add(" IS NOT TRUE")
	default:
		s.compare(st, f)
	}
}

func (s shape) joined(st *Statement, terms []stores.Filter, by, none string) {
	st.Add("(")
	for i, t := range terms {
		if i > 0 {
			st.Add(by)
		}
		st.Add("(")
		s.Where(st, t)
		st.Add(")")
	}
	if len(terms) == 0 {
		st.Add(none)
	}
	st.Add(")")
}

var comparisons = map[stores.Op]string{
	stores.Gt: " > ?", stores.Gte: " >= ?", stores.Lt: " < ?", stores.Lte: " <= ?",
}

// compare adds one comparison.
func (s shape) compare(st *Statement, f stores.Filter) {
	x := s.terms[f.Field].expr
	switch f.Op {
	case stores.IsNull:
		if f.Value.(bool) {
			st.Add(x + " IS NULL")
		} else {
			st.Add(x + " IS NOT NULL")
		}
	case stores.Eq:
		s.dialect.Equal(st, x, parameter(f.Value))
	case stores.In:
		values := make([]any, 0, len(f.Value.([]any)))
		for _, v := range f.Value.([]any) {
			values = append(values, parameter(v))
		}
		s.dialect.In(st, x, values)
	case stores.Has:
		s.dialect.Has(st, x, f.Value.(string))
	case stores.Contains:
		st.Add("instr("+x+", ?) > 0", f.Value)
	case stores.StartsWith:
		s.dialect.StartsWith(st, x, f.Value.(string))
	default:
		st.Add(x+comparisons[f.Op], parameter(f.Value))
	}
}

// parameter is a checked filter value as databases keep it.
func parameter(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.UnixMicro()
	case bool:
		if v {
			return 1
		}
		return 0
	}
	return v
}
