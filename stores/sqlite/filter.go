package sqlite

import (
	"encoding/json"
	"time"

	"thalamus/stores"
)

// shape is what filters and orders need to know of a table: how its fields are spelled in SQL, where the table is t.
type shape struct {
	name  string
	spec  stores.Spec
	terms map[stores.Field]term
}

// term is a field in SQL.
type term struct {
	expr string
	null bool // whether it may be NULL
	kind stores.Type
}

// where adds a checked filter as a condition that holds where [stores.Filter.Match] does. A comparison with NULL is NULL
// in SQL and false in a filter; the difference matters under a negation only, and IS NOT TRUE removes it there.
func (s shape) where(st *statement, f stores.Filter) {
	switch f.Op {
	case "":
		st.add("TRUE")
	case stores.And:
		s.joined(st, f.Terms, " AND ", "TRUE")
	case stores.Or:
		s.joined(st, f.Terms, " OR ", "FALSE")
	case stores.Not:
		s.joined(st, f.Terms, " OR ", "FALSE")
		st.add(" IS NOT TRUE")
	default:
		compare(st, s.terms[f.Field].expr, f)
	}
}

func (s shape) joined(st *statement, terms []stores.Filter, by, none string) {
	st.add("(")
	for i, t := range terms {
		if i > 0 {
			st.add(by)
		}
		st.add("(")
		s.where(st, t)
		st.add(")")
	}
	if len(terms) == 0 {
		st.add(none)
	}
	st.add(")")
}

var comparisons = map[stores.Op]string{
	stores.Eq: " = ?", stores.Gt: " > ?", stores.Gte: " >= ?", stores.Lt: " < ?", stores.Lte: " <= ?",
}

// compare adds one comparison of the expression x.
func compare(st *statement, x string, f stores.Filter) {
	switch f.Op {
	case stores.IsNull:
		if f.Value.(bool) {
			st.add(x + " IS NULL")
		} else {
			st.add(x + " IS NOT NULL")
		}
	case stores.In:
		values := make([]any, 0, len(f.Value.([]any)))
		for _, v := range f.Value.([]any) {
			values = append(values, parameter(v))
		}
		list, _ := json.Marshal(values) // checked values are texts and finite numbers
		st.add(x+" IN (SELECT value FROM json_each(?))", string(list))
	case stores.Has:
		st.add("EXISTS (SELECT 1 FROM json_each("+x+") WHERE value = ?)", f.Value)
	case stores.Contains:
		st.add("instr("+x+", ?) > 0", f.Value)
	case stores.StartsWith:
		st.add("substr("+x+", 1, length(?)) = ?", f.Value, f.Value)
	default:
		st.add(x+comparisons[f.Op], parameter(f.Value))
	}
}

// parameter is a checked filter value as the database keeps it.
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
