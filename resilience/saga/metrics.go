package saga

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"thalamus/stores"
)

// metricUnfinished is how many writes have not ended.
const metricUnfinished = "thalamus.saga.unfinished"

// observeTime bounds how long a look at the journal for the metrics may take.
const observeTime = 2 * time.Second

// Observe reports how many sagas have not ended, by state, whenever the metrics are read.
func (w *Writer) Observe(meters metric.MeterProvider) error {
	_, err := meters.Meter("thalamus/resilience/saga").Int64ObservableGauge(metricUnfinished, metric.WithUnit("{saga}"),
		metric.WithDescription("How many writes over several stores have not ended, of all gateways and scopes."),
		metric.WithInt64Callback(func(ctx context.Context, o metric.Int64Observer) error {
			ctx, cancel := context.WithTimeout(ctx, observeTime)
			defer cancel()
			all, err := w.set.Journal.Unfinished(ctx)
			if err != nil {
				return nil //nolint:nilerr // the backend's own metrics tell; the others must be read
			}
			for _, state := range stores.SagaStates {
				if !state.Ended() {
					o.Observe(int64(all[state]), metric.WithAttributes(attribute.String("state", string(state))))
				}
			}
			return nil
		}))
	if err != nil {
		return fmt.Errorf("metric %s: %w", metricUnfinished, err)
	}
	return nil
}
