package sqlite

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"thalamus/stores"
	"thalamus/stores/relational"
)

// dialect spells what SQL leaves open as SQLite wants it. A list of any length is one parameter, a JSON array.
type dialect struct{}

// ScopeColumns hold the scope of a row.
func (dialect) ScopeColumns() []string { return []string{"scope"} }

// ScopeValues are their values.
func (dialect) ScopeValues(s stores.Scope) []any { return []any{s.Key()} }

// Scopes selects the keys of the scopes that have rows in a table.
func (dialect) Scopes(table string) string { return "SELECT scope FROM " + table }

// Equal adds the condition that x is a value.
func (dialect) Equal(st *relational.Statement, x string, value any) { st.Add(x+" = ?", value) }

// In adds the condition that x is one of the values.
func (dialect) In(st *relational.Statement, x string, values []any) {
	list, _ := json.Marshal(values) // texts and finite numbers always marshal
	st.Add(x+" IN (SELECT value FROM json_each(?))", string(list))
}

// Has adds the condition that x, a list kept as JSON, holds a text.
func (dialect) Has(st *relational.Statement, x, text string) {
	st.Add("EXISTS (SELECT 1 FROM json_each("+x+") WHERE value = ?)", text)
}

// StartsWith adds the condition that the text x begins with another.
func (dialect) StartsWith(st *relational.Statement, x, prefix string) {
	st.Add("substr("+x+", 1, length(?)) = ?", prefix, prefix)
}

// Row names the quickest way to a row.
func (dialect) Row() string { return "rowid" }

// Join joins two tables of which the left one is the outer loop.
func (dialect) Join() string { return "CROSS JOIN" }

// Lock ends a SELECT whose rows nobody else may change: there is only one writer.
func (dialect) Lock() string { return "" }

// OnConflict ends an INSERT of a row that may be there.
func (dialect) OnConflict(u relational.Upsert) string {
	var replaced, kept []string
	for _, c := range u.Columns {
		replaced = append(replaced, c+" = excluded."+c)
		switch c {
		case "id":
		case "created_at":
			kept = append(kept, "created_at = iif(id = excluded.id, excluded.created_at, created_at)")
		default:
			kept = append(kept, c+" = excluded."+c)
		}
	}
	byID := " ON CONFLICT (scope, id) DO UPDATE SET " + strings.Join(replaced, ", ")
	if u.Natural == nil {
		return byID
	}
	return " ON CONFLICT (" + strings.Join(append([]string{"scope"}, u.Natural...), ", ") + ") DO UPDATE SET " +
		strings.Join(kept, ", ") + byID + " RETURNING id, created_at"
}

// PassOver ends an INSERT that leaves out the rows that are there.
func (dialect) PassOver() string { return " ON CONFLICT DO NOTHING" }

// Now is the instant of the statement: the database is on this machine.
func (dialect) Now() string { return strconv.FormatInt(time.Now().UnixMicro(), 10) }

// Limits bound statements: in one process a statement per row costs little.
func (dialect) Limits() relational.Limits {
	return relational.Limits{Rows: 1, Values: math.MaxInt}
}

// array is a list of texts as the one JSON parameter of json_each, so that a batch of any size is one statement.
func array[S ~string](list []S) string {
	if len(list) == 0 {
		return "[]"
	}
	b, _ := json.Marshal(list) // texts always marshal
	return string(b)
}
