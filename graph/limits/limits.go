// Package limits refuses operations that would cost too much, before anything is spent on them.
//
// A [Guard] measures each document before gqlgen parses and validates it, which take a time that grows faster than the
// document, and a [Meter] reckons what a valid operation asks for and what its caller has asked for lately. [Persisted]
// lets clients send the hash of a document in its place, and can hold them to a list of documents.
package limits

import (
	"cmp"
	"fmt"
	"reflect"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Limits are what one operation and one caller may cost. What is 0 has the value of [Default].
type Limits struct {
	Document Measure
	Values   int // in the variables of a request
	Cost     int
	Calls    int // to stores, that one query may make
}

// Default are the limits of a gateway that is not configured otherwise.
var Default = Limits{
	Document: Measure{
		Bytes: 64 << 10, Tokens: 4000, Operations: 20, Fragments: 100, Variables: 100, Depth: 24, Selections: 4000,
		Aliases: 100, Directives: 100, RootFields: 50, Pairs: 5000,
	},
	Values: 10_000, Cost: 100_000, Calls: 500,
}

// OrDefault fills in what is not given.
func (l Limits) OrDefault() Limits {
	given, fallback := reflect.ValueOf(&l.Document).Elem(), reflect.ValueOf(Default.Document)
	for i := range given.NumField() {
		if given.Field(i).IsZero() {
			given.Field(i).Set(fallback.Field(i))
		}
	}
	l.Values, l.Cost, l.Calls = cmp.Or(l.Values, Default.Values), cmp.Or(l.Cost, Default.Cost), cmp.Or(l.Calls, Default.Calls)
	return l
}

// The values of extensions.code that this package gives to errors.
const (
	CodeBytes      = "LIMIT_BYTES"
	CodeTokens     = "LIMIT_TOKENS"
	CodeOperations = "LIMIT_OPERATIONS"
	CodeFragments  = "LIMIT_FRAGMENTS"
	CodeVariables  = "LIMIT_VARIABLES"
	CodeDepth      = "LIMIT_DEPTH"
	CodeSelections = "LIMIT_SELECTIONS"
	CodeAliases    = "LIMIT_ALIASES"
	CodeDirectives = "LIMIT_DIRECTIVES"
	CodeRootFields = "LIMIT_ROOT_FIELDS"
	CodePairs      = "LIMIT_PAIRS"
	CodeValues     = "LIMIT_VALUES"
	CodeCost       = "LIMIT_COST"
	CodeCalls      = "LIMIT_CALLS"
)

// checks are the limits on a document.
var checks = []struct {
	code, text string
	of         func(Measure) int
}{
	{CodeBytes, "The document has %d bytes; the limit is %d.", func(m Measure) int { return m.Bytes }},
	{CodeTokens, "The document has %d tokens; the limit is %d.", func(m Measure) int { return m.Tokens }},
	{CodeOperations, "The document has %d operations; the limit is %d.", func(m Measure) int { return m.Operations }},
	{CodeFragments, "The document has %d fragments; the limit is %d.", func(m Measure) int { return m.Fragments }},
	{CodeVariables, "The document declares %d variables; the limit is %d.", func(m Measure) int { return m.Variables }},
	{CodeDepth, "The document is nested %d levels deep; the limit is %d.", func(m Measure) int { return m.Depth }},
	{CodeSelections, "The definitions of the document select %d fields and fragments, each counted wherever it is spread; the limit is %d.", func(m Measure) int { return m.Selections }},
	{CodeAliases, "The document has %d aliases, each counted wherever it is spread; the limit is %d.", func(m Measure) int { return m.Aliases }},
	{CodeDirectives, "The document has %d directives, each counted wherever it is spread; the limit is %d.", func(m Measure) int { return m.Directives }},
	{CodeRootFields, "An operation of the document has %d root fields; the limit is %d.", func(m Measure) int { return m.RootFields }},
	{CodePairs, "The document has %d pairs of fields with one name at one place; the limit is %d. Give them aliases, or select each once.", func(m Measure) int { return m.Pairs }},
}

// within refuses the first figure of a measure that is over its limit.
func (l Limits) within(m Measure) *gqlerror.Error {
	for _, c := range checks {
		if value, limit := c.of(m), c.of(l.Document); value > limit {
			return Exceeded(c.code, value, limit, fmt.Sprintf(c.text, value, limit))
		}
	}
	return nil
}

// Exceeded is the error of a value that is over its limit; text says so to people.
func Exceeded(code string, value, limit int, text string) *gqlerror.Error {
	return &gqlerror.Error{Message: text, Extensions: map[string]any{"code": code, "limit": limit, "value": value}}
}

func coded(code, message string) *gqlerror.Error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{"code": code}}
}
