package redis

import (
	"context"
	"strings"
	"sync/atomic"

	driver "github.com/redis/go-redis/v9"

	"thalamus/stores"
)

// page is about how many keys a server looks at before it serves others again.
const page = 1000

// Clear goes through all keys of all servers by SCAN, page after page.
func (c cache) Clear(ctx context.Context, s stores.Scope) (int, error) {
	return exchange(ctx, c.DB, func(ctx context.Context) (int, error) {
		var cleared atomic.Int64
		err := c.eachServer(ctx, func(ctx context.Context, server *driver.Client) error {
			for cursor := "0"; ; {
				keys, next, err := scan(ctx, server, cursor, literal(c.scopeKey(s))+"*")
				if err != nil {
					return err
				}
				n, err := unlink(ctx, server, keys)
				if cleared.Add(n); err != nil || next == "0" {
					return err
				}
				cursor = next
			}
		})
		return int(cleared.Load()), err
	})
}

func scan(ctx context.Context, server *driver.Client, cursor, pattern string) (keys []any, next string, err error) {
	c := command(ctx, "scan", cursor, "match", pattern, "count", page)
	if err := server.Process(ctx, c); err != nil {
		return nil, "", err
	}
	answer, _ := c.Val().([]any)
	if len(answer) == 2 {
		next, _ = answer[0].(string)
		keys, _ = answer[1].([]any)
	}
	return keys, next, nil
}

// unlink removes each key by itself: a server of a cluster refuses commands about keys of several slots.
func unlink(ctx context.Context, server *driver.Client, keys []any) (removed int64, err error) {
	if len(keys) == 0 {
		return 0, nil
	}
	pipe := server.Pipeline()
	commands := make([]request, len(keys))
	for i, key := range keys {
		commands[i] = command(ctx, "unlink", key)
		_ = pipe.Process(ctx, commands[i]) // queues it
	}
	_, err = pipe.Exec(ctx)
	for _, c := range commands {
		n, _ := c.Val().(int64)
		removed += n
	}
	return removed, err
}

// literal makes a text that a pattern takes as it is.
func literal(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `^`, `\^`).Replace(text)
}
