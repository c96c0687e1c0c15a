package resilience_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"thalamus/resilience"
	"thalamus/stores"
)

func TestStateFollowsCalls(t *testing.T) {
	broken := stores.Unavailable("sql", nil)
	for _, tc := range []struct {
		name  string
		calls []error
		want  resilience.State
	}{
		{"untried", nil, resilience.StateUp},
		{"two failures", []error{broken, broken}, resilience.StateUp},
		{"three failures", []error{broken, context.DeadlineExceeded, broken}, resilience.StateDown},
		{"an answer between", []error{broken, broken, nil, broken}, resilience.StateUp},
		{"a refusal is an answer", []error{broken, broken, broken, stores.Conflict("taken")}, resilience.StateUp},
		{"refusals", []error{stores.Conflict("x"), stores.Invalid("", "x"), errors.New("x")}, resilience.StateUp},
		{"callers that went away", []error{context.Canceled, context.Canceled, context.Canceled}, resilience.StateUp},
		{"cancelled by way of the driver", []error{broken, broken, stores.Unavailable("sql", context.Canceled)}, resilience.StateUp},
	} {
		g := resilience.NewGuard(&backend{name: "sql"}, nil)
		for _, err := range tc.calls {
			_ = g.Do(t.Context(), resilience.Op{}, func(context.Context) error { return err })
		}
		if got := g.Status().State; got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestStateFollowsPing(t *testing.T) {
	b := &backend{name: "sql", ping: errors.New("connection refused")}
	set := hollow()
	set.Backends = []stores.Playing{{Role: stores.RoleGraph, Backend: b}}
	var op resilience.Op
	guards := resilience.NewGuards(set, func(stores.Backend) []resilience.Middleware {
		return []resilience.Middleware{func(ctx context.Context, o resilience.Op, next func(context.Context) error) error {
			op = o
			return next(ctx)
		}}
	})
	ping := resilience.Wrap(set, guards).Backends[0].Backend.Ping
	if err := ping(t.Context()); !errors.Is(err, b.ping) {
		t.Errorf("ping = %v, want %v", err, b.ping)
	}
	if s := guards.Status()[0]; s.State != resilience.StateDown || s.LastError != resilience.KindInternal || s.Failures != 1 {
		t.Errorf("after a failed ping: %+v", s)
	}
	if op.Name != "ping" || op.Role != stores.RoleGraph || op.Backend != "sql" {
		t.Errorf("the ping passed as %+v", op)
	}
	b.ping = nil
	if err := ping(t.Context()); err != nil {
		t.Error(err)
	}
	if s := guards.Status()[0]; s.State != resilience.StateUp || s.LastError == "" {
		t.Errorf("after a good ping: %+v", s)
	}
}

// An expired request says nothing about the store that it did not reach in time.
func TestLateCallersAreNotBooked(t *testing.T) {
	g := resilience.NewGuard(&backend{name: "sql"}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	for range 5 {
		_ = g.Do(ctx, resilience.Op{}, func(ctx context.Context) error { return ctx.Err() })
	}
	if s := g.Status(); s.State != resilience.StateUp || s.Calls != 0 {
		t.Errorf("status = %+v, want untouched", s)
	}
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := resilience.NewGuard(&backend{name: "sql"}, nil)
		run := func(d time.Duration, err error) {
			_ = g.Do(t.Context(), resilience.Op{}, func(context.Context) error { time.Sleep(d); return err })
		}
		run(100*time.Millisecond, nil)
		run(200*time.Millisecond, stores.Conflict("taken"))
		run(time.Hour, stores.Unavailable("sql", nil))
		want := resilience.Latency{Last: 200 * time.Millisecond, Average: 110 * time.Millisecond}
		if got := g.Status().Latency; got != want {
			t.Errorf("latency = %+v, want %+v", got, want)
		}
		if s := g.Status(); !s.LastErrorAt.Equal(time.Now()) || !s.LastSeenAt.Equal(time.Now().Add(-time.Hour)) || s.Calls != 3 || s.Failures != 1 {
			t.Errorf("status = %+v", s)
		}
	})
}

func TestStatusListsEachBackendOnce(t *testing.T) {
	set := hollow()
	all := resilience.NewGuards(set, func(stores.Backend) []resilience.Middleware { return nil }).Status()
	var names []string
	for _, s := range all {
		names = append(names, s.Backend)
	}
	if !slices.Equal(names, []string{"sql", "cache", "model"}) {
		t.Errorf("backends = %v", names)
	}
	if want := []stores.Role{stores.RoleGraph, stores.RoleRecords, stores.RoleVectors}; !slices.Equal(all[0].Roles, want) {
		t.Errorf("roles = %v, want %v", all[0].Roles, want)
	}
}
