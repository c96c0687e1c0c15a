package saga_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"thalamus/graph/graphtest"
	"thalamus/resilience"
	"thalamus/resilience/saga"
	"thalamus/stores"
)

// faulty is a writer over the stores of a memory, of whose calls and commits a share fails, half of those after they happened.
// It carries on what was left over until the test is over.
func faulty(t *testing.T, m memory, seed uint64, share float64) *saga.Writer {
	t.Helper()
	guards := resilience.NewGuards(m.Set, func(stores.Backend) []resilience.Middleware { return nil })
	guards.Protect(resilience.Settings{
		Timeout: time.Minute, Concurrency: 64, Open: time.Millisecond, Log: slog.New(slog.DiscardHandler), Inner: resilience.Inject(seed, share),
	})
	set := resilience.Wrap(m.Set, guards)
	set.Journal = resilience.InjectCommits(set.Journal, seed+1, share)
	w := saga.New(set, saga.Options{Rest: time.Millisecond, Lease: 200 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	var recovering sync.WaitGroup
	recovering.Go(func() {
		for ctx.Err() == nil {
			_, _ = w.Recover(ctx) // it may fail, as anything may
			time.Sleep(20 * time.Millisecond)
		}
	})
	t.Cleanup(func() {
		cancel()
		recovering.Wait()
		w.Close(t.Context())
	})
	return w
}

// TestNothingIsLostUnderFaults lets one call in ten fail while several clients write, each sending a request again until it is
// answered. Then every acknowledged write is there, once, and whole.
func TestNothingIsLostUnderFaults(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3, 4} {
		t.Run(fmt.Sprint("Seed", seed), func(t *testing.T) { t.Parallel(); testFaults(t, seed) })
	}
}

func testFaults(t *testing.T, seed uint64) {
	const clients = 8
	writes := 80
	if slow() {
		writes = 20
	}
	g := graphtest.NewSplit(t)
	m := memory{Gateway: g, scope: stores.NewScope(fmt.Sprint("faults", seed), "", "")}
	common := m.common(t)
	w := faulty(t, m, seed, 0.1)
	var all sync.WaitGroup
	for i := range clients {
		c := &client{m: m, w: w, name: fmt.Sprint("c", i), dice: rand.New(rand.NewPCG(seed, uint64(i))), common: common}
		all.Go(func() {
			for range writes {
				c.write(t)
			}
			c.kept(t)
		})
	}
	all.Wait()
	m.settle(t)
	m.whole(t)
	common.kept(t, m)
}

// common is what all clients write to, with the number of acknowledged writes.
type common struct {
	mu        sync.Mutex
	procedure stores.ID
	edge      stores.ID
	updates   int
	uses      int
}

// common writes what the clients share.
func (m memory) common(t *testing.T) *common {
	t.Helper()
	var from, to *stores.Procedure
	for _, p := range []**stores.Procedure{&from, &to} {
		created, err := m.Writes.CreateProcedure(t.Context(), m.scope, saga.Request{}, &stores.Procedure{Name: "p", Domain: stores.DomainCoding})
		if err != nil {
			t.Fatal(err)
		}
		*p = created
	}
	edge, err := m.Writes.Relate(t.Context(), m.scope, saga.Request{}, stores.Relationship{Type: "USES", Source: from.Ref(), Target: to.Ref()}, func(*stores.Relationship) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return &common{procedure: from.ID, edge: edge.ID}
}

func (c *common) kept(t *testing.T, m memory) {
	t.Helper()
	p, err := m.Set.Procedures.ByID(t.Context(), m.scope, []stores.ID{c.procedure}, nil)
	if err != nil || p[c.procedure].Version != 1+c.updates {
		t.Errorf("after %d updates the version is %d, %v", c.updates, p[c.procedure].Version, err)
	}
	e, err := m.Set.Relationships.ByID(t.Context(), m.scope, []stores.ID{c.edge}, nil)
	if err != nil || e[c.edge].CoAccessCount != 1+c.uses || e[c.edge].Version != 1+c.uses {
		t.Errorf("after %d uses the edge is %+v, %v", c.uses, e[c.edge], err)
	}
}

// client writes to an entity of its own and to what all share.
type client struct {
	m      memory
	w      *saga.Writer
	name   string
	dice   *rand.Rand
	common *common

	sent    int
	entity  stores.ID // empty while there is none
	version int
	text    string
}

// answered sends a request until it is answered, and says whether it happened. One that met another write, which is being
// taken back, did not.
func (c *client) answered(t *testing.T, send func(context.Context, saga.Request) error) bool {
	t.Helper()
	c.sent++
	for range 2000 {
		r := saga.Request{Operation: "test", Key: new(fmt.Sprint(c.name, " ", c.sent)), Input: []byte(`{}`), Outcome: &saga.Outcome{}}
		err := send(t.Context(), r)
		var e *stores.Error
		switch {
		case err == nil && !waits(r):
			return true
		case err == nil: // it is carried on
		case errors.Is(err, stores.ErrConflict) && errors.As(err, &e) && len(e.Path) == 0:
			return false
		case !errors.Is(err, stores.ErrUnavailable) && !underWay(err):
			t.Errorf("%s: %v", *r.Key, err)
			return false
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%s %d never got an answer", c.name, c.sent)
	return false
}

// waits says that a write was not committed when its author was answered.
func waits(r saga.Request) bool {
	return r.Outcome.Saga != nil && r.Outcome.Saga.State == stores.SagaQueued
}

// underWay says that a request is answered that it is being carried out.
func underWay(err error) bool {
	var e *stores.Error
	return errors.As(err, &e) && errors.Is(err, stores.ErrConflict) && fmt.Sprint(e.Path) == "[idempotencyKey]"
}

// write makes one write of any kind.
func (c *client) write(t *testing.T) {
	text := fmt.Sprint(c.name, " writes ", c.sent+1)
	switch roll := c.dice.IntN(10); {
	case roll < 2:
		if c.answered(t, func(ctx context.Context, r saga.Request) error {
			_, err := c.w.UpdateProcedure(ctx, c.m.scope, r, c.common.procedure, nil, func(p *stores.Procedure) error { p.TriggerPattern = text; return nil })
			return err
		}) {
			c.common.count(&c.common.updates)
		}
	case roll < 4:
		if c.answered(t, func(ctx context.Context, r saga.Request) error {
			_, err := c.w.Strengthen(ctx, c.m.scope, r, saga.Edges{ID: c.common.edge}, 0.01)
			return err
		}) {
			c.common.count(&c.common.uses)
		}
	case c.entity == "":
		c.created(t, text, func(ctx context.Context, r saga.Request, change func(saga.EntityParts) error) (*stores.Entity, error) {
			return c.w.UpsertEntity(ctx, c.m.scope, r, text, nil, change)
		})
	case roll < 5:
		if c.answered(t, func(ctx context.Context, r saga.Request) error {
			_, err := c.w.DeleteEntity(ctx, c.m.scope, r, c.entity, nil)
			return err
		}) {
			c.entity = ""
		}
	case roll < 6:
		c.created(t, text, func(ctx context.Context, r saga.Request, change func(saga.EntityParts) error) (*stores.Entity, error) {
			return c.w.SupersedeEntity(ctx, c.m.scope, r, c.entity, nil, change)
		})
	default:
		if c.answered(t, func(ctx context.Context, r saga.Request) error {
			_, err := c.w.UpdateEntity(ctx, c.m.scope, r, c.entity, nil, changing(text))
			return err
		}) {
			c.version, c.text = c.version+1, text
		}
	}
}

// created makes an entity the client's own.
func (c *client) created(t *testing.T, text string, create func(context.Context, saga.Request, func(saga.EntityParts) error) (*stores.Entity, error)) {
	t.Helper()
	var made *stores.Entity
	if c.answered(t, func(ctx context.Context, r saga.Request) (err error) {
		made, err = create(ctx, r, changing(text))
		return err
	}) {
		c.entity, c.version, c.text = made.ID, 1, text
	}
}

// changing writes a text into both parts of an entity.
func changing(text string) func(saga.EntityParts) error {
	return func(e saga.EntityParts) error {
		e.Entity.Summary, e.Record.Content = text, text
		return nil
	}
}

func (c *common) count(n *int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n++
}

// kept wants the client's own entity to be what was acknowledged last. No write to it is under way.
func (c *client) kept(t *testing.T) {
	if c.entity == "" {
		return
	}
	entities, err := c.m.Set.Entities.ByID(t.Context(), c.m.scope, []stores.ID{c.entity}, nil)
	records, failed := c.m.Set.EntityRecords.ByID(t.Context(), c.m.scope, []stores.ID{c.entity}, nil)
	e, r := entities[c.entity], records[c.entity]
	if err != nil || failed != nil || e == nil || r == nil {
		t.Errorf("%s: the entity %+v, its record %+v; %v, %v", c.name, e, r, err, failed)
		return
	}
	if e.Version != c.version || e.Summary != c.text || r.Version != c.version || r.Content != c.text {
		t.Errorf("%s: version %d %q and %d %q, want %d %q", c.name, e.Version, e.Summary, r.Version, r.Content, c.version, c.text)
	}
}
