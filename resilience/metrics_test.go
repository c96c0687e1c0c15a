package resilience_test

import (
	"context"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"thalamus/resilience"
	"thalamus/stores"
)

// pooled is a backend with a pool.
type pooled struct{ pool stores.Pool }

func (pooled) Name() string                                { return "pooled" }
func (pooled) Ping(context.Context) error                  { return nil }
func (pooled) Close() error                                { return nil }
func (pooled) Facts(context.Context) (stores.Facts, error) { return stores.Facts{}, nil }
func (p pooled) Pool() stores.Pool                         { return p.pool }

func TestPoolsAndBreakersAreSeen(t *testing.T) {
	want := stores.Pool{Open: 7, InUse: 3, Limit: 50, Taken: 120, Waits: 4, Waited: 1500 * time.Millisecond, Refused: 2}
	set := &stores.Set{Backends: []stores.Playing{{Role: stores.RoleGraph, Backend: pooled{want}}}}
	guards := resilience.NewGuards(set, func(stores.Backend) []resilience.Middleware { return nil })
	if got := guards.Status()[0].Pool; got == nil || *got != want {
		t.Errorf("the status says %+v", got)
	}
	guards.Protect(limits())
	for range 5 {
		_ = guards[stores.RoleGraph].Do(t.Context(), write, answers(broken))
	}
	reader := metric.NewManualReader()
	if err := guards.ObserveStatus(metric.NewMeterProvider(metric.WithReader(reader))); err != nil {
		t.Fatal(err)
	}
	var collected metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &collected); err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, m := range collected.ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case metricdata.Gauge[int64]:
			got[m.Name] = data.DataPoints[0].Value
		case metricdata.Sum[int64]:
			got[m.Name] = data.DataPoints[0].Value
		}
	}
	if got["thalamus.store.breaker"] != 2 {
		t.Errorf("the breaker is open, and the metric says %d", got["thalamus.store.breaker"])
	}
	for name, n := range map[string]int64{
		"open": 7, "used": 3, "limit": 50, "acquisitions": 120, "waits": 4, "waited": 1500, "refused": 2,
	} {
		if got["thalamus.store.pool."+name] != n {
			t.Errorf("%s is %d, want %d", name, got["thalamus.store.pool."+name], n)
		}
	}
}
