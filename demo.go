package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"thalamus/examples"
	"thalamus/stores"
	"thalamus/transfer"
)

func (a *app) demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Serve a sample memory to try things on",
		Long: `Serves like serve, on a data directory of its own (beside the default one, or the one of --data or THALAMUS_DATA), which
it fills with a sample memory when it is empty: ten weeks of one assistant in a small payments team. It asks itself a few
questions, prints the answers, and goes on serving until Ctrl-C. Your own memory is not touched. It runs in development
mode: on loopback addresses only, without authentication.`,
		Example: `  thalamus demo
  thalamus demo --listen 127.0.0.1:0               on any free port`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd) },
	}
}

func (a *app) demo(cmd *cobra.Command) error {
	cfg, err := a.configure(cmd)
	if err != nil {
		return err
	}
	if cfg.Auth.Configured() {
		return errors.New("the demo runs in development mode, without authentication: leave out auth.keys and auth.jwt")
	}
	cfg.Development = true
	if !decided(cfg, "data") {
		cfg.Data += "-demo"
	}
	if !decided(cfg, "log.level") {
		cfg.Log.Level = slog.LevelError // the log would run through the answers
	}
	return serve(cmd, cfg, func(ctx context.Context, s *server) error {
		seeded, err := seed(ctx, s)
		if err != nil {
			return fmt.Errorf("seeding the sample memory: %w", err)
		}
		return introduce(ctx, cmd.OutOrStdout(), s, seeded)
	})
}

// seeding is what became of the sample memory.
type seeding struct {
	done    bool // just now
	nouns   int
	elapsed time.Duration
}

// seed imports the sample memory unless there is a memory already.
func seed(ctx context.Context, s *server) (seeding, error) {
	scopes, err := s.set.Scopes.Scopes(ctx)
	if err != nil || len(scopes) > 0 {
		return seeding{}, err
	}
	writer := s.writes
	out := seeding{done: true}
	err = writer.Together(ctx, func(ctx context.Context) error { // half a sample would never be completed
		var bad error
		report, err := transfer.Import(ctx, examples.Memory(), transfer.ImportOptions{
			Set: s.set, Writer: writer, OnBad: func(b transfer.BadLine) { bad = stores.Invalid("", "%s", b) },
		})
		out.elapsed = report.Elapsed
		for _, n := range report.Written {
			out.nouns += n
		}
		return errors.Join(err, bad)
	})
	return out, err
}

// introduce says where everything is, and asks the gateway a few questions.
func introduce(ctx context.Context, out io.Writer, s *server, seeded seeding) error {
	fmt.Fprintln(out)
	t := newTable(out)
	t.Row("  Playground", s.URL()+"/")
	t.Row("  GraphQL", s.URL()+"/graphql")
	t.Row("  Data", s.cfg.Data, memoryOf(seeded))
	t.Flush()
	fmt.Fprintf(out, "\n  %s\n", developmentMode)
	for _, q := range demoQuestions {
		a, err := q.ask(ctx, s.URL()+"/graphql")
		if err != nil {
			return fmt.Errorf("the example %q: %w", q.title, err)
		}
		fmt.Fprintf(out, "\n  %s\n\n", q.title)
		for _, line := range q.lines() {
			fmt.Fprintln(out, "    "+line)
		}
		fmt.Fprintf(out, "\n    %s, %s:\n\n", counted(a.calls, "backend call"), a.took.Round(100*time.Microsecond))
		for _, line := range a.lines(answerWidth, answerLines) {
			fmt.Fprintln(out, "    "+line)
		}
	}
	_, err := fmt.Fprintf(out, "\n  More examples are in the playground. Ctrl-C ends the demo.\n")
	return err
}

func memoryOf(s seeding) string {
	if s.done {
		return fmt.Sprintf("filled with a sample memory of %d nouns in %s; delete it to start again", s.nouns, seconds(s.elapsed))
	}
	return "as it was left; delete it to start again"
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
