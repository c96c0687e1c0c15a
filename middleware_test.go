package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	metric "go.opentelemetry.io/otel/metric/noop"
	trace "go.opentelemetry.io/otel/trace/noop"

	"thalamus/telemetry"
)

// behind puts a handler behind the observing middleware. ended closes the server and gives the whole log.
func behind(t *testing.T, h http.HandlerFunc) (url string, ended func() string) {
	t.Helper()
	log := &bytes.Buffer{}
	mux := http.NewServeMux()
	mux.Handle("/", h)
	quiet := &telemetry.Telemetry{Spans: trace.NewTracerProvider(), Metrics: metric.NewMeterProvider()}
	observing, err := observed(mux, mux, quiet, telemetry.NewLogger(log, slog.LevelDebug, false))
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(observing)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL, func() string { s.Close(); return log.String() }
}

func TestPanicIsAnswered(t *testing.T) {
	url, ended := behind(t, func(http.ResponseWriter, *http.Request) { panic("secret of the inside") })
	status, body, header := get(t, url)
	if status != http.StatusInternalServerError || strings.Contains(body, "secret") {
		t.Errorf("status %d: %s", status, body)
	}
	wants(t, "the log", ended(), "level=ERROR msg=panic", "secret of the inside", "middleware_test.go", "request_id="+header.Get(requestHeader), "status=500")
}

func TestHalfAnAnswerIsCut(t *testing.T) {
	url, ended := behind(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic("in the middle")
	})
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	if text, err := io.ReadAll(response.Body); !errors.Is(err, io.ErrUnexpectedEOF) || string(text) != "half" {
		t.Errorf("%q, %v", text, err)
	}
	wants(t, "the log", ended(), "in the middle", "msg=request")
}

func TestRequestsInTheLog(t *testing.T) {
	url, ended := behind(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = io.WriteString(w, "12345")
	})
	get(t, url+"/good?token=secret")
	get(t, url+"/bad")
	log := ended()
	lines := strings.Split(log, "\n")
	wants(t, "the first line", lines[0], "level=DEBUG", "method=GET", "route=/", "status=200", "bytes=5", "took=")
	wants(t, "the second line", lines[1], "level=INFO", "status=418")
	if strings.Contains(log, "secret") {
		t.Error("the log holds query strings")
	}
}
