package transport_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"thalamus/graph/transport"
)

func TestBodies(t *testing.T) {
	s := serve(t, transport.Options{})
	const secret = "do-not-echo-me"
	for _, c := range []struct {
		name, body string
		status     int
		code       string
	}{
		{"nothing", ``, 400, transport.CodeBadRequest},
		{"broken JSON", `{"query": "` + secret, 400, transport.CodeBadRequest},
		{"a missing comma", `{"query": "{ greeting }" "variables": {}}`, 400, transport.CodeBadRequest},
		{"more after the end", `{"query": "{ greeting }"} ` + secret, 400, transport.CodeBadRequest},
		{"two objects", `{"query": "{ greeting }"}{"query": "{ greeting }"}`, 400, transport.CodeBadRequest},
		{"a batch", `[{"query": "{ greeting }"}]`, 400, transport.CodeBadRequest},
		{"too many parameters", `{` + strings.Repeat(`"a": 1, `, 100) + `"query": "{ greeting }"}`, 400, transport.CodeBadRequest},
		{"a string", `"{ greeting }"`, 400, transport.CodeBadRequest},
		{"null", `null`, 400, transport.CodeBadRequest},
		{"no query", `{"qeury": "` + secret + `"}`, 400, transport.CodeBadRequest},
		{"an empty query", `{"query": ""}`, 400, transport.CodeBadRequest},
		{"a null query", `{"query": null}`, 400, transport.CodeBadRequest},
		{"a query in capitals", `{"QUERY": "{ greeting }"}`, 400, transport.CodeBadRequest},
		{"a query that is an object", `{"query": {"a": "` + secret + `"}}`, 400, transport.CodeBadRequest},
		{"an operation name that is a number", `{"query": "{ greeting }", "operationName": 1}`, 400, transport.CodeBadRequest},
		{"variables that are a list", `{"query": "{ greeting }", "variables": []}`, 400, transport.CodeBadRequest},
		{"extensions that are a string", `{"query": "{ greeting }", "extensions": "` + secret + `"}`, 400, transport.CodeBadRequest},
		{"two queries", `{"query": "{ greeting }", "query": "{ fails }"}`, 400, transport.CodeBadRequest},
		{"a query after null", `{"query": null, "query": "{ greeting }"}`, 400, transport.CodeBadRequest},
		{"bytes that are not UTF-8", "{\"query\": \"{ echo(text: \\\"\xff\\\") }\"}", 400, transport.CodeBadRequest},
		{"JSON nested too deep", `{"query": "{ greeting }", "variables": ` + strings.Repeat(`{"a":`, 20_000) + `1` +
			strings.Repeat(`}`, 20_000) + `}`, 400, transport.CodeBadRequest},
		{"a document nested too deep", request(strings.Repeat("{ greeting ", 20_000)), 200, transport.CodeParseFailed},
		{"a document of lists", request("{ echo(text: " + strings.Repeat("[", 900_000)), 200, transport.CodeParseFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := s.send(t, http.MethodPost, "/", c.body, "Content-Type", "application/json")
			a.refused(t, c.status, c.code)
			if strings.Contains(a.body, secret) {
				t.Errorf("the body is echoed: %s", a.body)
			}
		})
	}
}

func TestParameters(t *testing.T) {
	s := serve(t, transport.Options{})
	for _, c := range []struct{ name, body, want string }{
		{"variables", `{"query": "query($n: String) { greeting(name: $n) }", "variables": {"n": "Ida"}}`, "hello, Ida"},
		{"nulls", `{"query": "{ greeting }", "variables": null, "operationName": null, "extensions": null}`, "hello, world"},
		{"unknown names", `{"id": "x", "doc_id": {"a": [1]}, "query": "{ greeting }", "extra": null}`, "hello, world"},
		{"operation name", `{"query": "query A { greeting } query B { greeting(name: \"B\") }", "operationName": "B"}`, "hello, B"},
		{"beyond ASCII", `{"query": "{ greeting(name: \"Run🏃\") }"}`, "hello, Run🏃"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.send(t, http.MethodPost, "/", c.body, "Content-Type", "application/json; charset=UTF-8").
				check(t, 200, plain, `{"data":{"greeting":"`+c.want+`"}}`)
		})
	}
	s.send(t, http.MethodGet, "/?"+url.Values{
		"query":         {"query A($n: String) { greeting(name: $n) } query B { fails }"},
		"operationName": {"A"}, "variables": {`{"n": "Ida"}`}, "extensions": {`{}`}, "unknown": {"a", "b"},
	}.Encode(), "").check(t, 200, plain, `{"data":{"greeting":"hello, Ida"}}`)
}

func TestQueryStrings(t *testing.T) {
	s := serve(t, transport.Options{})
	q := "query=" + url.QueryEscape("{ greeting }")
	for _, raw := range []string{
		"", "query=", "%zz", q + "&" + q, q + "&variables=[]", q + "&variables={", q + "&variables={}{}",
		q + "&extensions=1", q + "&operationName=A&operationName=A", "query=%ff",
	} {
		s.send(t, http.MethodGet, "/?"+raw, "").refused(t, 400, transport.CodeBadRequest)
	}
}

func TestMediaTypes(t *testing.T) {
	s := serve(t, transport.Options{})
	for _, header := range [][]string{
		{},
		{"Content-Type", "text/plain"},
		{"Content-Type", "application/x-www-form-urlencoded"},
		{"Content-Type", "multipart/form-data; boundary=x"},
		{"Content-Type", "application/graphql"},
		{"Content-Type", "application/json; charset=iso-8859-1"},
		{"Content-Type", "nonsense;;"},
		{"Content-Type", "application/json", "Content-Encoding", "gzip"},
	} {
		s.send(t, http.MethodPost, "/", request("{ greeting }"), header...).
			refused(t, http.StatusUnsupportedMediaType, transport.CodeUnsupportedMediaType)
	}
}

func TestMethods(t *testing.T) {
	s := serve(t, transport.Options{})
	mutation := s.get(t, "mutation { add(by: 1) }")
	mutation.refused(t, http.StatusMethodNotAllowed, transport.CodeMethodNotAllowed)
	if allow := mutation.header.Get("Allow"); allow != "POST" {
		t.Errorf("Allow: %q", allow)
	}
	// 1, not 2: the GET did not run.
	s.post(t, "mutation { add(by: 1) }").check(t, 200, plain, `{"data":{"add":1}}`)

	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch} {
		a := s.send(t, method, "/", request("{ greeting }"), "Content-Type", "application/json")
		a.refused(t, http.StatusMethodNotAllowed, transport.CodeMethodNotAllowed)
		if allow := a.header.Get("Allow"); allow != "GET, POST, OPTIONS" {
			t.Errorf("Allow: %q", allow)
		}
	}
	if head := s.send(t, http.MethodHead, "/", ""); head.status != http.StatusMethodNotAllowed {
		t.Errorf("HEAD: %d", head.status)
	}
}

func TestBodySize(t *testing.T) {
	s := serve(t, transport.Options{MaxBody: 1000})
	fits := `{"query": "{ greeting }"}`
	fits += strings.Repeat(" ", 1000-len(fits))
	header := []string{"Content-Type", "application/json"}
	s.send(t, http.MethodPost, "/", fits, header...).check(t, 200, plain, hello)
	s.send(t, http.MethodPost, "/", fits+" ", header...).
		refused(t, http.StatusRequestEntityTooLarge, transport.CodePayloadTooLarge)

	// Without a Content-Length only reading tells.
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, io.MultiReader(strings.NewReader(fits+" ")))
	r.Header.Set("Content-Type", "application/json")
	response, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	answer{response.StatusCode, response.Header, string(body)}.
		refused(t, http.StatusRequestEntityTooLarge, transport.CodePayloadTooLarge)
}

func TestPersistedQueries(t *testing.T) {
	s := serve(t, transport.Options{})
	body := `{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "abc"}}}`
	a := s.send(t, http.MethodPost, "/", body, "Content-Type", "application/json", "Accept", apollo)
	a.refused(t, 400, transport.CodePersistedQuery)

	s = serve(t, transport.Options{}, func(h *transport.Handler) { h.Use(library{"abc": "{ greeting }"}) })
	s.send(t, http.MethodPost, "/", body, "Content-Type", "application/json").check(t, 200, plain, hello)
}

func TestLargeAnswersArriveWhole(t *testing.T) {
	s := serve(t, transport.Options{})
	want := `{"data":{"blob":"` + strings.Repeat("x", 300_000) + `"}}`
	if a := s.post(t, "{ blob(bytes: 300000) }"); a.body != want || a.header.Get("Content-Length") != "300020" {
		t.Errorf("%d bytes, Content-Length %s", len(a.body), a.header.Get("Content-Length"))
	}
}
