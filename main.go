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
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"thalamus/config"
	"thalamus/telemetry"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr)
	os.Exit(report(os.Stderr, err))
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

// exit ends the program with a code of its own. What there was to say has been said.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// report tells an error, one line for each part of it, and gives the code to exit with.
func report(errOut io.Writer, err error) int {
	if err == nil {
		return 0
	}
	var code exit
	if errors.As(err, &code) {
		return int(code)
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(errOut, "thalamus:", line)
	}
	return 1
}

func newCommand(environ []string) *cobra.Command {
	root := &cobra.Command{
		Use:   "thalamus",
		Short: "A GraphQL gateway over everything an AI agent remembers",
		Long: `Thalamus is one GraphQL endpoint over everything an AI agent remembers: episodes, entities, relationships,
procedures, profiles and todos. Without any configuration it keeps them in one data directory on this machine.

Every setting is a flag, an environment variable (THALAMUS_LOG_LEVEL for --log-level) or a key of thalamus.yaml
(log.level); flags win over the environment, the environment wins over the file.`,
		Example: `  thalamus demo                         try it on a sample memory
  thalamus serve                        serve your own memory at http://127.0.0.1:8080
  thalamus import memory.jsonl          read a memory from a file
  thalamus doctor                       see whether everything is in order`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version(),

		SuggestionsMinimumDistance: 2,
	}
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 110"))
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; `%s --help` lists the flags", err, cmd.CommandPath())
	})
	root.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return unknownCommand(cmd, args[0])
	}
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	config.Bind(root.PersistentFlags())
	app := &app{environ: environ}
	root.AddCommand(app.serveCommand(), app.demoCommand(), app.importCommand(), app.exportCommand(),
		app.schemaCommand(), app.doctorCommand(), app.reembedCommand(), app.keyCommand(), app.versionCommand())
	return root
}

func unknownCommand(cmd *cobra.Command, name string) error {
	help := fmt.Sprintf("`%s --help` lists the commands", cmd.CommandPath())
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		help = "did you mean " + strings.Join(near, " or ") + "? " + help
	}
	return fmt.Errorf("there is no command %q; %s", name, help)
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

// ended turns the end that was asked for into success.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
