package graph_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"thalamus/examples"
	"thalamus/graph/graphtest"
)

// The reference operation, with the todos of the entities and with those of the episodes.
const (
	referenceEntities = `query($n:Int!){episodes(first:$n){edges{node{content entities{name relationships(first:3){edges{node{type target{... on Entity{name}}}}} todos{content}} profile{content}}}}}`
	referenceEpisodes = `query($n:Int!){episodes(first:$n){edges{node{content entities{name relationships(first:3){edges{node{type target{... on Entity{name}}}}}} todos{content} profile{content}}}}}`
)

var (
	callsReferenceEntities = []string{
		"GRAPH entities.byEpisode ×1", "GRAPH entities.byId ×1", "GRAPH episodes.list ×1", "GRAPH relationships.byNode ×1",
		"RECORDS profiles.of ×1", "RECORDS todos.byEntity ×1",
	}
	callsReferenceEpisodes = []string{
		"GRAPH entities.byEpisode ×1", "GRAPH entities.byId ×1", "GRAPH episodes.list ×1", "GRAPH relationships.byNode ×1",
		"RECORDS profiles.of ×1", "RECORDS todos.byEpisode ×1",
	}
)

// pin fails unless an operation makes exactly the given calls and has no errors.
func (w world) pin(t *testing.T, query string, vars map[string]any, calls []string) graphtest.Response {
	t.Helper()
	r := w.Post(t, query, vars, graphtest.As(w.scope))
	if len(r.Errors) > 0 {
		t.Fatalf("%s: %v", query, r.Errors)
	}
	if got := r.Count(); !slices.Equal(got, calls) {
		t.Errorf("%s %v\nmade  %s\nwant  %s", query, vars, strings.Join(got, ", "), strings.Join(calls, ", "))
	}
	return r
}

// TestCallsDoNotGrow pins the calls of the reference operation: the same for any number of episodes and processors.
func TestCallsDoNotGrow(t *testing.T) {
	w := regular(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, n := range []int{1, 10, 50, 200} {
		for i := range repetitions(n) {
			runtime.GOMAXPROCS([]int{1, 2, 8}[i%3])
			r := w.pin(t, referenceEntities, map[string]any{"n": n}, callsReferenceEntities)
			if got := len(graphtest.At(r.Data, "episodes", "edges").([]any)); got != n {
				t.Fatalf("%d episodes, want %d", got, n)
			}
			if i < 6 {
				w.pin(t, referenceEpisodes, map[string]any{"n": n}, callsReferenceEpisodes)
			}
		}
	}
}

// TestKeysAreDistinct pins the keys of each call: as many as there are different parents.
func TestKeysAreDistinct(t *testing.T) {
	w := regular(t)
	r := w.pin(t, referenceEntities, map[string]any{"n": 50}, callsReferenceEntities)
	// 50 episodes in a row mention every one of the 40 entities, whose three strongest edges lead to entities.
	want := map[string]int{
		"entities.byEpisode": 50, "relationships.byNode": worldEntities, "entities.byId": worldEntities, "todos.byEntity": worldEntities,
	}
	for _, c := range r.Calls {
		if n, ok := want[c.Operation]; ok && c.Keys != n {
			t.Errorf("%s has %d keys, want %d", c.Operation, c.Keys, n)
		}
	}
}

func TestConcurrentRequests(t *testing.T) {
	w := regular(t)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for range 3 {
				w.pin(t, referenceEntities, map[string]any{"n": 2 * (i + 1)}, callsReferenceEntities)
			}
		})
	}
	wg.Wait()
}

// TestReferenceExample pins the example that is the reference operation, on the sample memory.
func TestReferenceExample(t *testing.T) {
	g := graphtest.Sample(t)
	all, err := examples.Queries()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 10, 50, 200} {
		r := g.Post(t, all[0].Query, map[string]any{"n": n}, nil)
		if len(r.Errors) > 0 || len(r.Calls) > 7 {
			t.Errorf("first %d: %v, calls %v", n, r.Errors, r.Count())
		}
	}
}

// TestCallsOfShapes pins the calls of operations of all shapes. $v names an episode, $e an entity.
func TestCallsOfShapes(t *testing.T) {
	w := regular(t)
	vars := map[string]any{"v": graphtest.Global(w.batch.Episodes[100]), "e": graphtest.Global(w.batch.Entities[7].Entity), "yes": true, "no": false}
	for _, c := range []struct {
		name, query string
		calls       []string
	}{
		{
			"aliases of one field", `{episodes(first:5){edges{node{a:entities{name} b:entities{name type}}}}}`,
			[]string{"GRAPH entities.byEpisode ×1", "GRAPH episodes.list ×1"},
		},
		{
			"aliases with other arguments", `{entities(first:5){edges{node{a:relationships(first:1){edges{node{type}}} b:relationships(first:2){edges{node{type target{id}}}} c:relationships(first:2){edges{node{weight target{...on Entity{name}}}}}}}}}`,
			[]string{"GRAPH entities.byId ×1", "GRAPH entities.list ×1", "GRAPH relationships.byNode ×2"},
		},
		{
			"aliases of edges", `{episodes(first:5){a:edges{node{entities{name}}} b:edges{node{entities{summary}}}}}`,
			[]string{"GRAPH entities.byEpisode ×2", "GRAPH episodes.list ×1"},
		},
		{
			"fragments shared by two branches", `query($v:ID!,$e:ID!){episode(id:$v){...V previous{...V}} entity(by:{id:$e}){episodes(first:3){edges{node{...V}}}}} fragment V on Episode{content entities{...E}} fragment E on Entity{name content}`,
			[]string{"GRAPH entities.byEpisode ×3", "GRAPH entities.byId ×1", "GRAPH episodes.adjacent ×1", "GRAPH episodes.byEntity ×1", "GRAPH episodes.byId ×2", "RECORDS entityRecords.byId ×3"},
		},
		{
			"skip and include", `query($yes:Boolean!,$no:Boolean!){episodes(first:5){edges{node{content entities @skip(if:$yes){name} profile @include(if:$no){content} todos @include(if:$yes){content} ... @skip(if:$no){todos{status}} ...@include(if:$no){previous{content}}}}}}`,
			[]string{"GRAPH episodes.list ×1", "RECORDS todos.byEpisode ×1"},
		},
		{
			"fragments on an interface", `{relationships(first:200,orderBy:{field:WEIGHT}){edges{node{type source{id ...on Entity{name} ...on Episode{content} ...on Procedure{name}} target{__typename ...on Entity{name episodes(first:1){edges{node{content}}}} ...on Episode{content entities{name}} ...on Procedure{name}}}}}}`,
			[]string{"GRAPH entities.byEpisode ×1", "GRAPH entities.byId ×1", "GRAPH episodes.byEntity ×1", "GRAPH episodes.byId ×1", "GRAPH procedures.byId ×1", "GRAPH relationships.list ×1"},
		},
		{
			"ends of which only the id is wanted", `{relationships(first:200){edges{node{source{id __typename} target{...on Node{id}}}}}}`,
			[]string{"GRAPH relationships.list ×1"},
		},
		{
			"one field of nodes of several nouns", `query($e:ID!){neighborhood(of:$e,depth:1,first:20){nodes{node{...on Entity{relationships(first:2){edges{node{target{...on Entity{name todos{content}}}}}}} ...on Episode{relationships(first:2){edges{node{target{...on Entity{summary}}}}}} ...on Procedure{relationships(first:2){edges{node{type}}}}}}}}`,
			[]string{"GRAPH entities.byId ×2", "GRAPH episodes.byId ×1", "GRAPH procedures.byId ×1", "GRAPH relationships.byNode ×1", "GRAPH relationships.neighborhood ×1", "RECORDS todos.byEntity ×1"},
		},
		{
			"previous and next", `{episodes(first:50){edges{node{previous{content entities{name}} next{content}}}}}`,
			[]string{"GRAPH entities.byEpisode ×1", "GRAPH episodes.adjacent ×1", "GRAPH episodes.byId ×1", "GRAPH episodes.list ×1"},
		},
		{
			"the record of an entity", `{entities(first:50){edges{node{name content keywords aliases metadata}}}}`,
			[]string{"GRAPH entities.list ×1", "RECORDS entityRecords.byId ×1"},
		},
		{
			"node", `query($v:ID!){node(id:$v){id ...on Episode{entities{name todos{content}}}}}`,
			[]string{"GRAPH entities.byEpisode ×1", "GRAPH episodes.byId ×1", "RECORDS todos.byEntity ×1"},
		},
		{
			"nodes of two nouns with a join of one name", `query($v:ID!,$e:ID!){nodes(ids:[$v,$e,$v]){...on Episode{todos{content} similar(first:2){score node{content}}} ...on Entity{todos{content} similar(first:2){score node{name}}}}}`,
			[]string{"GRAPH entities.byId ×2", "GRAPH episodes.byId ×2", "RECORDS todos.byEntity ×1", "RECORDS todos.byEpisode ×1", "VECTORS vectors.search ×2"},
		},
		{
			"an empty level", `{episodes(where:{content:{eq:"nothing"}}){totalCount edges{node{entities{name}}}}}`,
			[]string{"GRAPH episodes.count ×1", "GRAPH episodes.list ×1"},
		},
		{
			"a level that ends early", `{entities(first:50){edges{node{supersedes{name versions{name}} supersededBy{name}}}}}`,
			[]string{"GRAPH entities.list ×1"},
		},
		{
			"counts below every parent", `{episodes(first:50){edges{node{profile{episodes(first:1){totalCount} entities(first:1){totalCount edges{node{name}}} todos(first:1){totalCount}}}}}}`,
			[]string{"GRAPH entities.count ×1", "GRAPH entities.list ×1", "GRAPH episodes.count ×1", "GRAPH episodes.list ×2", "RECORDS profiles.of ×1", "RECORDS todos.count ×1", "RECORDS todos.list ×1"},
		},
		{
			"five levels there and back", `{todos(first:20){edges{node{sourceEpisode{entities{episodes(first:2){edges{node{todos{entities{name}}}}}}}}}}}`,
			[]string{"GRAPH entities.byEpisode ×1", "GRAPH entities.byId ×1", "GRAPH episodes.byEntity ×1", "GRAPH episodes.byId ×1", "RECORDS todos.byEpisode ×1", "RECORDS todos.list ×1"},
		},
		{
			"recall with joins", `{recall(input:{text:"regular episode entity",first:20}){hits{score node{id ...on Episode{entities{name}} ...on Entity{relationships(first:1){edges{node{target{id}}}}} ...on Todo{sourceEpisode{content}}}}}}`,
			nil,
		},
		{
			"a path with joins", fmt.Sprintf(`query($v:ID!){path(from:$v,to:%q,maxDepth:8){nodes{...on Entity{name todos{content}} ...on Episode{todos{content}}} relationships{source{...on Entity{name}} target{...on Entity{name}}}}}`, graphtest.Global(w.batch.Entities[25].Entity)),
			[]string{"GRAPH entities.byId ×2", "GRAPH episodes.byId ×1", "GRAPH relationships.path ×1", "RECORDS todos.byEntity ×1", "RECORDS todos.byEpisode ×1"},
		},
		{
			"vectors and likeness", `{episodes(first:20){edges{node{embedding similar(first:3,threshold:0.1){score node{content}}}}}}`,
			[]string{"GRAPH episodes.byId ×1", "GRAPH episodes.list ×1", "VECTORS vectors.get ×1", "VECTORS vectors.search ×1"},
		},
		{
			"all episodes below each of them", `{episodes(first:5){edges{node{content profile{episodes(first:1){edges{node{entities{name}}}}}}}}}`,
			[]string{"GRAPH entities.byEpisode ×1", "GRAPH episodes.list ×2", "RECORDS profiles.of ×1"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			first := c.calls
			for range 5 {
				if first == nil { // what matters is that it stays the same
					first = w.Post(t, c.query, vars, graphtest.As(w.scope)).Count()
				}
				w.pin(t, c.query, vars, first)
			}
		})
	}
}

// repetitions is how often an operation over n nodes is run: at least ten times, with -short, as under the race detector,
// at least twice.
func repetitions(n int) int {
	if testing.Short() {
		return max(2, 6-n/10)
	}
	return 30 - n/10
}
