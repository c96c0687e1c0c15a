package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"thalamus/access"
	"thalamus/config"
	"thalamus/events"
	"thalamus/examples"
	"thalamus/graph"
	"thalamus/graph/limits"
	"thalamus/graph/transport"
	"thalamus/playground"
	"thalamus/resilience"
	"thalamus/resilience/saga"
	"thalamus/stores"
	"thalamus/stores/open"
	"thalamus/telemetry"
)

// server is a running gateway: configuration → open → guard → handler → HTTP.
type server struct {
	cfg       *config.Config
	log       *slog.Logger
	callers   access.Authenticator
	telemetry *telemetry.Telemetry
	set       *stores.Set // guarded
	guards    resilience.Guards
	writes    *saga.Writer
	events    *events.Hub
	listener  net.Listener
	http      *http.Server
	streams   *streams
	stop      context.CancelFunc // of what runs beside the requests
}

// newServer opens the stores and listens. Close it when it is not served.
func newServer(ctx context.Context, cfg *config.Config, log *slog.Logger) (_ *server, err error) {
	s := &server{cfg: cfg, log: log, streams: newStreams()}
	beside, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.callers, err = authenticator(beside, cfg, log); err != nil {
		return nil, err
	}
	s.telemetry, err = telemetry.Setup(ctx, telemetry.Options{Version: version(), Endpoint: string(cfg.OTLP.Endpoint), Metrics: cfg.Metrics, Log: log})
	if err != nil {
		return nil, err
	}
	if err := s.open(ctx, beside); err != nil {
		return nil, err
	}
	handler, err := s.handler()
	if err != nil {
		return nil, err
	}
	if s.listener, err = listen(ctx, cfg.Listen); err != nil {
		return nil, err
	}
	s.writes.Start()
	s.http = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	s.http.RegisterOnShutdown(s.streams.end)
	return s, nil
}

// listen takes the configured address.
func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("another program listens on %s already: stop it, or choose another address with --listen (port 0 takes a free one)", address)
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %s: %w; choose another address with --listen (port 0 takes a free one)", address, err)
	}
	return l, nil
}

// open opens the stores and puts the guards in front of them. What the guards do beside requests ends with its own context.
func (s *server) open(ctx, beside context.Context) error {
	set, err := openStores(ctx, s.cfg, open.Options{Log: s.log, Wait: s.cfg.Startup.Wait})
	if err != nil {
		return err
	}
	s.set = set
	inner := chaotic(set)
	observe, err := resilience.Observe(s.telemetry.Spans, s.telemetry.Metrics, s.log)
	if err != nil {
		return err
	}
	s.guards = resilience.NewGuards(set, func(stores.Backend) []resilience.Middleware {
		return []resilience.Middleware{graph.CountCalls, observe}
	})
	s.guards.Protect(resilience.Settings{
		Timeout: s.cfg.Guard.Timeout, Concurrency: s.cfg.Guard.Concurrency, Open: s.cfg.Guard.Open, Log: s.log,
		StaleLimit: s.cfg.Stale.Limit, StaleMemory: int(s.cfg.Stale.Memory), Inner: inner,
	})
	if err := s.guards.ObserveStatus(s.telemetry.Metrics); err != nil {
		return err
	}
	s.set = resilience.Wrap(set, s.guards)
	if err := s.guards.Announce(beside, s.set.Bus); err != nil {
		return err
	}
	unembedded, err := open.Unembedded(ctx, set)
	if err != nil {
		return err
	}
	if unembedded {
		s.log.WarnContext(ctx, "there are memories and no vectors, so recall by meaning finds nothing: run `thalamus reembed`")
	}
	if err := open.CheckModel(ctx, s.set); err != nil {
		return err
	}
	s.writes = saga.New(s.set, saga.Options{
		Log: s.log, Lease: s.cfg.Saga.Lease, Queue: s.cfg.Saga.Queue, QueueOfScope: s.cfg.Saga.Queue / scopesShare,
		QueuedFor: s.cfg.Saga.QueuedFor, Keep: s.cfg.Saga.Keep, KeepEvents: s.cfg.Events.Keep,
	})
	if err := s.writes.Observe(s.telemetry.Metrics); err != nil {
		return err
	}
	return s.follow(beside, set)
}

// How often events are looked for that nobody told of: seldom, unless gateways share the records and cannot tell each other.
const (
	pollAlone = time.Second
	pollTold  = 10 * time.Second
)

// follow lets subscribers hear of what happens, here and at other gateways.
func (s *server) follow(ctx context.Context, set *stores.Set) error {
	o := events.Options{Log: s.log, Changes: s.guards.Watch, Poll: pollTold}
	shared := slices.ContainsFunc(set.Backends, func(p stores.Playing) bool {
		_, local := p.Backend.(stores.Local)
		return p.Role == stores.RoleCache && !local
	})
	if !shared && !set.Journal.Exclusive() {
		o.Poll = pollAlone
	}
	s.events = events.New(s.set, o)
	if !shared {
		return nil
	}
	return s.events.Share(ctx)
}

// writeTimeout is how long a client may take to accept an event.
const writeTimeout = 4 * time.Second

// scopesShare is the part of the queue of writes that one scope may fill: one in so many.
const scopesShare = 20

// handler is everything that is served.
func (s *server) handler() (http.Handler, error) {
	key, err := cursorKey(s.cfg)
	if err != nil {
		return nil, err
	}
	persisted, err := persisted(s.cfg)
	if err != nil {
		return nil, err
	}
	introspection, _ := access.ParseRole(string(s.cfg.Introspection)) // on and off are none
	api, err := graph.NewHandler(graph.Options{
		Set: s.set, Guards: s.guards, Writes: s.writes, Events: s.events, CursorKey: key, Log: s.log, Metrics: s.telemetry.Metrics,
		Authenticator: s.callers, Introspection: introspection,
		Limits: operationLimits(s.cfg.Limits), Persisted: persisted,
		Rate: limits.Rate{PerSecond: s.cfg.Limits.Rate, Burst: s.cfg.Limits.Burst}, Streams: s.cfg.Limits.Streams,
		Transport: transport.Options{
			MaxBody: int64(s.cfg.Limits.Body), Timeout: s.cfg.Limits.Timeout,
			Introspection: s.cfg.Introspection != config.IntrospectionOff, Origins: s.cfg.CORS.Origins,
			WriteTimeout: writeTimeout, Lasting: s.streams.begin,
		},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/graphql", api)
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", s.ready)
	if s.telemetry.Handler != nil {
		mux.Handle("GET /metrics", s.telemetry.Handler)
	}
	if s.cfg.Playground {
		page, err := examplesPage()
		if err != nil {
			return nil, err
		}
		mux.Handle("/", page)
	}
	var served http.Handler = mux
	if !s.cfg.Auth.Configured() {
		served = localOnly(served)
	}
	return observed(mux, secured(served), s.telemetry, s.log)
}

// operationLimits are the limits on one operation.
func operationLimits(l config.Limits) limits.Limits {
	return limits.Limits{
		Document: limits.Measure{
			Bytes: int(l.Document), Tokens: l.Tokens, Operations: l.Operations, Fragments: l.Fragments, Variables: l.Variables,
			Depth: l.Depth, Selections: l.Selections, Aliases: l.Aliases, Directives: l.Directives, RootFields: l.RootFields,
			Pairs: l.Pairs,
		},
		Values: l.Values, Cost: l.Cost, Calls: l.Calls,
	}
}

// persisted knows the documents that clients may send by their hash, and is told whether they may send others.
func persisted(cfg *config.Config) (*limits.Persisted, error) {
	if cfg.Persisted.Allowed == "" {
		return limits.NewPersisted(nil, cfg.Persisted.Automatic), nil
	}
	allowed, err := limits.Allowed(cfg.Persisted.Allowed, graph.Schema(nil).Schema(), operationLimits(cfg.Limits))
	return limits.NewPersisted(allowed, false), err
}

func examplesPage() (http.Handler, error) {
	queries, err := examples.Queries()
	if err != nil {
		return nil, err
	}
	o := playground.Options{Endpoint: "/graphql"}
	for _, q := range queries {
		o.Examples = append(o.Examples, playground.Example{
			Name: q.Name, Title: q.Title, Group: q.Group, Description: q.Description, Query: q.Query, Variables: q.Variables,
		})
	}
	return playground.Handler(o), nil
}

// processHeader names the process that answers, by which doctor tells gateways from each other.
const processHeader = "Thalamus-Process"

func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set(processHeader, strconv.Itoa(os.Getpid()))
	_, _ = w.Write([]byte("ok\n"))
}

// pingTimeout bounds how long readiness waits for a backend.
const pingTimeout = 2 * time.Second

// ready says whether every backend answers that memories are read from, and how all of them are, one line each. The cache
// is none of these: without it answers come more slowly, and from a gateway that nobody asks none come.
func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), pingTimeout)
	defer cancel()
	status := http.StatusOK
	var lines []byte
	for _, b := range s.guards.Ping(ctx) {
		if b.State != resilience.StateUp && !slices.Equal(b.Roles, []stores.Role{stores.RoleCache}) {
			status = http.StatusServiceUnavailable
		}
		lines = fmt.Appendf(lines, "%s %s %v\n", b.State, b.Backend, b.Roles)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(lines)
}

// URL is where the server listens.
func (s *server) URL() string { return "http://" + s.listener.Addr().String() }

// closeTimeout is how long closing may take after the last request has ended.
const closeTimeout = 5 * time.Second

// Serve answers requests until ctx ends. Then it ends streams and sockets, lets other requests finish, and closes
// everything.
func (s *server) Serve(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- s.http.Serve(s.listener) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		grace := s.cfg.Limits.Timeout + closeTimeout // by then every operation has ended
		s.log.Info("stopping", "grace", grace)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		err = s.http.Shutdown(ctx)
		s.streams.wait(ctx)
	}
	return errors.Join(err, s.Close())
}

// Close gives back what the server holds.
func (s *server) Close() error {
	s.streams.end()
	var errs []error
	if s.listener != nil {
		if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.writes != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		s.writes.Close(ctx)
	}
	if s.stop != nil {
		s.stop()
	}
	if s.set != nil {
		errs = append(errs, s.set.Close())
	}
	if s.telemetry != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		errs = append(errs, s.telemetry.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

const (
	cursorKeySize  = 32 // of one that is made
	leastCursorKey = 16 // of one that is configured
)

// cursorKey is the secret that signs cursors; it is made at the first start and kept, so that cursors outlive the
// process.
func cursorKey(cfg *config.Config) ([]byte, error) {
	if secret := string(cfg.CursorsKey); secret != "" {
		if len(secret) < leastCursorKey {
			return nil, fmt.Errorf("cursors.key has %d characters; give it at least %d", len(secret), leastCursorKey)
		}
		return []byte(secret), nil
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil { // nobody else made it where every store is a server
		return nil, fmt.Errorf("the data directory %s, which keeps the key of cursors, cannot be made: %w; choose another with --data, or set THALAMUS_CURSORS_KEY", cfg.Data, err)
	}
	name := filepath.Join(cfg.Data, "cursor.key")
	key, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		key = make([]byte, cursorKeySize)
		_, _ = rand.Read(key)
		err = os.WriteFile(name, key, 0o600)
	}
	if err == nil && len(key) != cursorKeySize {
		err = fmt.Errorf("%s is damaged: delete it, and cursors handed out before become invalid", name)
	}
	return key, err
}
