package redis

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// turns lets a bounded number of conversations go on at the same time, each of which uses at most one connection to each
// server. Who waits too long for a turn is refused, so that a slow server does not pile up callers without end.
type turns struct {
	busy     chan struct{} // holds a token for each conversation
	patience time.Duration

	taken, waits, waited, refused atomic.Int64 // waited in nanoseconds
}

func newTurns(n int, patience time.Duration) *turns {
	return &turns{busy: make(chan struct{}, n), patience: patience}
}

// take waits for a turn.
func (t *turns) take(ctx context.Context) error {
	select {
	case t.busy <- struct{}{}:
		t.taken.Add(1)
		return nil
	default:
	}
	t.waits.Add(1)
	since := time.Now()
	defer func() { t.waited.Add(int64(time.Since(since))) }()
	late := time.NewTimer(t.patience)
	defer late.Stop()
	select {
	case t.busy <- struct{}{}:
		t.taken.Add(1)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-late.C:
		t.refused.Add(1)
		return unavailable(fmt.Sprintf("the pool is busy: all its %d connections were in use for %s; try again later, or give the URL a higher pool",
			cap(t.busy), t.patience), nil)
	}
}

func (t *turns) give() { <-t.busy }
