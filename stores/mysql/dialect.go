package mysql

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"slices"
	"strings"

	"thalamus/stores"
	"thalamus/stores/relational"
)

// dialect spells what SQL leaves open as MySQL and MariaDB both understand it.
type dialect struct{}

// ScopeColumns hold the scope of a row: its key may be longer than an index, so rows are found by a hash of it.
func (dialect) ScopeColumns() []string { return []string{"scope", "scope_key"} }

// ScopeValues are their values.
func (dialect) ScopeValues(s stores.Scope) []any {
	key := s.Key()
	hash := sha256.Sum256([]byte(key))
	return []any{hex.EncodeToString(hash[:]), key}
}

// Scopes selects the keys of the scopes that have rows in a table: one row of each is read.
func (dialect) Scopes(table string) string {
	return "SELECT (SELECT k.scope_key FROM " + table + " AS k WHERE k.scope = d.scope LIMIT 1) FROM (SELECT DISTINCT scope FROM " + table + ") AS d"
}

// Equal adds the condition that x is a value. MariaDB rounds a fraction that it looks up in an index of whole numbers, and
// does not look again at what it finds; a range it compares as it is.
func (dialect) Equal(st *relational.Statement, x string, value any) {
	if fraction(value) {
		st.Add(x+" BETWEEN ? AND ?", value, value)
	} else {
		st.Add(x+" = ?", value)
	}
}

// In adds the condition that x is one of the values.
func (d dialect) In(st *relational.Statement, x string, values []any) {
	whole := slices.DeleteFunc(slices.Clone(values), fraction)
	if len(whole) == 0 {
		st.Add("(FALSE")
	} else {
		st.Add("("+x+" IN (?"+strings.Repeat(", ?", len(whole)-1)+")", whole...)
	}
	for _, v := range values {
		if fraction(v) {
			st.Add(" OR ")
			d.Equal(st, x, v)
		}
	}
	st.Add(")")
}

func fraction(v any) bool {
	f, ok := v.(float64)
	return ok && f != math.Trunc(f)
}

// Has adds the condition that x, a list kept as JSON, holds a text. MariaDB compares JSON as it is spelled; the list and the
// text are spelled by the same encoder.
func (dialect) Has(st *relational.Statement, x, text string) {
	quoted, _ := json.Marshal(text) // texts always marshal
	st.Add("json_contains("+x+", ?)", string(quoted))
}

// StartsWith adds the condition that the text x begins with another.
func (dialect) StartsWith(st *relational.Statement, x, prefix string) {
	st.Add("left("+x+", char_length(?)) = ?", prefix, prefix)
}

// Row names the quickest way to a row of a scope: tables are kept in the order of scope and id.
func (dialect) Row() string { return "id" }

// Join joins two tables of which the left one is the outer loop.
func (dialect) Join() string { return "STRAIGHT_JOIN" }

// Lock ends a SELECT whose rows nobody else may change before the transaction ends.
func (dialect) Lock() string { return " FOR UPDATE" }

// OnConflict ends an INSERT of rows of which some may be there. A row that meets another by a unique key which is not its
// own leaves that one as it is.
func (dialect) OnConflict(u relational.Upsert) string {
	var sets []string
	for _, c := range u.Columns {
		switch {
		case c == "id":
		case u.Natural == nil || c == "created_at":
			sets = append(sets, c+" = IF(id = VALUES(id), VALUES("+c+"), "+c+")")
		default:
			sets = append(sets, c+" = VALUES("+c+")")
		}
	}
	return " ON DUPLICATE KEY UPDATE " + strings.Join(sets, ", ")
}

// PassOver ends an INSERT that leaves out the rows that are there.
func (dialect) PassOver() string { return " ON DUPLICATE KEY UPDATE scope = scope" }

// Now is the instant of the statement by the clock of the server.
func (dialect) Now() string { return "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))" }

// Limits bound statements: well below what a packet holds, and below what makes the optimizer give up on an index.
func (dialect) Limits() relational.Limits {
	return relational.Limits{Rows: 500, Bytes: 1 << 20, Values: 1000}
}
