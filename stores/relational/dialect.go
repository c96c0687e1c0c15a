package relational

import "thalamus/stores"

// Dialect is how a product spells what SQL leaves open.
type Dialect interface {
	// ScopeColumns hold the scope of a row; the first is the one that rows are found by. It is named "scope". The last holds
	// its key.
	ScopeColumns() []string
	// ScopeValues are the values of these columns.
	ScopeValues(s stores.Scope) []any
	// Scopes selects the keys of the scopes that have rows in a table.
	Scopes(table string) string

	// Equal adds the condition that x is a value: a text, a number, or what a column holds for an instant or a flag.
	Equal(st *Statement, x string, value any)
	// In adds the condition that x is one of such values.
	In(st *Statement, x string, values []any)
	// Has adds the condition that x, a list kept as JSON, holds a text.
	Has(st *Statement, x, text string)
	// StartsWith adds the condition that the text x begins with another.
	StartsWith(st *Statement, x, prefix string)

	// Row names the column that is the quickest way to a row of a scope.
	Row() string
	// Join joins two tables of which the left one is the outer loop.
	Join() string
	// Lock ends a SELECT whose rows nobody else may change before the transaction ends.
	Lock() string

	// OnConflict ends an INSERT of rows of which some may be there.
	OnConflict(u Upsert) string
	// PassOver ends an INSERT that leaves out the rows that are there.
	PassOver() string
	// Now is the instant of the statement by the clock of the database, in unix microseconds.
	Now() string
	// Limits bound statements.
	Limits() Limits
}

// Upsert is an INSERT that replaces what is there. A row is there when another has its scope and id, or its scope and
// natural key, and then gets the new values, with these exceptions. Met by its natural key alone, it keeps its id and its
// created_at. Met by some other unique key, it is left as it is: that is a conflict.
type Upsert struct {
	Columns []string // written ones, without those of the scope
	Natural []string // of the natural key, without the scope; nil when there is none
}

// Limits bound what one statement holds.
type Limits struct {
	// Rows is how many rows one INSERT writes. Where it is 1, each row is an execution of one prepared statement, the
	// statement of a table with a natural key returns id and created_at, and a conflict always is an error. Where it is more,
	// an upsert may leave out a row that meets a conflict, which the table has to look for.
	Rows int
	// Bytes is how large the values of one INSERT of several rows may be, about.
	Bytes int
	// Values is how many values a list read or deleted by may have.
	Values int
}

// Values are texts as parameters.
func Values[S ~string](texts []S) []any {
	out := make([]any, len(texts))
	for i, t := range texts {
		out[i] = string(t)
	}
	return out
}
