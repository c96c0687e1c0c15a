package transport_test

import (
	"net/http"
	"testing"

	"thalamus/graph/transport"
)

// What each client puts into its Accept header, for every kind of operation it sends.
const (
	urql           = "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
	apollo         = "application/graphql-response+json,application/json;q=0.9"
	apolloDefer    = "multipart/mixed;deferSpec=20220824,application/graphql-response+json,application/json;q=0.9"
	graphqlRequest = "application/graphql-response+json, application/json"
	graphiql       = "application/json, multipart/mixed"
	graphqlSSE     = "text/event-stream"
	curl           = "*/*"
	browser        = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
	axios          = "application/json, text/plain, */*"
)

const (
	hello       = `{"data":{"greeting":"hello, world"}}`
	helloEvents = "retry: 1000\n\nevent: next\ndata: " + hello + "\n\nevent: complete\ndata:\n\n"
	countEvents = "retry: 1000\n\nevent: next\ndata: {\"data\":{\"count\":1}}\n\n" +
		"event: next\ndata: {\"data\":{\"count\":2}}\n\nevent: complete\ndata:\n\n"
)

func TestClients(t *testing.T) {
	s := serve(t, transport.Options{})
	for _, client := range []struct {
		name, accept string
		json         string // what a query is answered in
		streams      bool   // whether subscriptions over HTTP are
	}{
		{"urql", urql, modern, true},
		{"Apollo Client", apollo, modern, false},
		{"Apollo Client with @defer", apolloDefer, modern, false},
		{"graphql-request", graphqlRequest, modern, false},
		{"GraphiQL", graphiql, plain, false},
		{"graphql-sse", graphqlSSE, "", true},
		{"curl", curl, plain, true},
		{"no Accept header", "", plain, true},
		{"a browser's address bar", browser, plain, true},
		{"axios", axios, plain, true},
	} {
		t.Run(client.name, func(t *testing.T) {
			var accept []string
			if client.accept != "" {
				accept = []string{"Accept", client.accept}
			}
			for _, send := range []func(*testing.T, string, ...string) answer{s.post, s.get} {
				query := send(t, "{ greeting }", accept...)
				subscription := send(t, "subscription { count(to: 2) }", accept...)
				if client.json == "" {
					query.check(t, http.StatusOK, events, helloEvents)
				} else {
					query.check(t, http.StatusOK, client.json, hello)
				}
				if client.streams {
					subscription.check(t, http.StatusOK, events, countEvents)
				} else {
					subscription.refused(t, http.StatusNotAcceptable, transport.CodeNotAcceptable)
				}
			}
		})
	}
}

func TestAccept(t *testing.T) {
	s := serve(t, transport.Options{})
	for _, c := range []struct{ accept, contentType string }{
		{"application/json", plain},
		{"application/graphql-response+json", modern},
		{"application/json;q=0.5, application/graphql-response+json", modern},
		{"application/graphql-response+json;q=0.5, application/json", plain},
		{"application/json, application/graphql-response+json", plain},
		{"application/graphql-response+json, application/json", modern},
		{"application/*", plain},
		{"*/*, application/graphql-response+json", modern},
		{"*/*, application/json;q=0", modern},
		{"application/*;q=0.1, text/event-stream", plain},
		{"APPLICATION/JSON; charset=UTF-8", plain},
		{"text/html, application/json; charset=utf-8", plain},
		{"text/*", events},
		{"text/html", ""},
		{"application/json;q=0", ""},
		{"application/json; charset=iso-8859-1", ""},
		{"multipart/mixed", ""},
		{"*/*;q=0", ""},
		{";;;", ""},
	} {
		a := s.post(t, "{ greeting }", "Accept", c.accept)
		if c.contentType == "" {
			a.refused(t, http.StatusNotAcceptable, transport.CodeNotAcceptable)
		} else if got := a.header.Get("Content-Type"); got != c.contentType {
			t.Errorf("Accept: %s got %s, want %s", c.accept, got, c.contentType)
		}
	}
}

func TestAcceptInSeveralHeaders(t *testing.T) {
	s := serve(t, transport.Options{})
	a := s.post(t, "{ greeting }", "Accept", "text/html", "Accept", "application/graphql-response+json")
	a.check(t, http.StatusOK, modern, hello)
}

// The status of an answer depends on its media type, and data is absent exactly when the operation never ran.
func TestStatus(t *testing.T) {
	s := serve(t, transport.Options{})
	for _, c := range []struct {
		name, query, accept string
		status              int
		code                string
	}{
		{"parse", "{", apollo, 400, transport.CodeParseFailed},
		{"parse", "{", graphiql, 200, transport.CodeParseFailed},
		{"validation", "{ nothing }", apollo, 400, transport.CodeValidationFailed},
		{"validation", "{ nothing }", graphiql, 200, transport.CodeValidationFailed},
		{"coercion", "query($t: String!) { echo(text: $t) }", apollo, 400, transport.CodeValidationFailed},
		{"coercion", "query($t: String!) { echo(text: $t) }", graphiql, 200, transport.CodeValidationFailed},
		{"which operation", "query A { greeting } query B { greeting }", apollo, 400, transport.CodeValidationFailed},
		{"subscription that is not valid", "subscription { nothing }", urql, 400, transport.CodeValidationFailed},
		{"subscription that is not valid", "subscription { nothing }", graphiql, 200, transport.CodeValidationFailed},
	} {
		t.Run(c.name, func(t *testing.T) { s.post(t, c.query, "Accept", c.accept).refused(t, c.status, c.code) })
	}

	internal := func(path string) string {
		return `{"errors":[{"message":"Internal error.","path":["` + path + `"],"locations":[{"line":1,"column":3}],` +
			`"extensions":{"code":"INTERNAL"}}],"data":`
	}
	s.post(t, "{ fails }", "Accept", apollo).check(t, 200, modern, internal("fails")+`{"fails":null}}`)
	s.post(t, "{ ruins }", "Accept", apollo).check(t, 200, modern, internal("ruins")+`null}`)
	s.post(t, "{ ruins }", "Accept", graphiql).check(t, 200, plain, internal("ruins")+`null}`)
}

func TestErrorsForAClientThatOnlyTakesStreams(t *testing.T) {
	s := serve(t, transport.Options{})
	s.post(t, "{ nothing }", "Accept", graphqlSSE).check(t, 200, events, "retry: 1000\n\nevent: next\n"+
		`data: {"errors":[{"message":"Cannot query field \"nothing\" on type \"Query\".",`+
		`"locations":[{"line":1,"column":3}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`+
		"\n\nevent: complete\ndata:\n\n")
	s.send(t, http.MethodPost, "/", "{", "Content-Type", "application/json", "Accept", graphqlSSE).
		refused(t, 400, transport.CodeBadRequest)
}
