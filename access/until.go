package access

import (
	"context"
	"errors"
	"time"
)

// Why the context of [Until] has ended, in words for the client.
var (
	ErrExpired   = errors.New("token expired")
	ErrTakenBack = errors.New("key taken back or changed")
)

type untilKey struct{}

// Until gives a context that ends when its caller stops being who it is, with ErrExpired or ErrTakenBack as its cause; a
// change of the file of keys is seen within seconds. Call the function when the context is not needed any more.
func Until(ctx context.Context) (context.Context, context.CancelFunc) {
	c, _ := CallerOf(ctx)
	ctx, end := context.WithCancelCause(ctx)
	ctx = context.WithValue(ctx, untilKey{}, end)
	if left := time.Until(c.Expires); c.Expires.IsZero() {
		// for ever
	} else if left <= 0 {
		end(ErrExpired)
	} else {
		expiry := time.AfterFunc(left, func() { end(ErrExpired) })
		context.AfterFunc(ctx, func() { expiry.Stop() })
	}
	if c.granted.by != nil {
		go c.granted.by.watch(ctx)
	}
	return ctx, func() { end(nil) }
}

// watch looks at the keys until ctx ends, which it does when the key of its caller is not valid any more.
func (k *Keys) watch(ctx context.Context) {
	look := time.NewTicker(k.interval)
	defer look.Stop()
	for Valid(ctx) {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
	c, _ := CallerOf(ctx)
	k.log.Info("what an API key opened ends: the key was taken back or changed", "caller", c.Name)
}
