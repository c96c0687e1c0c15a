// Command thalamus is a GraphQL gateway over everything an AI agent remembers.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"thalamus/config"
	"thalamus/telemetry"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "thalamus:", err)
		os.Exit(1)
	}
}

// run is the whole program: arguments and environment in, output out. It ends when its command does or ctx is cancelled.
func run(ctx context.Context, args, environ []string, in io.Reader, out, errOut io.Writer) error {
	cmd := newCommand(environ)
	cmd.SetArgs(args)
	cmd.SetIn(in)
	cmd.SetOut(out)
	cmd.SetErr(errOut)
	return cmd.ExecuteContext(ctx)
}

func newCommand(environ []string) *cobra.Command {
	root := &cobra.Command{
		Use:   "thalamus",
		Short: "A GraphQL gateway over everything an AI agent remembers",
		Long: `Thalamus is one GraphQL endpoint over everything an AI agent remembers: episodes, entities, relationships,
procedures, profiles and todos.

Every setting is a flag, an environment variable (THALAMUS_LISTEN for --listen) or a key of thalamus.yaml;
flags win over the environment, the environment wins over the file.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version(),
	}
	config.Bind(root.PersistentFlags())
	app := &app{environ: environ}
	root.AddCommand(app.serveCommand())
	return root
}

// app is what the commands share.
type app struct{ environ []string }

// configure reads the configuration of a command.
func (a *app) configure(cmd *cobra.Command) (*config.Config, error) {
	return config.Load(config.Sources{Flags: cmd.Flags(), Environ: a.environ, ReadFile: os.ReadFile})
}

// logger writes the log to the command's error output.
func logger(cmd *cobra.Command, cfg *config.Config) *slog.Logger {
	return telemetry.NewLogger(cmd.ErrOrStderr(), cfg.Log.Level, cfg.Log.Format == config.LogJSON)
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "devel " + s.Value[:min(12, len(s.Value))]
		}
	}
	return "devel"
}

// ended turns the end that was asked for into success.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
