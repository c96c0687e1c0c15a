package resilience

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"

	"thalamus/stores"
)

// bulkhead bounds how many calls to one backend run at a time, so that a slow one does not gather all that there is to
// gather: goroutines, memory, requests. Others wait for their turn, for a while.
type bulkhead struct {
	turns *semaphore.Weighted
	local bool // part of this process: calls wait as long as their callers do, since only the machine is busy
}

// queueTime is how long a call waits for its turn.
const queueTime = time.Second

func newBulkhead(s Settings, local bool) bulkhead {
	return bulkhead{semaphore.NewWeighted(int64(s.Concurrency)), local}
}

func (b bulkhead) do(ctx context.Context, op Op, next func(context.Context) error) error {
	if op.Waits || isWithin(ctx) || stores.Insisting(ctx) { // others that have their turn may be waiting for just this one
		return next(ctx)
	}
	if !b.turns.TryAcquire(1) {
		queued, cancel := ctx, func() {}
		if !b.local {
			queued, cancel = context.WithTimeout(ctx, queueTime)
		}
		err := b.turns.Acquire(queued, 1)
		cancel()
		if ctx.Err() != nil {
			if err == nil {
				b.turns.Release(1)
			}
			return ctx.Err()
		}
		if err != nil {
			return refused(op.Backend, "the store is busy with other requests; try again later", queueTime)
		}
	}
	defer b.turns.Release(1)
	return next(ctx)
}
