package redis

import (
	"context"
	"errors"

	driver "github.com/redis/go-redis/v9"

	"thalamus/stores"
)

// exchange runs one conversation with the servers when its turn has come.
//
// The driver looks at a cancelled context only before it reads, so the conversation runs aside and exchange comes back as
// soon as the context ends. What is under way then ends by its own deadline: whether the server did it is unknown. So
// talk must not use memory that the caller may change.
func exchange[T any](ctx context.Context, d *DB, talk func(context.Context) (T, error)) (answer T, err error) {
	if d.life.Err() != nil {
		return answer, stores.Unavailable(Name, driver.ErrClosed)
	}
	if err := ended(ctx); err != nil {
		return answer, err
	}
	return aside(ctx, d, func(ctx context.Context) (T, error) {
		if err := d.turns.take(ctx); err != nil {
			var nothing T
			return nothing, err
		}
		defer d.turns.give()
		return talk(ctx)
	})
}

// aside runs a conversation on a goroutine of its own and comes back when the context ends, if not before.
func aside[T any](ctx context.Context, d *DB, talk func(context.Context) (T, error)) (T, error) {
	type outcome struct {
		answer T
		err    error
	}
	done := make(chan outcome, 1)
	var nothing T
	if !d.start(func() {
		answer, err := talk(ctx)
		done <- outcome{answer, err}
	}) {
		return nothing, stores.Unavailable(Name, driver.ErrClosed)
	}
	select {
	case o := <-done:
		if o.err != nil {
			return nothing, translate(ctx, o.err)
		}
		return o.answer, nil
	case <-ctx.Done():
		return nothing, ctx.Err()
	}
}

// do is [exchange] without an answer.
func do(ctx context.Context, d *DB, talk func(context.Context) error) error {
	_, err := exchange(ctx, d, func(ctx context.Context) (struct{}, error) { return struct{}{}, talk(ctx) })
	return err
}

// request is a command that the driver never repeats, not even in a cluster after a connection broke.
type request struct{ *driver.Cmd }

// NoRetry is asked by the driver.
func (request) NoRetry() bool { return true }

func command(ctx context.Context, args ...any) request { return request{driver.NewCmd(ctx, args...)} }

// batch sends commands in one round trip, of a cluster one to each server. A missing value is no error; other errors
// that skip does not know are returned, the first of them.
func (d *DB) batch(ctx context.Context, commands []request, skip func(error) bool) error {
	if len(commands) == 0 {
		return nil
	}
	pipe := d.client.Pipeline()
	for _, c := range commands {
		_ = pipe.Process(ctx, c) // queues it
	}
	_, _ = pipe.Exec(ctx) // the commands hold their errors
	for _, c := range commands {
		if err := c.Err(); err != nil && !errors.Is(err, driver.Nil) && (skip == nil || !skip(err)) {
			return err
		}
	}
	return nil
}
