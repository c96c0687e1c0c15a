// Package resilience stands between the gateway and its stores: one decorator per contract, one [Guard] per backend.
//
// A middleware is written once and serves every call of every contract. The order, outermost first:
//
//	observe → retry → bulkhead → breaker → attempt timeout → backend
//
// [Wrap] puts the guards in front of a [stores.Set]; nothing above this package needs to know that they are there.
package resilience

import (
	"context"
	"errors"
	"time"

	"thalamus/stores"
)

// Op says what one call to a store is about. It holds no ids and no texts, so all of it may be shown.
type Op struct {
	Role    stores.Role
	Backend string // product name
	Name    string // contract and method, like "episodes.byId"
	Write   bool   // changes what is stored
	Once    bool   // running it again is not the same as running it once, so it is never repeated
	Waits   bool   // it takes as long as its caller lets it wait, and that is no fault of the backend
	Keys    int    // keys asked for, or items handed over

	tally *tally
}

// tally is what becomes known about a call while it runs.
type tally struct{ rows, retries, crossings int }

// Rows is how many rows the backend answered with; it is known once next has returned without error.
func (o Op) Rows() int {
	if o.tally == nil {
		return 0
	}
	return o.tally.rows
}

// Retries is how many attempts followed the first one.
func (o Op) Retries() int {
	if o.tally == nil {
		return 0
	}
	return o.tally.retries
}

// Crossings is how many records were dropped from the answer, because they belong to another scope than was asked about.
func (o Op) Crossings() int {
	if o.tally == nil {
		return 0
	}
	return o.tally.crossings
}

// Retried is called by a middleware right before it runs next another time.
func (o Op) Retried() {
	if o.tally != nil {
		o.tally.retries++
	}
}

// Middleware is one concern around every call of a backend. It runs next any number of times on its own goroutine and
// returns only after next has; it hands down the context it was given or a child of it.
type Middleware func(ctx context.Context, op Op, next func(context.Context) error) error

// Guard stands in front of one backend, whatever the number of its roles and contracts, and keeps its [Status].
type Guard struct {
	backend     stores.Backend
	roles       []stores.Role
	middlewares []Middleware
	breaker     *breaker // nil without protection
	memory      *memory  // of its answers; nil when none may be old
	health      health
}

// NewGuard guards a backend in its roles with middlewares, the outermost first.
func NewGuard(backend stores.Backend, roles []stores.Role, middlewares ...Middleware) *Guard {
	return &Guard{backend: backend, roles: roles, middlewares: middlewares}
}

// Do runs one operation on the backend through every middleware.
func (g *Guard) Do(ctx context.Context, op Op, run func(context.Context) error) error {
	op.Backend = g.backend.Name()
	if op.tally == nil {
		op.tally = &tally{}
	}
	late := ctx.Err() != nil // what becomes of the call then is not the backend's doing
	start := time.Now()
	err := g.through(ctx, 0, op, run)
	if !late && !errors.Is(err, errRefused) {
		g.health.note(op, time.Since(start), err)
	}
	return err
}

func (g *Guard) through(ctx context.Context, i int, op Op, run func(context.Context) error) error {
	if i == len(g.middlewares) {
		return run(ctx)
	}
	return g.middlewares[i](ctx, op, func(ctx context.Context) error { return g.through(ctx, i+1, op, run) })
}

// Guards holds the guard of each role; the roles of one backend share theirs.
type Guards map[stores.Role]*Guard

// NewGuards makes one guard for each backend of a set. chain gives the middlewares of a backend, the outermost first;
// it is asked once per backend, so what it makes (a breaker, a pool) belongs to that backend alone.
func NewGuards(set *stores.Set, chain func(stores.Backend) []Middleware) Guards {
	guards := Guards{}
	made := map[stores.Backend]*Guard{}
	for _, p := range set.Backends {
		g, ok := made[p.Backend]
		if !ok {
			g = NewGuard(p.Backend, nil, chain(p.Backend)...)
			made[p.Backend] = g
		}
		g.roles = append(g.roles, p.Role)
		guards[p.Role] = g
	}
	return guards
}
