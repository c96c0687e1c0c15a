package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"thalamus/config"
)

func (a *app) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve the memory over GraphQL until Ctrl-C",
		Long: `Serves GraphQL at /graphql (POST, GET, WebSocket and event streams), the playground at /, health at /healthz and
/readyz, and metrics at /metrics. The first line on standard output is "listening on URL"; the log goes to standard error.

Who may use it is decided by the configuration: with --auth-keys or the keys below auth.jwt everybody has to show an API
key or a token, and the gateway may listen on any address. Without these it listens on loopback addresses only, and
everybody on this machine is one user. With --development the headers Thalamus-User, Thalamus-Device and Thalamus-Agent
say whose memory a request is about.

Ctrl-C or SIGTERM ends it: streams end, requests in flight finish, and the exit code is 0.`,
		Example: `  thalamus serve
  thalamus serve --data ./memory --listen 127.0.0.1:9090
  thalamus serve --listen 0.0.0.0:8080 --auth-keys keys.yaml
  curl http://127.0.0.1:8080/graphql -H 'Content-Type: application/json' -d '{"query": "{ episodes { totalCount } }"}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.configure(cmd)
			if err != nil {
				return err
			}
			return serve(cmd, cfg, func(context.Context, *server) error { return nil })
		},
	}
}

// serve runs the gateway. The first line on standard output says where it listens; then meanwhile is called, while
// requests are being answered.
func serve(cmd *cobra.Command, cfg *config.Config, meanwhile func(context.Context, *server) error) error {
	ctx := cmd.Context()
	log := logger(cmd, cfg)
	s, err := newServer(ctx, cfg, log)
	if err != nil {
		return ended(ctx, err)
	}
	fmt.Fprintln(cmd.OutOrStdout(), "listening on", s.URL())
	log.Info("serving", "url", s.URL(), "data", cfg.Data, "embedder", s.set.Embedder.Model().Name, "version", version())
	announce(cfg, log)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	if err := meanwhile(ctx, s); ended(ctx, err) != nil {
		stop()
		<-served
		return err
	}
	return <-served
}
