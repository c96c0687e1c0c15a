package resilience

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"thalamus/stores"
)

// Names of the metrics and their labels, and of the attributes of spans.
const (
	instrumentation = "thalamus/resilience"

	metricDuration = "thalamus.store.call.duration"
	metricCalls    = "thalamus.store.calls"
	metricCrossed  = "thalamus.scope.crossings"

	spanRole      = attribute.Key("thalamus.role")
	spanBackend   = attribute.Key("thalamus.backend")
	spanOperation = attribute.Key("thalamus.operation")
	spanKeys      = attribute.Key("thalamus.keys")
	spanRows      = attribute.Key("thalamus.rows")
	spanRetries   = attribute.Key("thalamus.retries")
	spanError     = attribute.Key("error.type")

	labelRole      = attribute.Key("role")
	labelBackend   = attribute.Key("backend")
	labelOperation = attribute.Key("operation")
	labelOutcome   = attribute.Key("outcome")
	labelError     = attribute.Key("error")
)

// durationBuckets are upper bounds in seconds: embedded stores answer in tens of microseconds, servers in milliseconds.
var durationBuckets = []float64{
	.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10,
}

var spanOptions = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindClient)}

// Observe makes the outermost middleware: for each call a span, a duration, a count by outcome, a debug line in the log, an alarm
// when records had to be dropped,
// and an entry in the [Trace] of the context if there is one. Neither spans nor metrics hold ids or texts. One value
// serves any number of guards.
func Observe(spans trace.TracerProvider, metrics metric.MeterProvider, log *slog.Logger) (Middleware, error) {
	o := &observer{
		tracer: spans.Tracer(instrumentation), log: log,
		series: map[seriesKey]*series{},
	}
	meter := metrics.Meter(instrumentation)
	var err error
	if o.duration, err = meter.Float64Histogram(metricDuration, metric.WithUnit("s"),
		metric.WithDescription("How long calls to a store take, retries and waiting included."),
		metric.WithExplicitBucketBoundaries(durationBuckets...)); err != nil {
		return nil, fmt.Errorf("metric %s: %w", metricDuration, err)
	}
	if o.calls, err = meter.Int64Counter(metricCalls,
		metric.WithDescription("Calls to a store, by outcome.")); err != nil {
		return nil, fmt.Errorf("metric %s: %w", metricCalls, err)
	}
	if o.crossed, err = meter.Int64Counter(metricCrossed,
		metric.WithDescription("Records that a store gave although they belong to another scope than was asked about. They were dropped; there should be none.")); err != nil {
		return nil, fmt.Errorf("metric %s: %w", metricCrossed, err)
	}
	return o.observe, nil
}

type observer struct {
	tracer   trace.Tracer
	log      *slog.Logger
	duration metric.Float64Histogram
	calls    metric.Int64Counter
	crossed  metric.Int64Counter

	mu     sync.RWMutex
	series map[seriesKey]*series
}

func (o *observer) observe(ctx context.Context, op Op, next func(context.Context) error) error {
	s := o.seriesOf(op)
	ctx, span := o.tracer.Start(ctx, s.span, spanOptions...)
	recorder := TraceFrom(ctx)
	entry := recorder.begin(ctx, op)
	start := time.Now()

	err := next(ctx)

	took, kind := time.Since(start), KindOf(err)
	recorder.end(entry, op, kind)
	o.duration.Record(ctx, took.Seconds(), s.duration...)
	o.calls.Add(ctx, 1, s.outcomes[kind]...)
	finish(span, s, op, kind)
	o.write(ctx, op, took, kind, err)
	if n := op.Crossings(); n > 0 {
		o.crossed.Add(ctx, int64(n), s.labels)
		o.log.ErrorContext(ctx, "a store gave records of another scope; they were dropped",
			slog.String("role", string(op.Role)), slog.String("backend", op.Backend), slog.String("operation", op.Name), slog.Int("records", n))
	}
	return err
}

// finish closes a span. What a caller did wrong is an attribute, not a failure of the call.
func finish(span trace.Span, s *series, op Op, kind Kind) {
	if span.IsRecording() {
		span.SetAttributes(s.attributes...)
		span.SetAttributes(spanKeys.Int(op.Keys), spanRows.Int(op.Rows()), spanRetries.Int(op.Retries()))
		if kind != KindNone {
			span.SetAttributes(spanError.String(string(kind)))
		}
		if kind.Down() || kind == KindInternal {
			span.SetStatus(codes.Error, string(kind))
		}
	}
	span.End()
}

func (o *observer) write(ctx context.Context, op Op, took time.Duration, kind Kind, err error) {
	if !o.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("role", string(op.Role)), slog.String("backend", op.Backend), slog.String("operation", op.Name),
		slog.Int("keys", op.Keys), slog.Int("rows", op.Rows()), slog.Int("retries", op.Retries()), slog.Duration("took", took),
	}
	if kind != KindNone {
		attrs = append(attrs, slog.String("error", string(kind)), slog.String("cause", err.Error()))
	}
	o.log.LogAttrs(ctx, slog.LevelDebug, "store call", attrs...)
}

// seriesKey names what is counted together.
type seriesKey struct {
	role          stores.Role
	backend, name string
}

// series is what all calls of one operation share, built once.
type series struct {
	span       string
	attributes []attribute.KeyValue
	duration   []metric.RecordOption
	labels     metric.AddOption
	outcomes   map[Kind][]metric.AddOption
}

func (o *observer) seriesOf(op Op) *series {
	key := seriesKey{op.Role, op.Backend, op.Name}
	o.mu.RLock()
	s, ok := o.series[key]
	o.mu.RUnlock()
	if ok {
		return s
	}
	s = newSeries(op)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.series[key] = s
	return s
}

func newSeries(op Op) *series {
	labels := []attribute.KeyValue{
		labelRole.String(string(op.Role)), labelBackend.String(op.Backend), labelOperation.String(op.Name),
	}
	s := &series{
		span: op.Backend + " " + op.Name,
		attributes: []attribute.KeyValue{
			spanRole.String(string(op.Role)), spanBackend.String(op.Backend), spanOperation.String(op.Name),
		},
		duration: []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(labels...))},
		labels:   metric.WithAttributeSet(attribute.NewSet(labels...)),
		outcomes: map[Kind][]metric.AddOption{},
	}
	for _, kind := range kinds {
		outcome := "ok"
		if kind != KindNone {
			outcome = "error"
		}
		all := append(slices.Clone(labels), labelOutcome.String(outcome), labelError.String(string(kind)))
		s.outcomes[kind] = []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(all...))}
	}
	return s
}
