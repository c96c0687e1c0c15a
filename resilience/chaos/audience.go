package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"
	"unique"

	"thalamus/stores"
)

// Audience says who listens to the writers of a trial, and how they are interrupted. The gateways are killed and stopped in
// turn, again and again, until there was enough of everything.
type Audience struct {
	Subscribers int           // half of them over WebSockets, half over event streams; none: nobody listens
	Reconnects  int           // of each subscriber, at least
	Events      int           // at least
	Stay        time.Duration // for how long a subscriber stays at most before it leaves by itself; 2 s unless given
	Calm        time.Duration // between two interruptions; 1 s unless given
}

// Enough bounds how long an audience is interrupted.
const enough = 8 * time.Minute

// audience are the subscribers of a trial.
type audience struct {
	run  *run
	all  []*subscriber
	end  context.CancelFunc // tells them that there is nothing more to come
	work sync.WaitGroup
}

// gather lets subscribers listen. When it returns each of them does, and so misses nothing that is written from then on.
func (r *run) gather(ctx context.Context) (*audience, error) {
	a := &audience{run: r}
	writing, end := context.WithCancel(ctx)
	a.end = end
	for i := range r.Audience.Subscribers {
		s := &subscriber{
			run: r, name: fmt.Sprintf("subscriber %d", i), scope: scopeOf(i), socket: i/scopes%2 == 0,
			nodes: i/scopes/2%10 == 0, // to load them for everybody would be most of the work
			at:    i % len(r.gateways),
			dice:  rand.New(rand.NewPCG(r.Seed, uint64(i)+1000)),
		}
		a.all = append(a.all, s)
		a.work.Go(func() { s.work(writing, ctx) })
	}
	for _, s := range a.all {
		for s.visits.Load() == 0 {
			if !rest(ctx, 5*time.Millisecond) {
				return a, ctx.Err()
			}
		}
	}
	return a, nil
}

// dismiss lets the subscribers hear what they have not heard yet, and waits until they have.
func (a *audience) dismiss() {
	a.end()
	a.work.Wait()
}

// content says that there was enough of everything.
func (a *audience) content() bool {
	events := 0
	for i, s := range a.all {
		if s.visits.Load() <= int64(a.run.Audience.Reconnects) {
			return false
		}
		if i < scopes {
			events += int(s.heard.Load())
		}
	}
	return events >= a.run.Audience.Events
}

// interrupt kills a gateway, stops another in good order, and so on.
func (r *run) interrupt(ctx context.Context, a *audience) error {
	late := time.Now().Add(enough)
	for i := 0; i < 2*len(r.gateways) || !a.content(); i++ {
		if time.Now().After(late) {
			return errors.New("the audience did not get enough in time")
		}
		if !rest(ctx, r.calm()+rand300(r.dice)) {
			return ctx.Err()
		}
		g := r.gateways[i/2%len(r.gateways)]
		r.report.hit(int(r.wire.inFlight.Load()))
		if i%2 == 0 {
			g.kill()
		} else {
			g.end(syscall.SIGTERM)
		}
		if err := g.start(ctx, 0); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) calm() time.Duration {
	if r.Audience.Calm > 0 {
		return r.Audience.Calm
	}
	return time.Second
}

func (r *run) stay() time.Duration {
	if r.Audience.Stay > 0 {
		return r.Audience.Stay
	}
	return 2 * time.Second
}

// name of an event: what is told once.
type name = unique.Handle[string]

// heard wants each subscriber to have been told every event of its scope, once, in the order of the outbox.
func (a *audience) heard(ctx context.Context, set *stores.Set) error {
	happened := map[stores.Scope][]name{}
	live := &Live{}
	for i := range scopes {
		events, err := set.Outbox.After(ctx, scopeOf(i), 0, all)
		if err != nil {
			return err
		}
		names := make([]name, len(events))
		for j, e := range events {
			names[j] = nameOf(e)
		}
		happened[scopeOf(i)] = names
		live.Events += len(events)
	}
	for _, s := range a.all {
		live.add(s)
		lost, repeated := s.judge(happened[s.scope])
		live.Lost += lost
		live.Repeated += repeated
	}
	a.run.report.Live = live
	return nil
}

func nameOf(e stores.Event) name {
	version := e.Version
	if e.Type != stores.NodeUpdated {
		version = 0
	}
	return unique.Make(fmt.Sprint(e.Type, " ", e.Node.Kind, " ", e.Node.ID, " ", version, " ", e.State))
}

// Live is what a trial showed of subscriptions.
type Live struct {
	Subscribers, Sockets int
	Events, Delivered    int // those that happened; those that all subscribers together were told
	Lost, Repeated       int
	Reconnects, Left     int             // all of them; those after which a subscriber had left by itself
	Least                int             // reconnects of a subscriber
	CaughtUp             []time.Duration // from the attempt to connect until all was told that had happened
	Lag                  []time.Duration // from the write of an event until a subscriber had it that had caught up
}

func (l *Live) add(s *subscriber) {
	l.Subscribers++
	if s.socket {
		l.Sockets++
	}
	reconnects := int(s.visits.Load()) - 1
	if l.Subscribers == 1 || reconnects < l.Least {
		l.Least = reconnects
	}
	l.Delivered += len(s.told)
	l.Reconnects += reconnects
	l.Left += s.left
	l.CaughtUp, l.Lag = append(l.CaughtUp, s.caughtUp...), append(l.Lag, s.lag...)
}

func (l *Live) print(w io.Writer) {
	fmt.Fprintf(w, "  subscribers  %d, of which %d over WebSockets; %d reconnections, of each at least %d; %d times they left by themselves\n",
		l.Subscribers, l.Sockets, l.Reconnects, l.Least, l.Left)
	fmt.Fprintf(w, "  events       %d, told %d times: %d lost, %d twice\n", l.Events, l.Delivered, l.Lost, l.Repeated)
	fmt.Fprintf(w, "  caught up    p50 %s, p99 %s\n", quantile(l.CaughtUp, 0.5), quantile(l.CaughtUp, 0.99))
	fmt.Fprintf(w, "  lag          p50 %s, p99 %s\n", quantile(l.Lag, 0.5), quantile(l.Lag, 0.99))
}
