// Package chaos kills gateways while clients write, starts them again, and then wants every promise kept that was made.
//
// The gateway is the real program in a process of its own. Writers send it mutations over HTTP, each under an idempotency
// key, and send a request again until it is answered. What was answered is written down in a book, in this process, and at
// the end the stores are opened and compared with it: nothing that was acknowledged is lost, nothing is there twice, nothing
// is there in part, and no write is still under way.
//
// kill -9 leaves the system's page cache as it is: this tries the protocol, not what a loss of power does.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"thalamus/config"
)

// Options say what is done to which gateway.
type Options struct {
	Binary  string   // of the gateway; see [Build]
	Environ []string // which stores it has; see [Embedded] and [OnServers]

	Seed     uint64
	Writers  int
	Kills    int      // of the gateway
	Split    bool     // its stores count as separate databases; takes a binary built with the tag chaos
	Faults   float64  // share of its calls to stores that fail; takes such a binary, too
	Queue    bool     // every second writer lets its writes wait for stores that are down
	Servers  Servers  // that are killed; nil: none
	Outages  int      // how many of them
	Pauses   int      // of one of two gateways, rather than kills
	Audience Audience // that is interrupted, rather than kills
	Pair     bool     // two gateways share the stores
	Lease    time.Duration
	Patience time.Duration // until everything must have ended after the last blow
}

// run is a trial under way.
type run struct {
	Options
	config   *config.Config
	gateways []*gateway // one, or two that share their stores
	book     *book
	wire     *wire
	dice     *rand.Rand // of the blows
	report   *Report
}

// Run tries a gateway and reports. An error says that the trial could not be made.
func Run(ctx context.Context, o Options) (*Report, error) {
	cfg, err := config.Load(config.Sources{Environ: o.Environ, ReadFile: os.ReadFile})
	if err != nil {
		return nil, err
	}
	r := &run{Options: o, config: cfg, book: newBook(), wire: newWire(), dice: rand.New(rand.NewPCG(o.Seed, 0)), report: &Report{Seed: o.Seed}}
	r.gateways = append(r.gateways, r.gateway())
	if o.Pair {
		r.gateways = append(r.gateways, r.gateway())
	}
	if o.Pauses > 0 {
		r.gateways = append(r.gateways, r.gateway())
		r.wire.patience = 2 * r.lease()
	}
	defer func() {
		for _, g := range r.gateways {
			g.kill()
		}
	}()
	begun := time.Now()
	if err := r.trial(ctx); err != nil {
		return nil, errors.Join(err, errors.New(r.logs()))
	}
	r.report.Took = time.Since(begun)
	r.report.read(r.book, r.gateways)
	return r.report, nil
}

// trial lets writers write while blows fall, waits for the end of every write, and compares.
func (r *run) trial(ctx context.Context) error {
	if err := r.startAll(ctx, 0); err != nil {
		return err
	}
	audience, err := r.gather(ctx)
	if err != nil {
		return err
	}
	defer audience.dismiss()
	writers, err := r.hire(ctx)
	if err != nil {
		return err
	}
	working, dismiss := context.WithCancel(ctx)
	defer dismiss()
	end, over := context.WithCancelCause(ctx)
	defer over(nil)
	var all sync.WaitGroup
	for _, w := range writers {
		all.Go(func() { w.work(working, end) })
	}
	err = r.blows(ctx, audience)
	dismiss()
	late := time.AfterFunc(r.patience(), func() { over(errors.New("the time is over")) })
	defer late.Stop()
	all.Wait() // each has got the answer to its last request
	audience.dismiss()
	if err != nil {
		return err
	}
	return r.compare(ctx, audience)
}

// blows does to the gateways what is to be done to them. Afterwards they run, and nothing fails any more.
func (r *run) blows(ctx context.Context, a *audience) error {
	switch {
	case r.Audience.Subscribers > 0:
		return r.interrupt(ctx, a)
	case r.Pauses > 0:
		return r.pauses(ctx)
	case r.Outages > 0:
		return r.outages(ctx)
	}
	return r.kills(ctx)
}

// kills kills the gateway again and again, each time 30 to 330 ms after it is ready.
func (r *run) kills(ctx context.Context) error {
	g := r.gateways[0]
	g.kill()
	for range r.Kills {
		if err := g.start(ctx, r.Faults); err != nil {
			return err
		}
		if !rest(ctx, 30*time.Millisecond+rand300(r.dice)) {
			return ctx.Err()
		}
		r.report.hit(int(r.wire.inFlight.Load()))
		g.kill()
	}
	return g.start(ctx, 0)
}

func rand300(dice *rand.Rand) time.Duration {
	return time.Duration(dice.Int64N(int64(300 * time.Millisecond)))
}

func (r *run) startAll(ctx context.Context, faults float64) error {
	var errs []error
	for _, g := range r.gateways {
		errs = append(errs, g.start(ctx, faults))
	}
	return errors.Join(errs...)
}

func (r *run) logs() string {
	out := "the ends of the logs:"
	for _, g := range r.gateways {
		out += "\n" + g.tail()
	}
	return out
}

func (r *run) lease() time.Duration {
	if r.Lease > 0 {
		return r.Lease
	}
	return 500 * time.Millisecond
}

func (r *run) patience() time.Duration {
	if r.Patience > 0 {
		return r.Patience
	}
	return 2 * time.Minute
}

// rest waits, and says whether there was time for it.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// complain makes a violation of a promise.
func complain(format string, args ...any) string { return fmt.Sprintf(format, args...) }
