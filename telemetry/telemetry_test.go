package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"thalamus/resilience"
	"thalamus/stores"
	"thalamus/telemetry"
)

// fakeCollector takes spans over OTLP/HTTP.
type fakeCollector struct {
	*httptest.Server
	mu       sync.Mutex
	paths    []string
	requests []*collector.ExportTraceServiceRequest
}

func newCollector(t *testing.T) *fakeCollector {
	f := &fakeCollector{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		request := &collector.ExportTraceServiceRequest{}
		if err != nil || proto.Unmarshal(body, request) != nil {
			http.Error(w, "not OTLP", http.StatusBadRequest)
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.paths = append(f.paths, r.URL.Path)
		f.requests = append(f.requests, request)
	}))
	t.Cleanup(f.Close)
	return f
}

// ping makes one call through an observing guard: it is what the gateway reports.
func ping(t *testing.T, tel *telemetry.Telemetry) {
	t.Helper()
	observe, err := resilience.Observe(tel.Spans, tel.Metrics, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := resilience.NewGuard(product{}, []stores.Role{stores.RoleGraph}, observe).Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
}

type product struct{}

func (product) Name() string               { return "product" }
func (product) Ping(context.Context) error { return nil }
func (product) Close() error               { return nil }

func TestSpansArrive(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, path := range []string{"", "/", "/v1/traces"} {
		t.Run("base"+path, func(t *testing.T) {
			fake := newCollector(t)
			tel := setup(t, telemetry.Options{Version: "1.2.3", Endpoint: fake.URL + path})
			ping(t, tel)
			if err := tel.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(fake.requests) != 1 || fake.paths[0] != "/v1/traces" {
				t.Fatalf("%d requests at %v, want one at /v1/traces", len(fake.requests), fake.paths)
			}
			spans := fake.requests[0].GetResourceSpans()[0]
			attrs := map[string]string{}
			for _, a := range spans.GetResource().GetAttributes() {
				attrs[a.GetKey()] = a.GetValue().GetStringValue()
			}
			if attrs["service.name"] != "thalamus" || attrs["service.version"] != "1.2.3" {
				t.Errorf("resource = %v", attrs)
			}
			if name := spans.GetScopeSpans()[0].GetSpans()[0].GetName(); name != "product ping" {
				t.Errorf("span = %q, want product ping", name)
			}
		})
	}
}

func TestMetricsAreServed(t *testing.T) {
	tel := setup(t, telemetry.Options{Version: "1.2.3", Metrics: true})
	ping(t, tel)
	answer := httptest.NewRecorder()
	tel.Handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	text := answer.Body.String()
	for _, want := range []string{
		`thalamus_store_call_duration_seconds_count{backend="product",operation="ping",role="GRAPH"} 1`,
		`thalamus_store_call_duration_seconds_bucket{backend="product",operation="ping",role="GRAPH",le="+Inf"} 1`,
		`thalamus_store_calls_total{backend="product",error="",operation="ping",outcome="ok",role="GRAPH"} 1`,
		`service_name="thalamus"`, `service_version="1.2.3"`, "go_goroutines ", "process_start_time_seconds ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestNothingIsSetUpUnasked(t *testing.T) {
	defer goleak.VerifyNone(t)
	tel := setup(t, telemetry.Options{})
	if tel.Handler != nil {
		t.Error("metrics are served although they are off")
	}
	ping(t, tel)
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCollectorThatIsAway(t *testing.T) {
	var log bytes.Buffer
	fake := newCollector(t)
	tel := setup(t, telemetry.Options{Endpoint: fake.URL, Log: telemetry.NewLogger(&log, slog.LevelInfo, false)})
	fake.Close()
	ping(t, tel)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := tel.Shutdown(ctx); err == nil && log.Len() == 0 {
		t.Error("spans were lost without a word")
	}
}

func TestBadEndpoint(t *testing.T) {
	_, err := telemetry.Setup(t.Context(), telemetry.Options{Endpoint: "collector:4318", Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "http://localhost:4318") {
		t.Errorf("error = %v", err)
	}
}

func TestLogNamesTheSpan(t *testing.T) {
	fake := newCollector(t)
	tel := setup(t, telemetry.Options{Endpoint: fake.URL})
	ctx, span := tel.Spans.Tracer("test").Start(t.Context(), "request")
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, slog.LevelInfo, true).With("part", "edge")
	log.DebugContext(ctx, "not shown")
	log.InfoContext(ctx, "inside")
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	if line["msg"] != "inside" || line["part"] != "edge" || line["trace_id"] != span.SpanContext().TraceID().String() || line["span_id"] != span.SpanContext().SpanID().String() {
		t.Errorf("line = %v", line)
	}
	out.Reset()
	telemetry.NewLogger(&out, slog.LevelInfo, false).Info("outside")
	if got := out.String(); !strings.Contains(got, "msg=outside") || strings.Contains(got, "trace_id") {
		t.Errorf("line = %s", got)
	}
}

func setup(t *testing.T, o telemetry.Options) *telemetry.Telemetry {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	tel, err := telemetry.Setup(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = tel.Shutdown(ctx)
	})
	return tel
}
