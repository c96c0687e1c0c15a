package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"thalamus/graph/graphtest"
	"thalamus/resilience"
	"thalamus/stores"
)

const benchEpisodes = 50

// BenchmarkReference is the reference operation through the whole edge. Divide by [BenchmarkByHand].
func BenchmarkReference(b *testing.B) {
	w := regular(b)
	body, err := json.Marshal(map[string]any{"query": referenceEpisodes, "variables": map[string]any{"n": benchEpisodes}})
	if err != nil {
		b.Fatal(err)
	}
	header := graphtest.As(w.scope)
	header.Set("Content-Type", "application/json")
	for b.Loop() {
		r := httptest.NewRequest("POST", "/graphql", bytes.NewReader(body))
		r.Header = header
		rec := httptest.NewRecorder()
		w.Handler.ServeHTTP(rec, r)
		if rec.Code != 200 {
			b.Fatal(rec.Body)
		}
		b.ReportMetric(float64(rec.Body.Len()), "bytes")
	}
}

// BenchmarkKeeping is the reference operation over stores that count as servers, whose answers are kept or not. Both are
// slower than [BenchmarkReference], since guards with protection stand in front of them.
func BenchmarkKeeping(b *testing.B) {
	for _, limit := range []time.Duration{0, time.Minute} {
		b.Run(fmt.Sprintf("limit=%s", limit), func(b *testing.B) {
			g := remote(b, limit, time.Minute)
			s := stores.NewScope("regular", "", "")
			if err := g.Writes.Import(b.Context(), s, regularBatch()); err != nil {
				b.Fatal(err)
			}
			vars := map[string]any{"n": benchEpisodes}
			g.Query(b, referenceEpisodes, vars, graphtest.As(s))
			for b.Loop() {
				g.Query(b, referenceEpisodes, vars, graphtest.As(s))
			}
		})
	}
}

// BenchmarkByHand reads the same from the same stores in six calls and writes the same JSON.
func BenchmarkByHand(b *testing.B) {
	w := regular(b)
	for b.Loop() {
		answer, err := byHand(b.Context(), w.Set, w.scope, benchEpisodes)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(answer)), "bytes")
	}
}

type (
	object = map[string]any
	list   = []any
)

func byHand(ctx context.Context, set *stores.Set, s stores.Scope, n int) ([]byte, error) {
	episodes, err := set.Episodes.List(ctx, s, stores.Query{Page: stores.Page{First: n}, Fields: []stores.Field{"content"}})
	if err != nil {
		return nil, err
	}
	ids := make([]stores.ID, len(episodes.Items))
	for i, e := range episodes.Items {
		ids[i] = e.ID
	}
	mentioned, err := set.Entities.ByEpisode(ctx, s, ids, []stores.Field{})
	if err != nil {
		return nil, err
	}
	todos, err := set.Todos.ByEpisode(ctx, s, ids, stores.Query{Page: stores.Page{First: 200}, Fields: []stores.Field{"content"}})
	if err != nil {
		return nil, err
	}
	profile, err := set.Profiles.Of(ctx, s, []stores.Field{"content"})
	if err != nil {
		return nil, err
	}
	edges, err := set.Relationships.ByNode(ctx, s, distinct(mentioned), stores.FlowBoth, stores.Query{Page: stores.Page{First: 3}, Fields: []stores.Field{}})
	if err != nil {
		return nil, err
	}
	var ends []stores.ID
	for _, page := range edges {
		for _, e := range page.Items {
			if e.Target.Kind == stores.KindEntity {
				ends = append(ends, e.Target.ID)
			}
		}
	}
	targets, err := set.Entities.ByID(ctx, s, ends, []stores.Field{})
	if err != nil {
		return nil, err
	}
	out := list{}
	for _, e := range episodes.Items {
		entities, follow := list{}, list{}
		for _, m := range mentioned[e.ID] {
			relations := list{}
			for _, r := range edges[m.ID].Items {
				target := object{}
				if t := targets[r.Target.ID]; t != nil {
					target["name"] = t.Name
				}
				relations = append(relations, object{"node": object{"type": r.Type, "target": target}})
			}
			entities = append(entities, object{"name": m.Name, "relationships": object{"edges": relations}})
		}
		for _, t := range todos[e.ID].Items {
			follow = append(follow, object{"content": t.Content})
		}
		out = append(out, object{"node": object{"content": e.Content, "entities": entities, "todos": follow, "profile": object{"content": profile.Content}}})
	}
	return json.Marshal(object{"data": object{"episodes": object{"edges": out}}})
}

func distinct(mentioned map[stores.ID][]*stores.Entity) (ids []stores.ID) {
	seen := map[stores.ID]bool{}
	for _, entities := range mentioned {
		for _, e := range entities {
			if !seen[e.ID] {
				seen[e.ID] = true
				ids = append(ids, e.ID)
			}
		}
	}
	return ids
}

// BenchmarkOneSlowBackend reads todos while other clients ask for episodes from a graph that answers at once, or after 2 s:
// compare what it tells of the slowest hundredth.
func BenchmarkOneSlowBackend(b *testing.B) {
	for _, slow := range []time.Duration{0, 2 * time.Second} {
		b.Run(fmt.Sprintf("graph=%s", slow), func(b *testing.B) { benchmarkBeside(b, slow) })
	}
}

func benchmarkBeside(b *testing.B, slow time.Duration) {
	const others = 100
	g := graphtest.NewServers(b, resilience.Settings{Timeout: 5 * time.Second, Concurrency: 64, Open: time.Minute})
	g.Break(func(op resilience.Op) error {
		if op.Role == stores.RoleGraph {
			time.Sleep(slow)
		}
		return nil
	})
	ctx, cancel := context.WithCancel(b.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	for range others {
		all.Go(func() {
			for ctx.Err() == nil {
				_ = g.Post(b, `{episodes(first:1){edges{node{id}}}}`, nil, nil)
				time.Sleep(20 * time.Millisecond) // as many ask as before, whatever they get
			}
		})
	}
	var took []time.Duration
	most := 0
	for b.Loop() {
		begun := time.Now()
		g.Query(b, `{todos(first:1){edges{node{id}}}}`, nil, nil)
		took = append(took, time.Since(begun))
		most = max(most, runtime.NumGoroutine())
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(most), "goroutines")
}
