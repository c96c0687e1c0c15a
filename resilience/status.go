package resilience

import (
	"context"
	"slices"
	"sync"
	"time"

	"thalamus/stores"
)

// State says whether a backend can be used.
type State string

// States. A backend is up until it proves otherwise.
const (
	StateUp   State = "UP"
	StateDown State = "DOWN"
)

// Status is how a backend has been doing.
type Status struct {
	Backend string
	Roles   []stores.Role
	State   State
	Latency Latency

	Breaker    BreakerState
	RetryAfter time.Duration // how long the breaker stays open

	Calls       int  // since the start, pings included
	Failures    int  // of these, how many ended as unavailable or too late
	LastError   Kind // of the latest call that failed in any way; empty while none has
	LastErrorAt time.Time
	LastSeenAt  time.Time // when it last answered

	Pool *stores.Pool // its connections; nil for what is part of this process
}

// Latency is how long a backend takes to answer: the latest answer, and the moving average in which each answer weighs
// a tenth (an exponentially weighted moving average, α = 0.1). Calls that it did not answer are not part of it.
type Latency struct{ Last, Average time.Duration }

const (
	averageWeight = 0.1
	downAfter     = 3 // failures in a row
)

// health is the bookkeeping behind a status.
type health struct {
	mu     sync.Mutex
	status Status
	failed int  // calls in a row
	silent bool // the latest ping failed
}

// note books one call. Three failures in a row or one failed ping take the backend down; any answer, be it a refusal,
// brings it back. A caller that went away tells nothing about the backend.
func (h *health) note(op Op, took time.Duration, err error) {
	kind := KindOf(err)
	if kind == KindCancelled {
		return
	}
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &h.status
	s.Calls++
	if kind != KindNone {
		s.LastError, s.LastErrorAt = kind, now
	}
	if kind.Down() && failed(err) || op.Name == opPing && kind != KindNone {
		s.Failures++
		h.failed++
		h.silent = h.silent || op.Name == opPing
		return
	}
	h.failed, h.silent = 0, false
	s.LastSeenAt = now
	s.Latency.add(took)
}

func (l *Latency) add(took time.Duration) {
	l.Last = took
	if l.Average == 0 {
		l.Average = took
		return
	}
	l.Average += time.Duration(averageWeight * float64(took-l.Average))
}

// Status is how the guarded backend has been doing since the start.
func (g *Guard) Status() Status {
	g.health.mu.Lock()
	defer g.health.mu.Unlock()
	s := g.health.status
	s.Backend, s.Roles, s.State = g.backend.Name(), slices.Clone(g.roles), StateUp
	if examined, ok := g.backend.(stores.Examined); ok {
		pool := examined.Pool()
		s.Pool = &pool
	}
	s.Breaker = BreakerClosed
	if g.breaker != nil {
		s.Breaker, s.RetryAfter = g.breaker.state()
	}
	if g.health.silent || g.health.failed >= downAfter || s.Breaker != BreakerClosed {
		s.State = StateDown
	}
	return s
}

const opPing = "ping"

// Ping asks the backend whether it is there, through every middleware, and books the answer.
func (g *Guard) Ping(ctx context.Context) error {
	op := Op{Name: opPing}
	if len(g.roles) > 0 {
		op.Role = g.roles[0]
	}
	return g.Do(ctx, op, g.backend.Ping)
}

// Status lists the status of every guarded backend once, ordered by its first role in the order of [stores.Set].
func (g Guards) Status() []Status {
	var all []Status
	seen := map[*Guard]bool{}
	for _, role := range roleOrder {
		if guard := g[role]; guard != nil && !seen[guard] {
			seen[guard] = true
			all = append(all, guard.Status())
		}
	}
	return all
}

var roleOrder = []stores.Role{stores.RoleGraph, stores.RoleRecords, stores.RoleVectors, stores.RoleCache, stores.RoleEmbedder}

// Ping asks every guarded backend at once whether it is there, and then lists their status as Status does.
func (g Guards) Ping(ctx context.Context) []Status {
	var wait sync.WaitGroup
	asked := map[*Guard]bool{}
	for _, guard := range g {
		if !asked[guard] {
			asked[guard] = true
			wait.Go(func() { _ = guard.Ping(ctx) }) // the status says how it went
		}
	}
	wait.Wait()
	return g.Status()
}
