package resilience_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"thalamus/resilience"
	"thalamus/stores"
)

// What follows are stores that forget their condition: they give what is the asker's and what is not.

func both() []*stores.Entity {
	return []*stores.Entity{{ID: "mine", Scope: mine}, {ID: "yours", Scope: yours}}
}

type lyingEntities struct{ stores.Entities }

func (lyingEntities) ByID(context.Context, stores.Scope, []stores.ID, []stores.Field) (map[stores.ID]*stores.Entity, error) {
	return map[stores.ID]*stores.Entity{"mine": both()[0], "yours": both()[1]}, nil
}

func (lyingEntities) List(context.Context, stores.Scope, stores.Query) (stores.Slice[*stores.Entity], error) {
	return stores.Slice[*stores.Entity]{Items: both(), Cursors: []stores.Cursor{"1", "2"}}, nil
}

func (lyingEntities) ByEpisode(context.Context, stores.Scope, []stores.ID, []stores.Field) (map[stores.ID][]*stores.Entity, error) {
	return map[stores.ID][]*stores.Entity{"e": both()}, nil
}

type lyingRecords struct{ stores.EntityRecords }

func (lyingRecords) ByID(context.Context, stores.Scope, []stores.ID, []stores.Field) (map[stores.ID]*stores.EntityRecord, error) {
	return map[stores.ID]*stores.EntityRecord{"mine": {ID: "mine", Scope: mine}, "yours": {ID: "yours", Scope: yours}}, nil
}

type lyingProfiles struct{ stores.Profiles }

func (lyingProfiles) Of(context.Context, stores.Scope, []stores.Field) (*stores.Profile, error) {
	return &stores.Profile{ID: "yours", Scope: yours}, nil
}

type lyingEdges struct{ stores.Relationships }

func edges() []*stores.Relationship {
	return []*stores.Relationship{{ID: "yours", Scope: yours}, {ID: "mine", Scope: mine}}
}

func (lyingEdges) ByNode(context.Context, stores.Scope, []stores.ID, stores.Flow, stores.Query) (map[stores.ID]stores.Slice[*stores.Relationship], error) {
	return map[stores.ID]stores.Slice[*stores.Relationship]{"n": {Items: edges(), Cursors: []stores.Cursor{"1", "2"}}}, nil
}

func (lyingEdges) Path(context.Context, stores.Scope, stores.PathQuery) (*stores.Path, error) {
	return &stores.Path{Edges: edges()}, nil
}

func (lyingEdges) Neighborhood(context.Context, stores.Scope, stores.NeighborhoodQuery) (*stores.Neighborhood, error) {
	return &stores.Neighborhood{Edges: edges()}, nil
}

type lyingOutbox struct{ stores.Outbox }

func (lyingOutbox) After(context.Context, stores.Scope, int64, int) ([]stores.Event, error) {
	return []stores.Event{{Saga: "mine", Scope: mine}, {Saga: "yours", Scope: yours}}, nil
}

type lyingJournal struct{ stores.Journal }

func (lyingJournal) ByID(context.Context, stores.Scope, []stores.ID) (map[stores.ID]*stores.Saga, error) {
	return map[stores.ID]*stores.Saga{"mine": {ID: "mine", Scope: mine}, "yours": {ID: "yours", Scope: yours}}, nil
}

// TestWhatIsForeignIsDropped, whatever a store answers, with one alarm for each record.
func TestWhatIsForeignIsDropped(t *testing.T) {
	sql := &backend{name: "sql"}
	set := &stores.Set{
		Entities: lyingEntities{}, EntityRecords: lyingRecords{}, Profiles: lyingProfiles{}, Relationships: lyingEdges{}, Outbox: lyingOutbox{}, Journal: lyingJournal{},
		Backends: []stores.Playing{{Role: stores.RoleGraph, Backend: sql}, {Role: stores.RoleRecords, Backend: sql}},
	}
	reader, log := metric.NewManualReader(), &strings.Builder{}
	observe, err := resilience.Observe(tracenoop.NewTracerProvider(), metric.NewMeterProvider(metric.WithReader(reader)), slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	set = resilience.Wrap(set, resilience.NewGuards(set, func(stores.Backend) []resilience.Middleware { return []resilience.Middleware{observe} }))
	ctx := t.Context()
	byID, _ := set.Entities.ByID(ctx, mine, nil, nil)
	list, _ := set.Entities.List(ctx, mine, stores.Query{})
	grouped, _ := set.Entities.ByEpisode(ctx, mine, nil, nil)
	records, _ := set.EntityRecords.ByID(ctx, mine, nil, nil)
	profile, _ := set.Profiles.Of(ctx, mine, nil)
	edges, _ := set.Relationships.ByNode(ctx, mine, nil, stores.FlowBoth, stores.Query{})
	path, _ := set.Relationships.Path(ctx, mine, stores.PathQuery{})
	around, _ := set.Relationships.Neighborhood(ctx, mine, stores.NeighborhoodQuery{})
	events, _ := set.Outbox.After(ctx, mine, 0, 10)
	sagas, _ := set.Journal.ByID(ctx, mine, nil)
	if profile != nil || path != nil {
		t.Errorf("a foreign profile %v, a path over foreign edges %v", profile, path)
	}
	if len(byID) != 1 || len(list.Items) != 1 || len(grouped["e"]) != 1 || len(records) != 1 || len(edges["n"].Items) != 1 || len(around.Edges) != 1 || len(events) != 1 || len(sagas) != 1 {
		t.Errorf("%v %v %v %v %v %v %v %v", byID, list, grouped, records, edges, around, events, sagas)
	}
	if !slices.Equal(list.Cursors, []stores.Cursor{"1"}) || !slices.Equal(edges["n"].Cursors, []stores.Cursor{"2"}) {
		t.Errorf("cursors %v, %v", list.Cursors, edges["n"].Cursors)
	}
	if shown := fmt.Sprint(byID, list, grouped, records, edges, around.Edges, events, sagas); strings.Contains(shown, "yours") {
		t.Errorf("shown: %s", shown)
	}
	if n := crossings(t, reader); n != 10 || strings.Count(log.String(), "level=ERROR") != 10 {
		t.Errorf("%d are counted; the log:\n%s", n, log)
	}
}

// crossings reads the counter.
func crossings(t *testing.T, reader metric.Reader) (n int64) {
	t.Helper()
	var collected metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &collected); err != nil {
		t.Fatal(err)
	}
	for _, scope := range collected.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name == "thalamus.scope.crossings" {
				for _, point := range m.Data.(metricdata.Sum[int64]).DataPoints {
					n += point.Value
				}
			}
		}
	}
	return n
}
