package resilience

import (
	"context"
	"time"

	"thalamus/stores"
)

type locks struct {
	next stores.Locks
	gate gate
}

var _ stores.Locks = locks{}

// Acquire is not repeated: a lock that was taken by an attempt whose answer got lost would stand in the way of the next.
func (d locks) Acquire(ctx context.Context, name string, ttl, wait time.Duration) (stores.Lock, error) {
	return call3(ctx, d.gate.waits("locks.acquire", 1), one, d.next.Acquire, name, ttl, wait)
}

func (d locks) Renew(ctx context.Context, l stores.Lock, ttl time.Duration) (stores.Lock, error) {
	return call2(ctx, d.gate.write("locks.renew", 1), one, d.next.Renew, l, ttl)
}

func (d locks) Release(ctx context.Context, l stores.Lock) (bool, error) {
	return call(ctx, d.gate.write("locks.release", 1), one, func(ctx context.Context) (bool, error) { return d.next.Release(ctx, l) })
}
