package redis

import (
	"context"

	driver "github.com/redis/go-redis/v9"
)

// A script runs alone on its server, and time stands still for it. All keys of a script lie in one hash slot, so that one
// server of a cluster has them. Numbers that need 64 bits stay texts: Lua has only 53.
type script struct{ text, hash string }

func newScript(text string) script { return script{text, driver.NewScript(text).Hash()} }

// short is the command for a server that knows the script.
func (s script) short(ctx context.Context, keys []string, args ...any) request {
	return s.command(ctx, "evalsha", s.hash, keys, args)
}

// long is the command that teaches it.
func (s script) long(ctx context.Context, keys []string, args ...any) request {
	return s.command(ctx, "eval", s.text, keys, args)
}

func (s script) command(ctx context.Context, name, what string, keys []string, args []any) request {
	all := append(make([]any, 0, 3+len(keys)+len(args)), name, what, len(keys))
	for _, key := range keys {
		all = append(all, key)
	}
	return command(ctx, append(all, args...)...)
}

// unknown says that a server has not learned a script, or forgot it when it started anew. It has run nothing then.
func unknown(err error) bool { return begins(err, "NOSCRIPT") }

// run runs a script once.
func (d *DB) run(ctx context.Context, s script, keys []string, args ...any) (any, error) {
	c := s.short(ctx, keys, args...)
	err := d.client.Process(ctx, c)
	if unknown(err) {
		c = s.long(ctx, keys, args...)
		err = d.client.Process(ctx, c)
	}
	return c.Val(), err
}
