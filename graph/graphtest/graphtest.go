// Package graphtest starts the whole edge over embedded stores, for tests: everything but the network is real.
package graphtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	metrics "go.opentelemetry.io/otel/metric/noop"
	spans "go.opentelemetry.io/otel/trace/noop"

	"thalamus/access"
	"thalamus/config"
	"thalamus/events"
	"thalamus/examples"
	"thalamus/graph"
	"thalamus/resilience"
	"thalamus/resilience/saga"
	"thalamus/stores"
	"thalamus/stores/open"
	"thalamus/transfer"
)

// Gateway is an edge with its stores.
type Gateway struct {
	Handler http.Handler
	Set     *stores.Set // guarded
	Writes  *saga.Writer
	Events  *events.Hub
	Log     *Log
	Config  *config.Config // of the stores

	fault atomic.Pointer[Fault]
}

// Fault says what becomes of a call to a store: nil lets it pass, an error is what the store answers. It may panic.
type Fault func(resilience.Op) error

// Ran is the fault of a call that does what it shall, and whose answer is lost.
func Ran(err error) error { return ran{err} }

type ran struct{ error }

// Break has every call go through a fault until it is called with nil.
func (g *Gateway) Break(f Fault) { g.fault.Store(&f) }

func (g *Gateway) inject(ctx context.Context, op resilience.Op, next func(context.Context) error) error {
	if f := g.fault.Load(); f != nil && *f != nil {
		err := (*f)(op)
		if lost, ok := err.(ran); ok { //nolint:errorlint // it is made here
			_ = next(ctx)
			return lost.error
		}
		if err != nil {
			return err
		}
	}
	return next(ctx)
}

// Scope is the scope of a request without headers.
var Scope = stores.NewScope("", "", "")

// New starts an edge over empty stores.
func New(tb testing.TB) *Gateway {
	tb.Helper()
	return begin(tb, func(*stores.Set) {}, nil)
}

// NewWith starts an edge over empty stores that is configured differently.
func NewWith(tb testing.TB, edge func(*graph.Options)) *Gateway {
	tb.Helper()
	return begin(tb, func(*stores.Set) {}, nil, edge)
}

// NewGuarded starts an edge over empty stores whose guards have protection: retries, bulkheads, breakers and timeouts. Faults
// are injected behind it. Other edges have none, so that each fault is seen once and as it is.
func NewGuarded(tb testing.TB, s resilience.Settings) *Gateway {
	tb.Helper()
	return begin(tb, func(*stores.Set) {}, &s)
}

// NewSplit starts an edge whose stores count as separate databases, so that no transaction spans them.
func NewSplit(tb testing.TB) *Gateway {
	tb.Helper()
	return begin(tb, func(set *stores.Set) { set.Atomic = nil }, nil)
}

// NewServers starts an edge like [NewGuarded], whose stores count as servers, one for each role.
func NewServers(tb testing.TB, s resilience.Settings, edge ...func(*graph.Options)) *Gateway {
	tb.Helper()
	return begin(tb, asServers, &s, edge...)
}

// asServers takes from the backends of a set what they are known for as parts of this process.
func asServers(set *stores.Set) {
	set.Atomic = nil
	closing := map[stores.Backend]func() error{}
	for i, p := range set.Backends {
		if closing[p.Backend] == nil {
			closing[p.Backend] = sync.OnceValue(p.Backend.Close)
		}
		set.Backends[i].Backend = &server{p.Backend, closing[p.Backend]}
	}
}

type server struct {
	embedded stores.Backend
	close    func() error
}

func (s *server) Name() string                   { return s.embedded.Name() }
func (s *server) Ping(ctx context.Context) error { return s.embedded.Ping(ctx) }
func (s *server) Close() error                   { return s.close() }

func begin(tb testing.TB, change func(*stores.Set), protection *resilience.Settings, options ...func(*graph.Options)) *Gateway {
	tb.Helper()
	g, err := start(tb.TempDir(), change, protection, options...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := g.Set.Close(); err != nil {
			tb.Error(err)
		}
	})
	return g
}

// NewSample starts an edge over a copy of the sample memory, for tests that write to it.
func NewSample(tb testing.TB) *Gateway {
	tb.Helper()
	g := New(tb)
	Load(tb, g)
	return g
}

// Sample is one edge over the sample memory for all tests of a package. They may write in scopes of their own only.
// The package must have [Main] run its tests.
func Sample(tb testing.TB) *Gateway {
	tb.Helper()
	g, err := sample()
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

var (
	sampleDir string
	shared    *Gateway
	sample    = sync.OnceValues(func() (_ *Gateway, err error) {
		if sampleDir, err = os.MkdirTemp("", "thalamus-sample-"); err != nil {
			return nil, err
		}
		if shared, err = start(sampleDir, func(*stores.Set) {}, nil); err != nil {
			return nil, err
		}
		return shared, load(shared)
	})
)

// Main runs the tests of a package and tidies up after [Sample].
func Main(m *testing.M) {
	code := m.Run()
	if shared != nil {
		_ = shared.Set.Close()
	}
	if sampleDir != "" {
		_ = os.RemoveAll(sampleDir)
	}
	os.Exit(code)
}

// Load writes the sample memory into an edge.
func Load(tb testing.TB, g *Gateway) {
	tb.Helper()
	if err := load(g); err != nil {
		tb.Fatal(err)
	}
}

// load writes the sample memory.
func load(g *Gateway) error {
	var bad error
	_, err := transfer.Import(context.Background(), examples.Memory(), transfer.ImportOptions{
		Set: g.Set, Writer: g.Writes, OnBad: func(b transfer.BadLine) { bad = fmt.Errorf("the sample memory: %s", b) },
	})
	return errors.Join(err, bad)
}

func start(dir string, change func(*stores.Set), protection *resilience.Settings, edge ...func(*graph.Options)) (*Gateway, error) {
	ctx, log := context.Background(), &Log{}
	logger := slog.New(log)
	cfg, err := configuration(dir)
	if err != nil {
		return nil, err
	}
	set, err := open.Open(ctx, cfg, open.Options{Log: logger, Wait: 2 * time.Minute}) // servers of a busy machine
	if err != nil {
		return nil, err
	}
	if err := open.CheckModel(ctx, set); err != nil {
		return nil, errors.Join(err, set.Close())
	}
	change(set)
	observe, err := resilience.Observe(spans.NewTracerProvider(), metrics.NewMeterProvider(), logger)
	if err != nil {
		return nil, err
	}
	g := &Gateway{Log: log, Config: cfg}
	chain := []resilience.Middleware{graph.CountCalls, observe, g.inject}
	if protection != nil {
		chain = chain[:2]
	}
	guards := resilience.NewGuards(set, func(stores.Backend) []resilience.Middleware { return slices.Clone(chain) })
	if protection != nil {
		protection.Log, protection.Inner = logger, g.inject
		guards.Protect(*protection)
	}
	g.Set = resilience.Wrap(set, guards)
	g.Writes = saga.New(g.Set, saga.Options{Log: logger, Rest: time.Millisecond})
	g.Events = events.New(g.Set, events.Options{Log: logger, Changes: guards.Watch})
	options := graph.Options{Set: g.Set, Guards: guards, Writes: g.Writes, Events: g.Events, CursorKey: []byte("a key for tests only"), Log: logger, Authenticator: access.Development{}}
	options.Transport.Introspection = true
	options.Transport.Timeout = time.Hour // tests are not timed, however slow the machine
	for _, change := range edge {
		change(&options)
	}
	g.Handler, err = graph.NewHandler(options)
	return g, err
}
