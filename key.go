package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"thalamus/access"
)

func (a *app) keyCommand() *cobra.Command {
	e := access.Entry{}
	cmd := &cobra.Command{
		Use:   "key NAME",
		Short: "Make an API key",
		Long: `Makes a random API key for a user. Its entry for the file of keys (auth.keys) goes to standard output; it holds a hash of
the key, and the name by which the log calls whoever uses it. The key itself goes to standard error, this once: it is kept
nowhere. To take a key back, remove its entry; a running gateway sees that within seconds.`,
		Example: `  thalamus key laptop --user ann --role writer >> keys.yaml
  thalamus key dashboard --user ann --agent scout --expires 2027-01-31T00:00:00Z >> keys.yaml
  thalamus serve --auth-keys keys.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if end, err := time.Parse(time.RFC3339, e.Expires); err == nil && end.Before(time.Now()) {
				return fmt.Errorf("--expires %s is over: give an instant that is to come", e.Expires)
			}
			key := access.NewKey()
			e.Name, e.Hash = args[0], access.Hash(key)
			line, err := e.Line()
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.ErrOrStderr(), key)
			_, err = fmt.Fprint(cmd.OutOrStdout(), line)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&e.User, "user", "", "whose memory it opens")
	f.StringVar(&e.Device, "device", "", "the device it is bound to; empty: each request chooses")
	f.StringVar(&e.Agent, "agent", "", "the agent it is bound to; empty: each request chooses")
	f.StringVar(&e.Role, "role", "reader", "what it allows: reader, writer or admin")
	f.StringVar(&e.Expires, "expires", "", "until when it is valid, such as 2027-01-31T00:00:00Z; empty: for ever")
	_ = cmd.MarkFlagRequired("user")
	return cmd
}
