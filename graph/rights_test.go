package graph_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"thalamus/access"
	"thalamus/graph"
	"thalamus/graph/graphtest"
	"thalamus/graph/model"
	"thalamus/resilience"
	"thalamus/stores"
)

// playing are the headers of a caller with a role, in development mode.
func playing(role access.Role) http.Header { return http.Header{access.RoleHeader: {string(role)}} }

// sample is the shortest value of a type, as it stands in a document.
func sample(schema *ast.Schema, t *ast.Type) string {
	if t.Elem != nil {
		return "[" + sample(schema, t.Elem) + "]"
	}
	switch def := schema.Types[t.Name()]; def.Kind {
	case ast.Enum:
		return def.EnumValues[0].Name
	case ast.InputObject:
		var fields []string
		for _, f := range def.Fields {
			if f.Type.NonNull && f.DefaultValue == nil || def.Directives.ForName("oneOf") != nil && len(fields) == 0 {
				fields = append(fields, f.Name+": "+sample(schema, f.Type))
			}
		}
		return "{" + strings.Join(fields, ", ") + "}"
	}
	known := map[string]string{"Int": "1", "Long": "1", "Float": "1", "Boolean": "false", "JSON": "{}", "ID": fmt.Sprintf("%q", model.GlobalID(stores.Ref{Kind: stores.KindEpisode, ID: stores.NewID()}))}
	if text, ok := known[t.Name()]; ok {
		return text
	}
	return `"P1D"` // a text, and a duration
}

// TestRolesOnEveryTransport has every mutation called by every role over every transport. What is refused must not have
// touched a store; what is allowed may fail for other reasons only.
func TestRolesOnEveryTransport(t *testing.T) {
	g := graphtest.New(t)
	server := httptest.NewServer(g.Handler)
	t.Cleanup(server.Close)
	schema := graph.Schema(nil).Schema()
	for _, m := range schema.Mutation.Fields {
		needed := graph.Needs(ast.Mutation, m)
		query := fmt.Sprintf("mutation { %s(input: %s) { __typename } }", m.Name, sample(schema, m.Arguments[0].Type))
		for _, role := range []access.Role{access.Reader, access.Writer, access.Admin} {
			for name, send := range transports {
				var calls atomic.Int64
				g.Break(func(resilience.Op) error { calls.Add(1); return nil })
				got := send(t, server.URL, query, playing(role))
				g.Break(nil)
				refused := strings.Contains(got, `"FORBIDDEN"`) && strings.Contains(got, string(needed))
				if refused == role.Includes(needed) || strings.Contains(got, "GRAPHQL_VALIDATION_FAILED") {
					t.Errorf("%s by %s, %s: %s", m.Name, name, role, got)
				}
				if refused && calls.Load() > 0 {
					t.Errorf("%s by %s, %s: %d calls to stores", m.Name, name, role, calls.Load())
				}
			}
		}
	}
}

// TestNoFieldHides wants the role of a field to be asked for wherever it stands in the operation that is run.
func TestNoFieldHides(t *testing.T) {
	g := graphtest.New(t)
	const hold = `holdBackend(input: {role: CACHE, held: false}) { problems { code } }`
	for query, allowed := range map[string]bool{
		`mutation { a: ` + hold + ` }`:                                                                      false,
		`mutation { ... on Mutation { ... { ` + hold + ` } } }`:                                             false,
		`mutation { ...A } fragment A on Mutation { ...B } fragment B on Mutation { ` + hold + ` }`:         false,
		`mutation { deleteTodo(input: {id: "x"}) { deleted } ...A } fragment A on Mutation { ` + hold + `}`: false,
		`{ ... on Query { d: drift { total } } }`:                                                           false,
		`query A { __typename } mutation B { ` + hold + ` }`:                                                true,
		`mutation { __typename }`:                                                                           true,
	} {
		for range 2 { // the second time the document is known
			name := map[bool]any{true: "A"}[strings.HasPrefix(query, "query A")]
			r := g.Send(t, map[string]any{"query": query, "operationName": name}, playing(access.Writer))
			if ok := len(r.Errors) == 0; ok != allowed || !ok && (r.Errors[0].Code() != "FORBIDDEN" || r.Data != nil) {
				t.Errorf("%s: %s", query, r.Body)
			}
			if r := g.Send(t, map[string]any{"query": query, "operationName": name}, playing(access.Admin)); strings.Contains(string(r.Body), "FORBIDDEN") {
				t.Errorf("an administrator, %s: %s", query, r.Body)
			}
		}
	}
}

// TestIntrospectionByRole asks about the schema in every way, each document by all roles in turn.
func TestIntrospectionByRole(t *testing.T) {
	all := []access.Role{access.Admin, access.Reader, access.Writer, access.Admin, access.Reader}
	for name, c := range map[string]struct {
		on    bool
		least access.Role
	}{"off": {false, ""}, "on": {true, ""}, "reader": {true, access.Reader}, "writer": {true, access.Writer}, "admin": {true, access.Admin}} {
		g := graphtest.NewWith(t, func(o *graph.Options) { o.Transport.Introspection, o.Introspection = c.on, c.least })
		for _, query := range []string{
			`{ __schema { queryType { name } } }`, `{ a: __schema { queryType { name } } }`, `{ __type(name: "Query") { name } }`,
			`{ ...F } fragment F on Query { ... { __type(name: "Query") { name } } }`, `{ __typename __schema @include(if: true) { queryType { name } } }`,
			`query A { __schema { queryType { name } } }`,
		} {
			for _, role := range all {
				r := g.Post(t, query, nil, playing(role))
				if allowed := c.on && (c.least == "" || role.Includes(c.least)); allowed != (len(r.Errors) == 0) || allowed != strings.Contains(string(r.Body), `"Query"`) {
					t.Errorf("%s: %s as %s: %s", name, query, role, r.Body)
				}
			}
		}
		if r := g.Post(t, `{ __typename }`, nil, playing(access.Reader)); len(r.Errors) > 0 {
			t.Errorf("%s: %s", name, r.Body)
		}
	}
}

// TestSuggestionsByRole misspells names of every kind: near ones are told to those only who may see the schema.
func TestSuggestionsByRole(t *testing.T) {
	g := graphtest.NewWith(t, func(o *graph.Options) { o.Introspection = access.Writer })
	server := httptest.NewServer(g.Handler)
	t.Cleanup(server.Close)
	unsuggested := []string{"a type", "a type of a fragment"} // which the library answers to nobody
	for what, query := range map[string]string{
		"a field":                    `{ episodez { totalCount } }`,
		"a field of a node":          `{ episodes { edges { node { contents } } } }`,
		"a field of a type":          `query($i: ID!) { node(id: $i) { content } }`,
		"a missing selection":        `{ episodes }`,
		"an argument":                `{ episodes(fist: 1) { totalCount } }`,
		"an argument of a directive": `{ __typename @include(iff: true, if: true) }`,
		"a type":                     `query($i: EpisodeWher) { episodes(where: $i) { totalCount } }`,
		"a type of a fragment":       `{ node(id: "x") { ... on Episod { id } } }`,
		"an enum value":              `{ episodes(orderBy: [{field: CREATEDAT}]) { totalCount } }`,
		"an enum as a text":          `{ episodes(orderBy: [{field: "CREATED_AT"}]) { totalCount } }`,
		"an input field":             `mutation { createEpisode(input: {contents: "x", sessionId: "s"}) { problems { code } } }`,
		"words of the client":        `{ todos(where: {content: {eq: 5, contans: " Did you mean \"x\"?"}}) { totalCount } }`,
	} {
		for name, send := range transports {
			for _, role := range []access.Role{access.Writer, access.Reader, access.Writer} {
				got := send(t, server.URL, query, playing(role))
				want := role.Includes(access.Writer) && !slices.Contains(unsuggested, what)
				if strings.Contains(got, "Did you mean") != want || !strings.Contains(got, "GRAPHQL_VALIDATION_FAILED") {
					t.Errorf("%s by %s as %s: %s", what, name, role, got)
				}
			}
		}
	}
	for _, variables := range []map[string]any{{"w": map[string]any{"contens": 1}}, {"w": map[string]any{"content": map[string]any{"eqq": "x"}}}} {
		if r := g.Post(t, `query($w: TodoWhere) { todos(where: $w) { totalCount } }`, variables, playing(access.Reader)); len(r.Errors) == 0 || strings.Contains(string(r.Body), "Did you mean") {
			t.Errorf("%v: %s", variables, r.Body)
		}
	}
}

// TestTraceIsForAdministrators sends the header of the trace as every role.
func TestTraceIsForAdministrators(t *testing.T) {
	g := graphtest.New(t)
	for _, role := range []access.Role{access.Reader, access.Writer, access.Admin} {
		if r := g.Post(t, `{ episodes { totalCount } }`, nil, playing(role)); len(r.Errors) > 0 || (len(r.Calls) > 0) != (role == access.Admin) {
			t.Errorf("%s: %s", role, r.Body)
		}
	}
}
