package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"thalamus/config"
	"thalamus/stores"
	"thalamus/transfer"
)

func (a *app) exportCommand() *cobra.Command {
	var only scopeFlags
	cmd := &cobra.Command{
		Use:   "export [FILE]",
		Short: "Write the memory to a file",
		Long: `Writes every noun, one a line, as JSON Lines (thalamus-memory) to a file, or to standard output without one. Equal
memories give equal bytes. Vectors are left out: an import makes them anew. The file appears when it is complete; one
that is there is replaced.

No gateway may be running on the data directory.`,
		Example: `  thalamus export memory.jsonl
  thalamus export --user ines ines.jsonl            everything of one user, on every device, by every agent
  thalamus export | gzip > backup.jsonl.gz`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.configure(cmd)
			if err != nil {
				return err
			}
			if len(args) == 0 || args[0] == "-" {
				_, err := export(cmd, cfg, cmd.OutOrStdout(), only)
				return err
			}
			return exportFile(cmd, cfg, args[0], only)
		},
	}
	only.bind(cmd, "whose memory is written; default: every one")
	return cmd
}

// exportFile writes to a file beside the named one, which takes its place when it is complete.
func exportFile(cmd *cobra.Command, cfg *config.Config, name string, only scopeFlags) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return unwritable(name, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	done, err := export(cmd, cfg, f, only)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return unwritable(name, err)
	}
	return exported(cmd, name, done)
}

// unwritable says why a file cannot be written, without the name that it has until it is complete.
func unwritable(name string, err error) error {
	return fmt.Errorf("%s cannot be written: %s", name, reasonOf(err))
}

// export writes every noun of the scopes that are asked for.
func export(cmd *cobra.Command, cfg *config.Config, out io.Writer, only scopeFlags) (_ transfer.Report, err error) {
	set, err := openMemory(cmd.Context(), cfg, logger(cmd, cfg))
	if err != nil {
		return transfer.Report{}, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	chosen := *set
	chosen.Scopes = scopesOf{set.Scopes, only}
	line := newProgress(cmd.ErrOrStderr())
	defer line.Clear()
	return transfer.Export(cmd.Context(), out, transfer.ExportOptions{
		Set:      &chosen,
		Progress: func(p transfer.Progress) { line.Show("%s, %s", counted(p.Done, "noun"), size(uint64(p.Bytes))) },
	})
}

func exported(cmd *cobra.Command, name string, done transfer.Report) error {
	out, total := newTable(cmd.OutOrStdout()), 0
	for _, kind := range stores.Kinds {
		if n := done.Written[kind]; n > 0 {
			out.Row(kind, n)
			total += n
		}
	}
	out.Flush()
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s written to %s in %s\n", counted(total, "noun"), name, seconds(done.Elapsed))
	return err
}

// scopesOf narrows the scopes of a memory down to those that the flags name.
type scopesOf struct {
	all  stores.Scopes
	only scopeFlags
}

// Scopes lists the scopes that agree with every flag; when none does, that is an error, for a flag is misspelt then.
func (s scopesOf) Scopes(ctx context.Context) ([]stores.Scope, error) {
	all, err := s.all.Scopes(ctx)
	if err != nil || s.only == (scopeFlags{}) {
		return all, err
	}
	found := slices.DeleteFunc(all, func(scope stores.Scope) bool { return !s.only.match(scope) })
	if len(found) == 0 {
		return nil, errors.New("no memory belongs to this user, device and agent; export without these flags writes every scope")
	}
	return found, nil
}

func (s *scopeFlags) match(scope stores.Scope) bool {
	return (s.user == "" || s.user == scope.User) && (s.device == "" || s.device == scope.Device) && (s.agent == "" || s.agent == scope.Agent)
}
