package resilience

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"thalamus/stores"
)

// poolMetric is one number of a pool.
type poolMetric struct {
	name, unit, description string
	counts                  bool // it only rises
	of                      func(stores.Pool) int64
}

var poolMetrics = []poolMetric{
	{"thalamus.store.pool.open", "{connection}", "Connections to a server.", false, func(p stores.Pool) int64 { return int64(p.Open) }},
	{"thalamus.store.pool.used", "{connection}", "Connections to a server that are busy.", false, func(p stores.Pool) int64 { return int64(p.InUse) }},
	{"thalamus.store.pool.limit", "{connection}", "Connections to a server that there may be.", false, func(p stores.Pool) int64 { return int64(p.Limit) }},
	{"thalamus.store.pool.acquisitions", "{acquisition}", "How often a connection was taken.", true, func(p stores.Pool) int64 { return p.Taken }},
	{"thalamus.store.pool.waits", "{wait}", "How often a caller waited for a connection.", true, func(p stores.Pool) int64 { return p.Waits }},
	{"thalamus.store.pool.waited", "ms", "How long callers waited for connections, all together.", true, func(p stores.Pool) int64 { return p.Waited.Milliseconds() }},
	{"thalamus.store.pool.refused", "{refusal}", "How often a connection could not be had.", true, func(p stores.Pool) int64 { return p.Refused }},
}

// ObservePools has the pools of the guarded backends read whenever metrics are collected.
func (g Guards) ObservePools(metrics metric.MeterProvider) error {
	meter := metrics.Meter(instrumentation)
	for _, m := range poolMetrics {
		read := func(_ context.Context, o metric.Int64Observer) error {
			for _, s := range g.Status() {
				if s.Pool != nil {
					o.Observe(m.of(*s.Pool), metric.WithAttributes(labelBackend.String(s.Backend), roleLabel(s.Roles)))
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
