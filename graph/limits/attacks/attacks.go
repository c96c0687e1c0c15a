// Package attacks makes documents and requests that are meant to do harm, for tests: each has been the end of some GraphQL
// server, or might be. They are made rather than kept, since the point of many is their size.
package attacks

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Attack is one request. A server that withstands it answers soon, with or without errors.
type Attack struct {
	Family, Name string
	Query        string
	Operation    string // operationName
	Variables    string // JSON
	Extensions   string // JSON
	// Body is sent in place of all of these where it is given: what is no GraphQL request goes by POST only.
	Body string
}

// JSON is the body of a request, as it is sent by POST and in a message of a WebSocket.
func (a Attack) JSON() string {
	if a.Body != "" {
		return a.Body
	}
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, `"`+name+`":`+value)
		}
	}
	if a.Query != "" {
		add("query", quoted(a.Query))
	}
	if a.Operation != "" {
		add("operationName", quoted(a.Operation))
	}
	add("variables", a.Variables)
	add("extensions", a.Extensions)
	return "{" + strings.Join(parts, ",") + "}"
}

func quoted(s string) string {
	b, _ := json.Marshal(s) // a string always can be
	return string(b)
}

// All lists every attack.
func All() []Attack {
	var all []Attack
	for _, family := range []struct {
		name string
		make func(*list)
	}{
		{"size", sizes}, {"nesting", nesting}, {"aliases", aliases}, {"repetition", repetition}, {"fragments", bombs},
		{"cycles", cycles}, {"directives", directives}, {"definitions", definitions}, {"introspection", introspection},
		{"suggestions", suggestions}, {"numbers", numbers}, {"cursors", cursors}, {"ids", ids}, {"filters", filters},
		{"texts", texts}, {"lists", lists}, {"cost", costs}, {"variables", variables}, {"persisted", persisted}, {"json", malformed},
	} {
		l := &list{family: family.name}
		family.make(l)
		all = append(all, l.attacks...)
	}
	return all
}

// list collects the attacks of a family.
type list struct {
	family  string
	attacks []Attack
}

func (l *list) add(a Attack) {
	a.Family = l.family
	a.Name = fmt.Sprintf("%s %d: %s", l.family, len(l.attacks)+1, a.Name)
	l.attacks = append(l.attacks, a)
}

// document adds a query.
func (l *list) document(name, query string) { l.add(Attack{Name: name, Query: query}) }

// sized adds a query for each size.
func (l *list) sized(name string, query func(n int) string, sizes ...int) {
	for _, n := range sizes {
		l.document(fmt.Sprintf("%s, %d", name, n), query(n))
	}
}

// numbered joins n texts, each made of a format and its number.
func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// nested puts n openings before, and n closings after, an inner text.
func nested(open string, n int, inner, closing string) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(closing, n)
}
