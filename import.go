package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"thalamus/config"
	"thalamus/resilience/saga"
	"thalamus/stores"
	"thalamus/stores/open"
	"thalamus/transfer"
)

// importing is what the flags of import say.
type importing struct {
	scope  scopeFlags
	dryRun bool
}

func (a *app) importCommand() *cobra.Command {
	var o importing
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Read a memory from a file",
		Long: `Reads a memory from a file, or from standard input when FILE is "-". It takes what export writes (thalamus-memory, one
noun a line) and the file of the Model Context Protocol's memory server. Ids are kept, so importing a file twice changes
nothing the second time.

A line that cannot be taken is told on standard error as FILE:LINE: reason, and the rest is imported all the same; the
exit code is then 1. No gateway may be running on the data directory.`,
		Example: `  thalamus import memory.jsonl
  thalamus import memory.jsonl --dry-run            see what would happen
  thalamus import notes.jsonl --user ines           lines that name no scope belong to ines
  zcat backup.jsonl.gz | thalamus import -`,
		Args: oneFile("import"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.importFile(cmd, args[0], o) },
	}
	o.scope.bind(cmd, "of lines that name no scope")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "check every line; nothing is changed or created")
	return cmd
}

// oneFile wants the name of a file.
func oneFile(command string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("name one file, such as `thalamus %s memory.jsonl`, or - for standard input", command)
		}
		return nil
	}
}

func (a *app) importFile(cmd *cobra.Command, name string, o importing) (err error) {
	cfg, err := a.configure(cmd)
	if err != nil {
		return err
	}
	in, total, err := source(cmd, name)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it was only read
	if o.dryRun {
		rehearsed, tidyUp, err := rehearsal(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		defer tidyUp()
		cfg = rehearsed
	}
	return importFrom(cmd, cfg, in, total, name, o)
}

// rehearsal is the configuration of an import that leaves nothing behind: where there is no memory yet, it takes place in
// an empty directory that is deleted again.
func rehearsal(ctx context.Context, cfg *config.Config) (_ *config.Config, tidyUp func(), err error) {
	if len(open.Embedded(cfg)) < 3 {
		return nil, nil, errors.New("a rehearsal is rolled back, which takes the embedded stores for graph, records and vectors: rehearse without the URLs of servers, into an empty directory named by --data")
	}
	if facts, err := open.Inspect(ctx, cfg); err != nil || facts.Exists {
		return cfg, func() {}, err
	}
	dir, err := os.MkdirTemp("", "thalamus-dry-run-*")
	if err != nil {
		return nil, nil, fmt.Errorf("no temporary directory: %w; set TMPDIR to a directory that is writable", err)
	}
	changed := *cfg
	changed.Data = filepath.Join(dir, "data")
	return &changed, func() { _ = os.RemoveAll(dir) }, nil
}

// importFrom imports what in holds, which is total bytes long or, if that is 0, of unknown length.
func importFrom(cmd *cobra.Command, cfg *config.Config, in io.Reader, total int64, name string, o importing) (err error) {
	set, err := openStores(cmd.Context(), cfg, open.Options{Log: logger(cmd, cfg)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	if err := open.CheckModel(cmd.Context(), set); err != nil {
		return err
	}
	writer := saga.New(set, saga.Options{})
	line := newProgress(cmd.ErrOrStderr())
	done, err := transfer.Import(cmd.Context(), in, transfer.ImportOptions{
		Set: set, Writer: writer, Scope: o.scope.scope(), DryRun: o.dryRun,
		Progress: func(p transfer.Progress) { line.Show("%s", progressOf(p, total)) },
		OnBad: func(b transfer.BadLine) {
			line.Clear()
			fmt.Fprintf(cmd.ErrOrStderr(), "%s:%d: %s\n", name, b.Line, b.Reason)
		},
	})
	line.Clear()
	return imported(cmd, name, done, o.dryRun, err)
}

// source opens the file and says how long it is, where that is known.
func source(cmd *cobra.Command, name string) (in io.ReadCloser, total int64, err error) {
	if name == "-" {
		return io.NopCloser(cmd.InOrStdin()), 0, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	switch {
	case err == nil && info.IsDir():
		_ = f.Close()
		return nil, 0, fmt.Errorf("%s is a directory; name a file", name)
	case err == nil && info.Mode().IsRegular():
		total = info.Size()
	}
	return f, total, nil
}

func progressOf(p transfer.Progress, total int64) string {
	text := fmt.Sprintf("%s read, %d done", counted(p.Lines, "line"), p.Done)
	if total > 0 {
		text += fmt.Sprintf(", %d %%", 100*min(p.Bytes, total)/total)
	}
	if p.Deferred > 0 {
		text += fmt.Sprintf(", %d waiting for something further down", p.Deferred)
	}
	return text
}

// imported prints the summary. Bad lines make the command fail.
func imported(cmd *cobra.Command, name string, done transfer.Report, dryRun bool, err error) error {
	out := newTable(cmd.OutOrStdout())
	out.Row("", "written", "unchanged")
	for _, kind := range stores.Kinds {
		if written, unchanged := done.Written[kind], done.Unchanged[kind]; written+unchanged > 0 {
			out.Row(kind, written, unchanged)
		}
	}
	out.Flush()
	fmt.Fprintf(cmd.OutOrStdout(), "%s in %s, %d bad\n", taken(done, dryRun), seconds(done.Elapsed), done.Bad)
	switch {
	case errors.Is(err, context.Canceled) && dryRun:
		return errors.New("interrupted: the lines after these were not checked")
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted: what the table shows is done; run it again for the rest")
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	case done.Bad > 0:
		return fmt.Errorf("%s: %s", name, refusedOf(done))
	}
	return nil
}

// taken says how many lines were good.
func taken(done transfer.Report, dryRun bool) string {
	if dryRun {
		return counted(done.Lines, "line") + " checked, nothing was changed"
	}
	good := 0
	for _, kind := range stores.Kinds {
		good += done.Written[kind] + done.Unchanged[kind]
	}
	if good == done.Lines {
		return counted(good, "line") + " imported"
	}
	return fmt.Sprintf("%d of %s imported", good, counted(done.Lines, "line"))
}

func refusedOf(done transfer.Report) string {
	if done.Bad == 1 {
		return fmt.Sprintf("1 of %s was not taken; the reason stands above", counted(done.Lines, "line"))
	}
	return fmt.Sprintf("%d of %s were not taken; the reasons stand above", done.Bad, counted(done.Lines, "line"))
}

// scopeFlags name a scope or a part of one.
type scopeFlags struct{ user, device, agent string }

func (s *scopeFlags) bind(cmd *cobra.Command, what string) {
	cmd.Flags().StringVar(&s.user, "user", "", "user "+what)
	cmd.Flags().StringVar(&s.device, "device", "", "device "+what)
	cmd.Flags().StringVar(&s.agent, "agent", "", "agent "+what)
}

func (s *scopeFlags) scope() stores.Scope { return stores.NewScope(s.user, s.device, s.agent) }
