package saga_test

import (
	"context"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"thalamus/graph/graphtest"
	"thalamus/resilience"
	"thalamus/resilience/saga"
	"thalamus/stores"
)

// TestUnfinishedSagasAreCounted by state whenever the metrics are read.
func TestUnfinishedSagasAreCounted(t *testing.T) {
	g := graphtest.NewSplit(t)
	reader := sdk.NewManualReader()
	if err := g.Writes.Observe(sdk.NewMeterProvider(sdk.WithReader(reader))); err != nil {
		t.Fatal(err)
	}
	queued := func() (n int64) {
		var all metricdata.ResourceMetrics
		if err := reader.Collect(context.Background(), &all); err != nil {
			t.Fatal(err)
		}
		for _, m := range all.ScopeMetrics[0].Metrics {
			for _, p := range m.Data.(metricdata.Gauge[int64]).DataPoints {
				if state, _ := p.Attributes.Value("state"); state.AsString() == string(stores.SagaQueued) {
					n = p.Value
				}
			}
		}
		return n
	}
	before := queued()
	g.Break(func(op resilience.Op) error {
		if op.Role == stores.RoleVectors {
			return stores.Unavailable(op.Backend, nil)
		}
		return nil
	})
	r := saga.Request{Operation: "createTodo", OnDown: stores.OnDownQueue}
	if _, err := g.Writes.CreateTodo(t.Context(), graphtest.Scope, r, &stores.Todo{Content: "wait"}); err != nil {
		t.Fatal(err)
	}
	g.Break(nil)
	if now := queued(); now != before+1 {
		t.Errorf("%d sagas wait, want %d", now, before+1)
	}
}
