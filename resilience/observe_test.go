package resilience_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"thalamus/resilience"
	"thalamus/stores"
)

// bench is a guarded graph whose spans, metrics and log can be looked at.
type bench struct {
	spans   *tracetest.SpanRecorder
	reader  *sdkmetric.ManualReader
	tracer  *sdktrace.TracerProvider
	log     *bytes.Buffer
	episode stores.Episodes
}

func newBench(t *testing.T, level slog.Level, s slow) *bench {
	t.Helper()
	b := &bench{spans: tracetest.NewSpanRecorder(), reader: sdkmetric.NewManualReader(), log: &bytes.Buffer{}}
	b.tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(b.spans))
	logger := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: level}))
	observe, err := resilience.Observe(b.tracer, sdkmetric.NewMeterProvider(sdkmetric.WithReader(b.reader)), logger)
	if err != nil {
		t.Fatal(err)
	}
	set := &stores.Set{Episodes: s, Backends: []stores.Playing{{Role: stores.RoleGraph, Backend: &backend{name: "sql"}}}}
	b.episode = resilience.Wrap(set, resilience.NewGuards(set, func(stores.Backend) []resilience.Middleware {
		return []resilience.Middleware{observe}
	})).Episodes
	return b
}

func TestSpans(t *testing.T) {
	for _, tc := range []struct {
		fail   error
		status codes.Code
		attrs  string
	}{
		{nil, codes.Unset, "keys=2 rows=1 retries=0"},
		{stores.Missing(stores.KindEpisode, "a-secret-id"), codes.Unset, "keys=2 rows=0 retries=0 error=NOT_FOUND"},
		{stores.Unavailable("sql", errors.New("a-secret-host")), codes.Error, "keys=2 rows=0 retries=0 error=UNAVAILABLE"},
		{errors.New("a-secret-text"), codes.Error, "keys=2 rows=0 retries=0 error=INTERNAL"},
	} {
		b := newBench(t, slog.LevelInfo, slow{fail: tc.fail})
		ctx, parent := b.tracer.Tracer("test").Start(t.Context(), "request")
		_, err := b.episode.ByID(ctx, scope, []stores.ID{"a-secret-id", "y"}, nil)
		if !errors.Is(err, tc.fail) {
			t.Errorf("error = %v, want %v", err, tc.fail)
		}
		parent.End()
		span := b.spans.Ended()[0]
		if span.Name() != "sql episodes.byId" || span.Parent().SpanID() != parent.SpanContext().SpanID() {
			t.Errorf("span = %s under %s, want sql episodes.byId under the request", span.Name(), span.Parent().SpanID())
		}
		if span.Status().Code != tc.status {
			t.Errorf("%v: status = %v, want %v", tc.fail, span.Status().Code, tc.status)
		}
		attrs := attribute.NewSet(span.Attributes()...)
		if got, want := brief(attrs), tc.attrs+" role=GRAPH backend=sql operation=episodes.byId"; !sameWords(got, want) {
			t.Errorf("attributes = %s, want %s", got, want)
		}
		if all := fmt.Sprint(span.Attributes(), span.Status(), span.Events()); strings.Contains(all, "secret") {
			t.Errorf("the span tells what it must not: %s", all)
		}
	}
}

func TestMetrics(t *testing.T) {
	b := newBench(t, slog.LevelInfo, slow{})
	for range 3 {
		_, _ = b.episode.ByID(t.Context(), scope, []stores.ID{"x", "y"}, nil)
	}
	var data metricdata.ResourceMetrics
	if err := b.reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, m := range data.ScopeMetrics[0].Metrics {
		switch d := m.Data.(type) {
		case metricdata.Histogram[float64]:
			got[m.Name+" "+m.Unit] = fmt.Sprint(d.DataPoints[0].Count, " ", brief(d.DataPoints[0].Attributes))
		case metricdata.Sum[int64]:
			got[m.Name] = fmt.Sprint(d.DataPoints[0].Value, " ", brief(d.DataPoints[0].Attributes))
		}
	}
	want := map[string]string{
		"thalamus.store.call.duration s": "3 backend=sql operation=episodes.byId role=GRAPH",
		"thalamus.store.calls":           "3 backend=sql error= operation=episodes.byId outcome=ok role=GRAPH",
	}
	if len(got) != len(want) {
		t.Errorf("metrics = %v", slices.Sorted(maps.Keys(got)))
	}
	for name, w := range want {
		if !sameWords(got[name], w) {
			t.Errorf("%s = %s, want %s", name, got[name], w)
		}
	}
}

func TestFailuresAreCountedByKind(t *testing.T) {
	b := newBench(t, slog.LevelInfo, slow{fail: context.DeadlineExceeded})
	_, _ = b.episode.ByID(t.Context(), scope, []stores.ID{"x"}, nil)
	var data metricdata.ResourceMetrics
	if err := b.reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	for _, m := range data.ScopeMetrics[0].Metrics {
		if sum, ok := m.Data.(metricdata.Sum[int64]); ok {
			if got := brief(sum.DataPoints[0].Attributes); !sameWords(got, "backend=sql error=TIMEOUT operation=episodes.byId outcome=error role=GRAPH") {
				t.Errorf("attributes = %s", got)
			}
		}
	}
}

func TestLog(t *testing.T) {
	quiet := newBench(t, slog.LevelInfo, slow{})
	_, _ = quiet.episode.ByID(t.Context(), scope, []stores.ID{"x"}, nil)
	if quiet.log.Len() != 0 {
		t.Errorf("at level info the log holds %s", quiet.log)
	}
	loud := newBench(t, slog.LevelDebug, slow{fail: stores.Unavailable("sql", errors.New("no route"))})
	_, _ = loud.episode.ByID(t.Context(), scope, []stores.ID{"x", "y"}, nil)
	for _, want := range []string{"role=GRAPH", "backend=sql", "operation=episodes.byId", "keys=2", "error=UNAVAILABLE", "no route"} {
		if !strings.Contains(loud.log.String(), want) {
			t.Errorf("the log lacks %s: %s", want, loud.log)
		}
	}
}

// brief writes a set of attributes without the prefixes of their names.
func brief(set attribute.Set) string {
	var words []string
	for _, a := range set.ToSlice() {
		name := strings.TrimSuffix(strings.TrimPrefix(string(a.Key), "thalamus."), ".type")
		words = append(words, name+"="+a.Value.String())
	}
	return strings.Join(words, " ")
}

func sameWords(a, b string) bool {
	return slices.Equal(slices.Sorted(slices.Values(strings.Fields(a))), slices.Sorted(slices.Values(strings.Fields(b))))
}
