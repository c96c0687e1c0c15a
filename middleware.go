package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"thalamus/graph/transport"
	"thalamus/stores"
	"thalamus/telemetry"
)

// requestHeader names a request, so that a caller and the log speak of the same one. A caller may choose the id.
const requestHeader = "Thalamus-Request-Id"

var requestPattern = regexp.MustCompile(`^[A-Za-z0-9._:/+=@-]{1,128}$`)

// Names by OpenTelemetry's conventions for HTTP servers.
const (
	metricRequest = "http.server.request.duration"
	labelMethod   = attribute.Key("http.request.method")
	labelRoute    = attribute.Key("http.route")
	labelStatus   = attribute.Key("http.response.status_code")
	spanPath      = attribute.Key("url.path")
)

var requestBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// requests reports on HTTP requests: an id, a span, a duration and a line in the log.
type requests struct {
	next     http.Handler
	route    func(*http.Request) string
	log      *slog.Logger
	tracer   trace.Tracer
	duration metric.Float64Histogram
}

// observed reports on every request to mux. A request that is refused is a line of the log, any other one at debug
// level only: the operations in it have lines of their own.
func observed(mux *http.ServeMux, next http.Handler, t *telemetry.Telemetry, log *slog.Logger) (http.Handler, error) {
	duration, err := t.Metrics.Meter("thalamus").Float64Histogram(metricRequest, metric.WithUnit("s"),
		metric.WithDescription("How long HTTP requests take, WebSockets left out."), metric.WithExplicitBucketBoundaries(requestBuckets...))
	if err != nil {
		return nil, fmt.Errorf("metric %s: %w", metricRequest, err)
	}
	route := func(r *http.Request) string {
		_, pattern := mux.Handler(r)
		return pattern[strings.Index(pattern, " ")+1:]
	}
	return &requests{next: next, route: route, log: log, tracer: t.Spans.Tracer("thalamus"), duration: duration}, nil
}

func (o *requests) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get(requestHeader)
	if !requestPattern.MatchString(id) {
		id = string(stores.NewID())
	}
	w.Header().Set(requestHeader, id)
	route, method := o.route(r), knownMethod(r.Method)
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := o.tracer.Start(telemetry.WithRequest(ctx, id), method+" "+route, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(labelMethod.String(method), labelRoute.String(route), spanPath.String(r.URL.Path)))
	defer span.End()
	answer := &answer{ResponseWriter: w}
	defer o.report(ctx, span, answer, method, route, time.Now())
	o.rescue(answer, r.WithContext(ctx))
}

// report tells how a request went.
func (o *requests) report(ctx context.Context, span trace.Span, a *answer, method, route string, start time.Time) {
	took, status := time.Since(start), labelStatus.Int(a.Status())
	span.SetAttributes(status)
	level := slog.LevelDebug
	switch {
	case a.Status() >= http.StatusInternalServerError:
		span.SetStatus(codes.Error, "")
		level = slog.LevelWarn
	case a.Status() >= http.StatusBadRequest:
		level = slog.LevelInfo
	}
	if a.Status() != http.StatusSwitchingProtocols {
		o.duration.Record(ctx, took.Seconds(), metric.WithAttributes(labelMethod.String(method), labelRoute.String(route), status))
	}
	o.log.LogAttrs(ctx, level, "request", slog.String("method", method), slog.String("route", route),
		slog.Int("status", a.Status()), slog.Int64("bytes", a.bytes), slog.Duration("took", took))
}

// rescue answers a panic with status 500, or cuts the connection when half an answer has left already.
func (o *requests) rescue(w *answer, r *http.Request) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if v != http.ErrAbortHandler { //nolint:errorlint // the very value, as net/http compares it
			o.log.ErrorContext(r.Context(), "panic", "panic", v, "stack", string(debug.Stack()))
		}
		if w.status != 0 || v == http.ErrAbortHandler { //nolint:errorlint // as above
			panic(http.ErrAbortHandler)
		}
		http.Error(w, "Internal error.", http.StatusInternalServerError)
	}()
	o.next.ServeHTTP(w, r)
}

// knownMethod keeps what clients make up out of the metrics.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "_OTHER"
}

// answer notes what a handler answers.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// Status is what was answered; a handler that writes nothing answers 200.
func (a *answer) Status() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}

// secured sets the headers that suit answers which are data; pages set their own.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		next.ServeHTTP(w, r)
	})
}

// streams are the requests that last: WebSockets and event streams. They end when the server is to stop, whereas other
// requests may finish.
type streams struct {
	ending context.Context
	end    context.CancelFunc
	open   sync.WaitGroup
}

func newStreams() *streams {
	ctx, end := context.WithCancel(context.Background())
	return &streams{ending: ctx, end: end}
}

// begin gives a stream the context that it lives by, and what to call when it has ended.
func (s *streams) begin(ctx context.Context) (context.Context, func(transport.End)) {
	ctx, cancel := context.WithCancel(ctx)
	s.open.Add(1)
	stop := context.AfterFunc(s.ending, cancel)
	return ctx, func(transport.End) {
		stop()
		cancel()
		s.open.Done()
	}
}

// wait waits for every stream to end, at most until ctx does.
func (s *streams) wait(ctx context.Context) {
	ended := make(chan struct{})
	go func() { s.open.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}
