package graph_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"thalamus/graph"
	"thalamus/graph/graphtest"
	"thalamus/graph/model"
	"thalamus/stores"
)

// author writes in a scope of its own.
type author struct {
	*graphtest.Gateway
	scope stores.Scope
}

// newAuthor invents a scope on the shared gateway.
func newAuthor(t *testing.T) author {
	t.Helper()
	return author{graphtest.Sample(t), stores.NewScope(t.Name(), "", string(stores.NewID()))}
}

// selections of the nodes in payloads.
var selections = map[string]string{
	"episode":       `episode{id version content outcome timestamp endTimestamp durationMs emotionalValence stability accessCount predictionError sequencePosition sessionId context{project file extra} capsule{poses routingAgreement} entities{id name} ingestedAt updatedAt}`,
	"entity":        `entity{id version name type label summary details source validFrom validTo stability accessCount content keywords aliases metadata supersedes{id} supersededBy{id} versions{id}}`,
	"procedure":     `procedure{id version name domain triggerPattern steps{order action tool parameters} script successRate executionCount lastExecutedAt deprecated consolidatedInto{id} createdFrom}`,
	"relationship":  `relationship{id version type label weight coAccessCount lastCoAccessAt validTo metadata source{id} target{id}}`,
	"relationships": `relationships{id version weight coAccessCount}`,
	"profile":       `profile{id version content summary keywords entityNames importance metadata}`,
	"todo":          `todo{id version content status urgency assignee reason startTime endTime completedAt sourceEpisode{id} entities{id}}`,
	"deleted":       `id deleted`, "decayed": `decayed pruned`, "pruned": ``, "id": ``,
}

// send runs a mutation and answers its payload.
func (a author) send(t *testing.T, mutation string, input map[string]any) map[string]any {
	t.Helper()
	field := graph.Schema(nil).Schema().Mutation.Fields.ForName(mutation)
	var selection []string
	for _, f := range graph.Schema(nil).Schema().Types[field.Type.Name()].Fields {
		selection = append(selection, selections[f.Name])
	}
	query := fmt.Sprintf("mutation($i:%s!){x:%s(input:$i){problems{code message path} %s}}", field.Arguments[0].Type.Name(), mutation, strings.Join(selection, " "))
	return a.Query(t, query, map[string]any{"i": input}, graphtest.As(a.scope))["x"].(map[string]any)
}

// do runs a mutation that must not have problems and answers the changed node, or the whole payload.
func (a author) do(t *testing.T, mutation string, input map[string]any) map[string]any {
	t.Helper()
	p := a.send(t, mutation, input)
	if problems := p["problems"].([]any); len(problems) > 0 {
		t.Fatalf("%s %v: %v", mutation, input, problems)
	}
	for _, key := range []string{"episode", "entity", "procedure", "relationship", "profile", "todo"} {
		if node, ok := p[key]; ok {
			return node.(map[string]any)
		}
	}
	return p
}

// refuse runs a mutation that must have one problem and no node. path is dotted.
func (a author) refuse(t *testing.T, mutation string, input map[string]any, code, path string) {
	t.Helper()
	p := a.send(t, mutation, input)
	problems := p["problems"].([]any)
	if len(problems) != 1 {
		t.Errorf("%s %v: %v, want one problem", mutation, input, problems)
		return
	}
	var got []string
	for _, step := range graphtest.At(problems, 0, "path").([]any) {
		got = append(got, step.(string))
	}
	if graphtest.At(problems, 0, "code") != code || strings.Join(got, ".") != path || graphtest.At(problems, 0, "message") == "" {
		t.Errorf("%s %v: %v, want %s at %q", mutation, input, problems, code, path)
	}
	for key, v := range p {
		if _, node := v.(map[string]any); node {
			t.Errorf("%s %v answers %s beside its problem", mutation, input, key)
		}
	}
}

// merge is an input with other fields.
func merge(base map[string]any, more ...any) map[string]any {
	out := map[string]any{}
	for k, v := range base {
		out[k] = v
	}
	for i := 0; i < len(more); i += 2 {
		out[more[i].(string)] = more[i+1]
	}
	return out
}

type in = map[string]any

// read reads one node by its global id; nil when there is none.
func (a author) read(t *testing.T, id any, selection string) any {
	t.Helper()
	return a.Query(t, "query($i:ID!){node(id:$i){id "+selection+"}}", in{"i": id}, graphtest.As(a.scope))["node"]
}

// found says whether recall finds a node by words and by meaning.
func (a author) found(t *testing.T, text string, id any) bool {
	t.Helper()
	data := a.Query(t, `query($t:String!){recall(input:{text:$t,first:200,expand:{depth:2}}){hits{node{id}}}}`, in{"t": text}, graphtest.As(a.scope))
	return slices.ContainsFunc(graphtest.At(data, "recall", "hits").([]any), func(h any) bool { return graphtest.At(h, "node", "id") == id })
}

func near(t *testing.T, what string, got any, want float64) {
	t.Helper()
	if f, ok := got.(float64); !ok || math.Abs(f-want) > 1e-9 {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func unknown(kind stores.Kind) string {
	return model.GlobalID(stores.Ref{Kind: kind, ID: stores.NewID()})
}

// gone deletes a node and wants nothing of it left: no node, no edges, no hit.
func (a author) gone(t *testing.T, mutation string, id any, words string) {
	t.Helper()
	if p := a.do(t, mutation, in{"id": id}); p["deleted"] != true || p["id"] != id {
		t.Errorf("%s: %v", mutation, p)
	}
	if p := a.do(t, mutation, in{"id": id}); p["deleted"] != false {
		t.Errorf("%s again: %v", mutation, p)
	}
	if a.read(t, id, "") != nil {
		t.Errorf("%s: it is still there", mutation)
	}
	data := a.Query(t, `query($i:ID!){a:relationships(where:{source:{eq:$i}}){totalCount} b:relationships(where:{target:{eq:$i}}){totalCount}}`, in{"i": id}, graphtest.As(a.scope))
	if graphtest.At(data, "a", "totalCount") != 0.0 || graphtest.At(data, "b", "totalCount") != 0.0 {
		t.Errorf("%s leaves edges: %v", mutation, data)
	}
	if words != "" && a.found(t, words, id) {
		t.Errorf("%s: it is still recalled", mutation)
	}
}
