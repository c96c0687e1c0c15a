package resilience

import (
	"context"
	"sync"
	"time"

	"thalamus/stores"
)

// Trace records the calls that one response made. It may be used by many goroutines at once.
type Trace struct {
	start time.Time
	mu    sync.Mutex
	calls []*tracedCall
}

type tracedCall struct {
	op       Op
	paths    []string
	start    time.Duration // after the start of the trace
	duration time.Duration
	rows     int
	retries  int
	err      Kind
	ended    bool
}

// NewTrace starts a trace; the times of its calls count from start.
func NewTrace(start time.Time) *Trace { return &Trace{start: start} }

type traceKey struct{}

// WithTrace has every call under the context recorded in t.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceFrom is the trace of the context, or nil. A nil trace records nothing.
func TraceFrom(ctx context.Context) *Trace {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	return t
}

type pathKey struct{}

// WithPath names the paths of the response that the calls under the context serve, like "episodes.edges.0.node". They
// take the place of those named before.
func WithPath(ctx context.Context, paths ...string) context.Context {
	return context.WithValue(ctx, pathKey{}, paths)
}

func (t *Trace) begin(ctx context.Context, op Op) *tracedCall {
	if t == nil {
		return nil
	}
	paths, _ := ctx.Value(pathKey{}).([]string)
	c := &tracedCall{op: op, paths: paths}
	t.mu.Lock()
	defer t.mu.Unlock()
	c.start = time.Since(t.start) // under the lock, so that the order of the list is the order of the starts
	t.calls = append(t.calls, c)
	return c
}

func (t *Trace) end(c *tracedCall, op Op, err Kind) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c.duration = time.Since(t.start) - c.start
	c.rows, c.retries, c.err, c.ended = op.Rows(), op.Retries(), err, true
}

// Report is a trace as it is written into a response: extensions.trace, version 1. Times are in microseconds.
type Report struct {
	Version    int          `json:"version"`
	DurationUs int64        `json:"durationUs"`
	Calls      []ReportCall `json:"calls"` // in order of their start
}

// ReportCall is one call of a [Report]. StartUs counts from the start of the trace.
type ReportCall struct {
	Role       stores.Role `json:"role"`
	Backend    string      `json:"backend"`
	Operation  string      `json:"operation"`
	Keys       int         `json:"keys"`
	Rows       int         `json:"rows"`
	StartUs    int64       `json:"startUs"`
	DurationUs int64       `json:"durationUs"`
	Retries    int         `json:"retries"`
	Paths      []string    `json:"paths"`
	Error      *Kind       `json:"error"`
	Running    bool        `json:"running,omitempty"` // not ended yet: the duration is the time so far
}

// Report is what the trace holds at an instant, usually now.
func (t *Trace) Report(at time.Time) Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := at.Sub(t.start)
	r := Report{Version: 1, DurationUs: now.Microseconds(), Calls: make([]ReportCall, 0, len(t.calls))}
	for _, c := range t.calls {
		r.Calls = append(r.Calls, c.report(now))
	}
	return r
}

func (c *tracedCall) report(now time.Duration) ReportCall {
	out := ReportCall{
		Role: c.op.Role, Backend: c.op.Backend, Operation: c.op.Name, Keys: c.op.Keys, Rows: c.rows,
		StartUs: c.start.Microseconds(), DurationUs: c.duration.Microseconds(), Retries: c.retries,
		Paths: append([]string{}, c.paths...), Running: !c.ended,
	}
	if c.err != KindNone {
		out.Error = &c.err
	}
	if !c.ended {
		out.DurationUs = max(now-c.start, 0).Microseconds()
	}
	return out
}
