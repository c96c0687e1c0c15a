package graph_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"thalamus/graph/graphtest"
	"thalamus/resilience/saga"
	"thalamus/stores"
)

// What a regular memory holds.
const (
	worldEpisodes   = 200
	worldEntities   = 40
	worldProcedures = 4
)

// world is a memory in which every node has something at each of its joins, so that no level of a query is empty.
type world struct {
	*graphtest.Gateway
	scope stores.Scope
	batch saga.Batch
}

var (
	worldOnce sync.Once
	worldErr  error
	worldOf   world
)

// regular gives the one world of this package; tests must not write to it.
func regular(tb testing.TB) world {
	tb.Helper()
	g := graphtest.Sample(tb)
	worldOnce.Do(func() {
		worldOf = world{g, stores.NewScope("regular", "", ""), regularBatch()}
		worldErr = g.Writes.Import(context.Background(), worldOf.scope, worldOf.batch)
	})
	if worldErr != nil {
		tb.Fatal(worldErr)
	}
	return worldOf
}

func regularBatch() saga.Batch {
	start := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	b := saga.Batch{Profiles: []*stores.Profile{{ID: stores.NewID(), Content: "A regular user.", Importance: 5}}}
	for i := range worldEntities {
		name := fmt.Sprintf("Entity %03d", i)
		b.Entities = append(b.Entities, saga.EntityParts{
			Entity: &stores.Entity{ID: stores.NewID(), Name: name, Type: stores.EntityConcept, Summary: "Number " + name, ValidFrom: start},
			Record: &stores.EntityRecord{Content: "All about " + name, Keywords: []string{"regular"}, Metadata: map[string]any{"number": float64(i)}},
		})
	}
	for i := range worldProcedures {
		b.Procedures = append(b.Procedures, &stores.Procedure{
			ID: stores.NewID(), Name: fmt.Sprintf("Procedure %d", i), Domain: stores.DomainCoding, SuccessRate: 1,
			Steps: []stores.ProcedureStep{{Order: 1, Action: "Count to " + fmt.Sprint(i)}},
		})
	}
	entity := func(i int) stores.ID { return b.Entities[i%worldEntities].Entity.ID }
	for i := range worldEpisodes {
		b.Episodes = append(b.Episodes, &stores.Episode{
			ID: stores.NewID(), SessionID: fmt.Sprintf("session-%d", i%10), Content: fmt.Sprintf("Episode %03d spoke of many regular things.", i),
			Timestamp: start.Add(time.Duration(i) * time.Minute), Mentions: []stores.ID{entity(i), entity(i + 1), entity(i + 2)},
			EmotionalValence: float64(i%10) / 10,
		})
		b.Todos = append(b.Todos, &stores.Todo{
			ID: stores.NewID(), Content: fmt.Sprintf("Follow up on episode %03d", i), SourceEpisode: b.Episodes[i].ID,
			Urgency: stores.Urgency(i % 4),
		})
		if i >= worldEpisodes-worldEntities { // one for each entity, so that answers stay of a size
			b.Todos[i].Entities = []stores.ID{entity(i)}
		}
	}
	b.Relationships = regularEdges(b)
	return b
}

// regularEdges leads from each entity to three others, an episode and a procedure, and from each episode to an entity.
func regularEdges(b saga.Batch) (edges []*stores.Relationship) {
	join := func(source, target stores.Node, kind stores.RelationType, weight float64) {
		edges = append(edges, &stores.Relationship{ID: stores.NewID(), Type: kind, Source: source.Ref(), Target: target.Ref(), Weight: weight})
	}
	for i, e := range b.Entities {
		for step := 1; step <= 3; step++ {
			join(e.Entity, b.Entities[(i+step)%worldEntities].Entity, "USES", 0.9-float64(step)/10)
		}
		join(e.Entity, b.Episodes[i], "SOURCE_OF", 0.4)
		join(e.Entity, b.Procedures[i%worldProcedures], "REQUIRES", 0.3)
	}
	for i, p := range b.Procedures {
		join(p, b.Procedures[(i+1)%worldProcedures], "IMPROVES_ON", 0.2)
	}
	for i, e := range b.Episodes {
		join(e, b.Entities[i%worldEntities].Entity, "HAS_CONTEXT", 0.5)
	}
	return edges
}
