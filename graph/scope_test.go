package graph_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"thalamus/access"
	"thalamus/graph"
	"thalamus/graph/graphtest"
	"thalamus/graph/model"
	"thalamus/stores"
)

// timeless removes from a body what differs between two runs of the same.
func timeless(body []byte) []byte {
	body = regexp.MustCompile(`,"extensions":\{("cost":\{[^}]*\},)?"trace".*$`).ReplaceAll(body, nil)
	return regexp.MustCompile(`"requestId":"[^"]*"`).ReplaceAll(body, nil)
}

// TestForeignIsUnknown reads the nodes of one scope from every other and wants the very bytes of an answer for an
// unknown id.
func TestForeignIsUnknown(t *testing.T) {
	w := regular(t)
	own := map[string]stores.Node{
		"Episode": w.batch.Episodes[0], "Entity": w.batch.Entities[0].Entity, "Procedure": w.batch.Procedures[0],
		"Relationship": w.batch.Relationships[0], "Profile": w.batch.Profiles[0], "Todo": w.batch.Todos[0],
	}
	neighbours := []stores.Scope{
		{User: w.scope.User, Device: w.scope.Device, Agent: "other"}, {User: w.scope.User, Device: "other", Agent: w.scope.Agent},
		{User: "other", Device: w.scope.Device, Agent: w.scope.Agent}, {User: strings.ToUpper(w.scope.User), Device: w.scope.Device, Agent: w.scope.Agent},
	}
	queries := []string{
		`query($i:ID!){node(id:$i){id __typename}}`, `query($i:ID!){nodes(ids:[$i,$i]){id}}`, `query($i:ID!){episode(id:$i){content}}`,
		`query($i:ID!){entity(by:{id:$i}){name content}}`, `query($i:ID!){procedure(id:$i){name}}`, `query($i:ID!){relationship(id:$i){type}}`, `query($i:ID!){todo(id:$i){content}}`,
		`query($i:ID!){episodes(where:{id:{eq:$i}}){totalCount edges{node{id}}}}`, `query($i:ID!){relationships(where:{or:[{source:{eq:$i}},{target:{eq:$i}},{id:{eq:$i}}]}){totalCount}}`,
		`query($i:ID!){todos(where:{sourceEpisode:{eq:$i}}){totalCount}}`, `query($i:ID!){path(from:$i,to:$i){length}}`, `query($i:ID!){neighborhood(of:$i){truncated}}`,
		`mutation($i:ID!){updateEpisode(input:{id:$i,content:"x"}){problems{code}} updateEntity(input:{id:$i,summary:"x"}){problems{code}} updateTodo(input:{id:$i,content:"x"}){problems{code}}}`,
		`mutation($i:ID!){updateProcedure(input:{id:$i,script:"x"}){problems{code}} updateRelationship(input:{id:$i,weight:0.1}){problems{code}} updateProfile(input:{id:$i,content:"x"}){problems{code}}}`,
		`mutation($i:ID!){createTodo(input:{content:"x",sourceEpisode:$i}){problems{code} todo{content}} strengthen(input:{edges:{id:$i}}){problems{code} relationships{weight}}}`,
	}
	for kind, node := range own {
		stranger := stores.Ref{Kind: stores.Kind(kind), ID: stores.NewID()}
		for _, query := range queries {
			for _, s := range neighbours {
				foreign := w.Post(t, query, in{"i": graphtest.Global(node)}, graphtest.As(s))
				unknown := w.Post(t, query, in{"i": model.GlobalID(stranger)}, graphtest.As(s))
				// A message may repeat the id that was asked for, in either form.
				a := bytes.ReplaceAll(timeless(foreign.Body), []byte(node.Ref().ID), []byte(stranger.ID))
				a = bytes.ReplaceAll(a, []byte(graphtest.Global(node)), []byte(model.GlobalID(stranger)))
				b := timeless(unknown.Body)
				if !bytes.Equal(a, b) {
					t.Errorf("%s of a foreign %s:\n%s\nand of an unknown one:\n%s", query, kind, a, b)
				}
			}
		}
		deletion := "delete" + kind
		if kind == "Relationship" {
			deletion = "unrelate"
		}
		for _, s := range neighbours {
			if p := (author{w.Gateway, s}).do(t, deletion, in{"id": graphtest.Global(node)}); p["deleted"] != false {
				t.Errorf("%s deletes what belongs to another", deletion)
			}
		}
		if (author{w.Gateway, w.scope}).read(t, graphtest.Global(node), "") == nil {
			t.Errorf("the %s is gone", kind)
		}
	}
}

// TestListsOfAnEmptyScope asks every list and every question in a scope without anything, next to a full one.
func TestListsOfAnEmptyScope(t *testing.T) {
	w := regular(t)
	s := stores.NewScope(w.scope.User, w.scope.Device, "nobody")
	for _, f := range graph.Schema(nil).Schema().Query.Fields {
		if !strings.HasSuffix(f.Type.Name(), "Connection") {
			continue
		}
		data := w.Query(t, "{x:"+f.Name+"{totalCount edges{node{id}}}}", nil, graphtest.As(s))
		if graphtest.At(data, "x", "totalCount") != 0.0 || len(ids(data)) != 0 {
			t.Errorf("%s shows another scope: %v", f.Name, data)
		}
	}
	data := w.Query(t, `{profile{id} entity(by:{name:"Entity 001"}){id} recall(input:{text:"episode entity regular things follow up",first:200,expand:{depth:2}}){hits{score}}}`, nil, graphtest.As(s))
	if data["profile"] != nil || data["entity"] != nil || len(graphtest.At(data, "recall", "hits").([]any)) != 0 {
		t.Errorf("%v", data)
	}
}

// TestScopesAreSpelledExactly wants scopes that look alike to be different ones.
func TestScopesAreSpelledExactly(t *testing.T) {
	g := graphtest.Sample(t)
	run := string(stores.NewID())
	alike := []stores.Scope{
		{User: "alike", Device: "a", Agent: "b"}, {User: "Alike", Device: "a", Agent: "b"}, {User: "alike/a", Device: "b", Agent: "default"},
		{User: "alike", Device: "a/b", Agent: "default"}, {User: "alike%2Fa", Device: "b", Agent: "default"}, {User: "alike", Device: "b", Agent: "a"}, {User: "*", Device: "*", Agent: "*"}, {User: "alike%", Device: "%", Agent: "_"},
	}
	for i, s := range alike {
		alike[i].User += run
		s.User += run
		a := author{g, s}
		a.do(t, "upsertEntity", in{"name": "Mine", "summary": fmt.Sprint(i)})
		a.do(t, "upsertProfile", in{"content": fmt.Sprint(i)})
		a.do(t, "createEpisode", in{"sessionId": "s", "content": fmt.Sprintf("walrus %d", i)})
	}
	for i, s := range alike {
		data := g.Query(t, `{entity(by:{name:"Mine"}){summary} profile{content} episodes{totalCount} recall(input:{text:"walrus"}){hits{node{...on Episode{content}}}}}`, nil, graphtest.As(s))
		if graphtest.At(data, "entity", "summary") != fmt.Sprint(i) || graphtest.At(data, "profile", "content") != fmt.Sprint(i) || graphtest.At(data, "episodes", "totalCount") != 1.0 {
			t.Errorf("%+v: %v", s, data)
		}
		for _, h := range graphtest.At(data, "recall", "hits").([]any) {
			if c := graphtest.At(h, "node", "content"); c != nil && c != fmt.Sprintf("walrus %d", i) {
				t.Errorf("%+v recalls %v", s, c)
			}
		}
	}
}

// TestBadScope wants headers that name no scope to be refused before anything is read.
func TestBadScope(t *testing.T) {
	g := graphtest.Sample(t)
	for _, bad := range []string{strings.Repeat("x", 256), "a\x01b", "\xff", "   "} {
		for _, header := range []string{access.UserHeader, access.DeviceHeader, access.AgentHeader} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(`{"query":"{__typename}"}`))
			r.Header.Set("Content-Type", "application/json")
			r.Header[http.CanonicalHeaderKey(header)] = []string{bad}
			rec := httptest.NewRecorder()
			g.Handler.ServeHTTP(rec, r)
			if rec.Code != http.StatusBadRequest {
				t.Errorf("%s: %q is answered by %d", header, bad, rec.Code)
			}
		}
	}
}
