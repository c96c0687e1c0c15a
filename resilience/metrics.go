package resilience

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"thalamus/stores"
)

// statusMetric is one number of a [Status].
type statusMetric struct {
	name, unit, description string
	counts                  bool // it only rises
	of                      func(Status) (value int64, ok bool)
}

var statusMetrics = append([]statusMetric{
	{"thalamus.store.breaker", "{state}", "Whether calls reach a backend: 0 they do, 1 one at a time, 2 none, 3 none since an operator holds it.", false, func(s Status) (int64, bool) {
		return map[BreakerState]int64{BreakerHalfOpen: 1, BreakerOpen: 2, BreakerHeld: 3}[s.Breaker], true
	}},
}, poolMetrics...)

var poolMetrics = []statusMetric{
	{"thalamus.store.pool.open", "{connection}", "Connections to a server.", false, ofPool(func(p stores.Pool) int64 { return int64(p.Open) })},
	{"thalamus.store.pool.used", "{connection}", "Connections to a server that are busy.", false, ofPool(func(p stores.Pool) int64 { return int64(p.InUse) })},
	{"thalamus.store.pool.limit", "{connection}", "Connections to a server that there may be.", false, ofPool(func(p stores.Pool) int64 { return int64(p.Limit) })},
	{"thalamus.store.pool.acquisitions", "{acquisition}", "How often a connection was taken.", true, ofPool(func(p stores.Pool) int64 { return p.Taken })},
	{"thalamus.store.pool.waits", "{wait}", "How often a caller waited for a connection.", true, ofPool(func(p stores.Pool) int64 { return p.Waits })},
	{"thalamus.store.pool.waited", "ms", "How long callers waited for connections, all together.", true, ofPool(func(p stores.Pool) int64 { return p.Waited.Milliseconds() })},
	{"thalamus.store.pool.refused", "{refusal}", "How often a connection could not be had.", true, ofPool(func(p stores.Pool) int64 { return p.Refused })},
}

// ofPool reads a number of a pool where there is one.
func ofPool(of func(stores.Pool) int64) func(Status) (int64, bool) {
	return func(s Status) (int64, bool) {
		if s.Pool == nil {
			return 0, false
		}
		return of(*s.Pool), true
	}
}

// ObserveStatus has the pools and the breakers of the guarded backends read whenever metrics are collected.
func (g Guards) ObserveStatus(metrics metric.MeterProvider) error {
	meter := metrics.Meter(instrumentation)
	for _, m := range statusMetrics {
		read := func(_ context.Context, o metric.Int64Observer) error {
			for _, s := range g.Status() {
				if value, ok := m.of(s); ok {
					o.Observe(value, metric.WithAttributes(labelBackend.String(s.Backend), roleLabel(s.Roles)))
				}
			}
			return nil
		}
		var err error
		if m.counts {
			_, err = meter.Int64ObservableCounter(m.name, metric.WithUnit(m.unit), metric.WithDescription(m.description), metric.WithInt64Callback(read))
		} else {
			_, err = meter.Int64ObservableGauge(m.name, metric.WithUnit(m.unit), metric.WithDescription(m.description), metric.WithInt64Callback(read))
		}
		if err != nil {
			return fmt.Errorf("the metric %s: %w", m.name, err)
		}
	}
	return nil
}

// roleLabel is the first role of a backend: a server has one.
func roleLabel(roles []stores.Role) attribute.KeyValue {
	if len(roles) == 0 {
		return labelRole.String("")
	}
	return labelRole.String(string(roles[0]))
}
