//go:build unix

// Command run tries whether writes survive: it kills gateways and their stores while clients write, and compares what is
// left with what was promised. It ends with 1 when a promise was broken, and when a mistake that a build makes on purpose
// was not noticed.
//
//	go run ./resilience/chaos/run [-kills N] [-writers N] [-seed S] [trials]
//
// The trials are embedded, split, servers, pauses, outages, early-answer, marked-only and no-fence; all unless given. Those on
// servers take the ones that the environment gives to tests, else they start some; outages always do.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"thalamus/resilience/chaos"
)

// trial is one way to try a gateway.
type trial struct {
	name     string
	tag      string // of a build that makes a mistake; it must be noticed
	servers  bool
	mortal   bool // its servers are killed
	leftOver bool // blows must leave writes over
	options  chaos.Options
}

var trials = []trial{
	{name: "embedded", options: chaos.Options{Kills: 200}},
	{name: "split", leftOver: true, options: chaos.Options{Kills: 200, Split: true, Faults: 0.1}},
	{name: "servers", servers: true, leftOver: true, options: chaos.Options{Kills: 50}},
	{name: "pauses", servers: true, leftOver: true, options: chaos.Options{Pauses: 20, Writers: 16}},
	{name: "outages", servers: true, mortal: true, options: chaos.Options{Outages: 20}},
	{name: "early-answer", tag: "chaos_early_answer", options: chaos.Options{Kills: 20}},
	{name: "marked-only", tag: "chaos_marked_only", options: chaos.Options{Kills: 20, Split: true, Faults: 0.4}},
	{name: "no-fence", tag: "chaos_no_fence", servers: true, options: chaos.Options{Pauses: 20, Writers: 16}},
}

func main() {
	var s session
	flag.IntVar(&s.kills, "kills", 0, "how many blows each trial has; unless given, each its own number")
	flag.IntVar(&s.writers, "writers", 8, "how many clients write")
	flag.Uint64Var(&s.seed, "seed", uint64(time.Now().UnixNano()), "of the writes, the faults and the blows")
	flag.BoolVar(&s.queue, "queue", false, "half of the writers let writes wait for stores that are down")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := s.run(ctx, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// session is a series of trials.
type session struct {
	kills, writers int
	seed           uint64
	queue          bool

	dir  string // of everything that is made
	urls chaos.URLs
	own  chaos.Servers // that may be killed; nil until they are started
}

func (s *session) run(ctx context.Context, names []string) (err error) {
	for _, name := range names {
		if !slices.ContainsFunc(trials, func(t trial) bool { return t.name == name }) {
			return fmt.Errorf("there is no trial %q", name)
		}
	}
	if s.dir, err = os.MkdirTemp("", "thalamus-chaos-"); err != nil {
		return err
	}
	defer os.RemoveAll(s.dir) //nolint:errcheck // it is in the temporary directory
	s.urls = chaos.Given()
	var failed []string
	for _, t := range trials {
		if len(names) > 0 && !slices.Contains(names, t.name) {
			continue
		}
		if (t.mortal && s.own == nil) || (t.servers && s.urls == nil) {
			stop, err := s.serve(ctx)
			defer stop() //nolint:errcheck // they are in the temporary directory, and end with this process
			if err != nil {
				return err
			}
		}
		if err := s.try(ctx, t); err != nil {
			fmt.Println("  FAILED:", err)
			failed = append(failed, t.name)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if len(failed) > 0 {
		return errors.New("failed: " + strings.Join(failed, ", "))
	}
	return nil
}

// serve starts servers, which all trials take that follow.
func (s *session) serve(ctx context.Context) (stop func() error, err error) {
	fmt.Println("Starting the servers ...")
	s.urls, s.own, stop, err = chaos.StartServers(ctx)
	return stop, err
}

// try makes a trial, and says why it failed.
func (s *session) try(ctx context.Context, t trial) error {
	o := t.options
	o.Seed, o.Writers, o.Queue = s.seed, max(o.Writers, s.writers), s.queue
	if s.kills > 0 {
		for _, n := range []*int{&o.Kills, &o.Pauses, &o.Outages} {
			*n = min(*n, 1) * s.kills
		}
	}
	if t.mortal {
		o.Servers = s.own
	}
	data, err := os.MkdirTemp(s.dir, "data")
	if err != nil {
		return err
	}
	if o.Environ = chaos.Embedded(data); t.servers {
		if o.Environ, err = chaos.OnServers(data, s.urls); err != nil {
			return err
		}
	}
	tags := []string{"chaos"}
	if t.tag != "" {
		tags = append(tags, t.tag)
	}
	if o.Binary, err = chaos.Build(ctx, s.dir, tags...); err != nil {
		return err
	}
	report, err := chaos.Run(ctx, o)
	if err != nil {
		return err
	}
	report.Name = t.name
	report.Print(os.Stdout)
	return t.judge(report)
}

// judge says why a trial failed.
func (t trial) judge(r *chaos.Report) error {
	switch why := r.Void(t.leftOver); {
	case t.tag != "" && len(r.Violations) == 0:
		return errors.New("the mistake was not noticed")
	case t.tag != "":
		return nil
	case len(r.Violations) > 0:
		return errors.New("promises were broken")
	case why != "":
		return errors.New("this shows nothing: " + why)
	case t.options.Pauses > 0 && r.Fenced == 0:
		return errors.New("this shows nothing: no fence held anything up")
	}
	return nil
}
