package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"thalamus/resilience/saga"
	"thalamus/stores"
)

func (a *app) reembedCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "reembed",
		Short: "Make every vector anew with the configured embedder",
		Long: `Deletes every stored vector and makes it anew with the configured embedder, in every scope. Run it after changing
--embedder: vectors of two embedders cannot be compared, so the gateway does not start with the wrong ones.

No gateway may be running on the data directory. When reembed is interrupted, run it again.`,
		Example: `  thalamus reembed --embedder 'openai+http://localhost:11434/v1?model=nomic-embed-text'`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.reembed(cmd) },
	}
}

func (a *app) reembed(cmd *cobra.Command) (err error) {
	cfg, err := a.configure(cmd)
	if err != nil {
		return err
	}
	set, err := openMemory(cmd.Context(), cfg, logger(cmd, cfg))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	writer := saga.New(set, saga.Options{})
	start, line := time.Now(), newProgress(cmd.ErrOrStderr())
	done, err := writer.Reembed(cmd.Context(), func(d saga.Reembedded) {
		line.Show("%s, scope %d of %d", counted(vectorsOf(d), "vector"), min(d.Scopes+1, d.AllScopes), d.AllScopes)
	})
	line.Clear()
	if err != nil {
		return fmt.Errorf("interrupted after %s; run it again: %w", counted(vectorsOf(done), "vector"), err)
	}
	model := set.Embedder.Model()
	out := newTable(cmd.OutOrStdout())
	for _, kind := range stores.Kinds {
		if n := done.Nouns[kind]; n > 0 {
			out.Row(kind, n)
		}
	}
	out.Flush()
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s of dimension %d made by %s in %s\n",
		counted(vectorsOf(done), "vector"), model.Dimension, model.Name, seconds(time.Since(start)))
	return err
}

func vectorsOf(d saga.Reembedded) (n int) {
	for _, m := range d.Nouns {
		n += m
	}
	return n
}
