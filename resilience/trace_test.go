package resilience_test

import (
	"context"
	"encoding/json"
	"flag"
	"log/slog"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"thalamus/resilience"
	"thalamus/stores"
)

var update = flag.Bool("update", false, "write the golden files anew")

var scope = stores.NewScope("ada", "", "")

// slow is a store whose every call takes the same time.
type slow struct {
	stores.Episodes
	takes time.Duration
	fail  error
}

func (s slow) ByID(_ context.Context, whose stores.Scope, ids []stores.ID, _ []stores.Field) (map[stores.ID]*stores.Episode, error) {
	time.Sleep(s.takes)
	found := map[stores.ID]*stores.Episode{}
	for _, id := range ids[1:] { // the first one is unknown
		found[id] = &stores.Episode{ID: id, Scope: whose}
	}
	return found, s.fail
}

func (s slow) ByEntity(_ context.Context, whose stores.Scope, entities []stores.ID, _ stores.Query) (map[stores.ID]stores.Slice[*stores.Episode], error) {
	time.Sleep(s.takes)
	pages := map[stores.ID]stores.Slice[*stores.Episode]{}
	for _, id := range entities {
		pages[id] = stores.Slice[*stores.Episode]{Items: []*stores.Episode{{Scope: whose}, {Scope: whose}}}
	}
	return pages, s.fail
}

// observed is a set of one slow graph behind a guard that observes.
func observed(t testing.TB, s slow, inner ...resilience.Middleware) *stores.Set {
	t.Helper()
	observe, err := resilience.Observe(tracenoop.NewTracerProvider(), metricnoop.NewMeterProvider(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	set := &stores.Set{Episodes: s, Backends: []stores.Playing{{Role: stores.RoleGraph, Backend: &backend{name: "sql"}}}}
	return resilience.Wrap(set, resilience.NewGuards(set, func(stores.Backend) []resilience.Middleware {
		return append([]resilience.Middleware{observe}, inner...)
	}))
}

// TestTraceReport runs on the clock of a bubble, so its times are exact.
func TestTraceReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		once := func(ctx context.Context, op resilience.Op, next func(context.Context) error) error {
			if err := next(ctx); op.Name != "episodes.byEntity" {
				return err
			}
			op.Retried()
			return next(ctx)
		}
		set := observed(t, slow{takes: 2500 * time.Microsecond}, once)
		down := observed(t, slow{takes: time.Millisecond, fail: stores.Unavailable("sql", nil)})

		trace := resilience.NewTrace(time.Now())
		ctx := resilience.WithTrace(t.Context(), trace)
		time.Sleep(time.Millisecond)
		var calls sync.WaitGroup
		calls.Go(func() {
			_, _ = set.Episodes.ByEntity(resilience.WithPath(ctx, "a.episodes", "b.episodes"), scope, []stores.ID{"a", "b", "c"}, stores.Query{})
		})
		time.Sleep(time.Millisecond)
		calls.Go(func() {
			_, _ = set.Episodes.ByID(resilience.WithPath(ctx, "episode"), scope, []stores.ID{"x", "y", "z"}, nil)
		})
		calls.Wait()
		_, _ = down.Episodes.ByID(ctx, scope, []stores.ID{"x", "y"}, nil)
		calls.Go(func() { _, _ = set.Episodes.ByID(ctx, scope, []stores.ID{"x"}, nil) })
		synctest.Wait()
		time.Sleep(time.Millisecond)

		golden(t, "testdata/trace.json", trace.Report(time.Now()))
		calls.Wait()
	})
}

func golden(t *testing.T, file string, v any) {
	t.Helper()
	got, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s differs (go test -update writes it anew); got\n%s", file, got)
	}
}

func TestNoTraceNoRecord(t *testing.T) {
	if got := resilience.TraceFrom(t.Context()); got != nil {
		t.Errorf("TraceFrom = %v, want nil", got)
	}
	trace := resilience.NewTrace(time.Now())
	set := observed(t, slow{})
	if _, err := set.Episodes.ByID(t.Context(), scope, []stores.ID{"x"}, nil); err != nil {
		t.Fatal(err)
	}
	if n := len(trace.Report(time.Now()).Calls); n != 0 {
		t.Errorf("a trace that is not in the context holds %d calls", n)
	}
}

func TestTraceTakesManyGoroutines(t *testing.T) {
	trace := resilience.NewTrace(time.Now())
	ctx := resilience.WithTrace(t.Context(), trace)
	set := observed(t, slow{})
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { _, _ = set.Episodes.ByID(ctx, scope, []stores.ID{"x", "y"}, nil) })
	}
	all.Wait()
	report := trace.Report(time.Now())
	if len(report.Calls) != 100 {
		t.Errorf("%d calls recorded, want 100", len(report.Calls))
	}
	for i, c := range report.Calls {
		if c.Rows != 1 || c.Running {
			t.Errorf("call %d = %+v, want one row and an end", i, c)
		}
		if i > 0 && c.StartUs < report.Calls[i-1].StartUs {
			t.Errorf("call %d starts before the one in front of it", i)
		}
	}
}

// constant answers at once and allocates nothing.
type constant struct {
	stores.Episodes
	answer map[stores.ID]*stores.Episode
}

func (c constant) ByID(context.Context, stores.Scope, []stores.ID, []stores.Field) (map[stores.ID]*stores.Episode, error) {
	return c.answer, nil
}

const allocationsPerCall = 8

// TestCallsAreCheapWithoutTrace keeps the price of a guard that only observes.
func TestCallsAreCheapWithoutTrace(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	episodes := cheap(t)
	ids := []stores.ID{"a"}
	got := testing.AllocsPerRun(1000, func() { _, _ = episodes.ByID(context.Background(), scope, ids, nil) })
	if got > allocationsPerCall {
		t.Errorf("%v allocations a call, want at most %d", got, allocationsPerCall)
	}
}

func BenchmarkObserve(b *testing.B) {
	episodes, ids := cheap(b), []stores.ID{"a"}
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = episodes.ByID(context.Background(), scope, ids, nil)
		}
	})
	b.Run("traced", func(b *testing.B) {
		b.ReportAllocs()
		ctx := resilience.WithTrace(context.Background(), resilience.NewTrace(time.Now()))
		for b.Loop() {
			_, _ = episodes.ByID(ctx, scope, ids, nil)
		}
	})
}

func cheap(t testing.TB) stores.Episodes {
	t.Helper()
	observe, err := resilience.Observe(tracenoop.NewTracerProvider(), metricnoop.NewMeterProvider(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	set := &stores.Set{Episodes: constant{}, Backends: []stores.Playing{{Role: stores.RoleGraph, Backend: &backend{name: "sql"}}}}
	return resilience.Wrap(set, resilience.NewGuards(set, func(stores.Backend) []resilience.Middleware {
		return []resilience.Middleware{observe}
	})).Episodes
}
