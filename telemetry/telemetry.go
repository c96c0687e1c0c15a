// Package telemetry sets up how the gateway is watched: spans go to a collector over OTLP, metrics are read by
// Prometheus, the log is written by slog.
//
// The standard variables of OpenTelemetry apply where the configuration is silent: OTEL_EXPORTER_OTLP_HEADERS for a
// collector that wants a key, OTEL_TRACES_SAMPLER for a share of the requests, OTEL_RESOURCE_ATTRIBUTES for more about
// this instance.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

// Options say what to set up.
type Options struct {
	Version  string       // of the gateway
	Endpoint string       // base URL of the OTLP collector; empty: no spans
	Metrics  bool         // collect metrics
	Log      *slog.Logger // where a collector that cannot be reached is complained about
}

// Telemetry is what the rest of the gateway reports to.
type Telemetry struct {
	Spans   trace.TracerProvider // one that does nothing when there is no endpoint
	Metrics metric.MeterProvider // one that does nothing when metrics are off
	Handler http.Handler         // serves the metrics to Prometheus; nil when they are off

	stop []func(context.Context) error
}

// Setup starts what the options ask for. A collector that is away is no error: spans are dropped, with a warning in the
// log. The warnings take the place of the process's OpenTelemetry error handler.
func Setup(ctx context.Context, o Options) (*Telemetry, error) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { o.Log.Warn("telemetry failed", "error", err) }))
	about, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "thalamus"), attribute.String("service.version", o.Version)),
		resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	t := &Telemetry{Spans: tracenoop.NewTracerProvider(), Metrics: metricnoop.NewMeterProvider()}
	if o.Endpoint != "" {
		if err := t.sendSpans(ctx, o.Endpoint, about); err != nil {
			return nil, err
		}
	}
	if o.Metrics {
		if err := t.collectMetrics(about, o.Log); err != nil {
			return nil, errors.Join(err, t.Shutdown(ctx))
		}
	}
	return t, nil
}

const tracesPath = "/v1/traces" // below the base URL, as the OTLP/HTTP specification has it

func (t *Telemetry) sendSpans(ctx context.Context, endpoint string, about *resource.Resource) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return errors.New("the OTLP endpoint must be a URL, such as http://localhost:4318")
	}
	if !strings.HasSuffix(u.Path, tracesPath) {
		u = u.JoinPath(tracesPath)
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(u.String()))
	if err != nil {
		return fmt.Errorf("OTLP exporter for %s: %w", u.Redacted(), err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	t.Spans = provider
	t.stop = append(t.stop, provider.Shutdown)
	return nil
}

func (t *Telemetry) collectMetrics(about *resource.Resource, log *slog.Logger) error {
	registry := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := registry.Register(c); err != nil {
			return fmt.Errorf("runtime metrics: %w", err)
		}
	}
	exporter, err := otelprometheus.New(
		otelprometheus.WithRegisterer(registry),
		otelprometheus.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes),
		otelprometheus.WithoutScopeInfo())
	if err != nil {
		return fmt.Errorf("metrics exporter: %w", err)
	}
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter), sdkmetric.WithResource(about))
	t.Metrics = provider
	t.Handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		Registry: registry,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	})
	t.stop = append(t.stop, provider.Shutdown)
	return nil
}

// Shutdown sends the spans that are still waiting, within the time of the context, and stops.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	var errs []error
	for _, stop := range t.stop {
		errs = append(errs, stop(ctx))
	}
	return errors.Join(errs...)
}
