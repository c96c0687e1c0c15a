package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve the memory over GraphQL until Ctrl-C",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.serve(cmd, func(context.Context, *server) error { return nil })
		},
	}
}

// serve runs the gateway. The first line on standard output says where it listens; before is called next, while
// requests are already being answered.
func (a *app) serve(cmd *cobra.Command, before func(context.Context, *server) error) error {
	ctx := cmd.Context()
	cfg, err := a.configure(cmd)
	if err != nil {
		return err
	}
	log := logger(cmd, cfg)
	s, err := newServer(ctx, cfg, log)
	if err != nil {
		return ended(ctx, err)
	}
	fmt.Fprintln(cmd.OutOrStdout(), "listening on", s.URL())
	log.Warn("development mode: no authentication, loopback only; the scope comes from the headers Thalamus-User, Thalamus-Device and Thalamus-Agent")
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	if err := before(ctx, s); err != nil {
		stop()
		<-served
		return ended(ctx, err)
	}
	return <-served
}
