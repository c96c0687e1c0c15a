package neo4j

import (
	"maps"
	"strconv"
	"strings"

	"thalamus/stores"
)

// cypher is a piece of a query. It is a type of its own so that what becomes Cypher is a constant of this package: a
// string from outside does not turn into one by itself, and goes in as a parameter.
type cypher string

// query is a statement under construction, with the values that it knows as $p.name. They are sent as one parameter, a map:
// the server keeps a plan for every combination of the types and sizes of parameters, and a map has neither.
type query struct {
	text   strings.Builder
	params map[string]any
}

// newQuery starts a statement about one scope, which it knows as $p.scope.
func newQuery(s stores.Scope) *query { return &query{params: map[string]any{"scope": s.Key()}} }

// bare starts a statement about no scope.
func bare() *query { return &query{params: map[string]any{}} }

// add appends to the text.
func (q *query) add(parts ...cypher) *query {
	for _, p := range parts {
		q.text.WriteString(string(p))
	}
	return q
}

// with gives values to named parameters.
func (q *query) with(params map[string]any) *query {
	maps.Copy(q.params, params)
	return q
}

// value makes a value a parameter and gives its name.
func (q *query) value(v any) cypher {
	name := "v" + strconv.Itoa(len(q.params))
	q.params[name] = v
	return cypher("$p." + name)
}

// join puts pieces between separators.
func join(parts []cypher, by cypher) cypher {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteString(string(by))
		}
		b.WriteString(string(p))
	}
	return cypher(b.String())
}

// texts are ids, types or other texts as the list that the driver takes.
func texts[S ~string](list []S) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}

// unique drops what comes twice, keeping the first.
func unique[S ~string](list []S) []S {
	seen := make(map[S]bool, len(list))
	out := make([]S, 0, len(list))
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
