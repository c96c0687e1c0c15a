package neo4j

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"thalamus/stores"
)

// pool hands out the right to use a connection. The driver keeps the connections and says nothing about them, so they are
// counted here: it never holds more of these rights than connections.
type pool struct {
	slots   chan struct{}
	timeout time.Duration

	taken, waits, waited, refused, peak atomic.Int64
}

func newPool(size int, timeout time.Duration) *pool {
	return &pool{slots: make(chan struct{}, size), timeout: timeout}
}

var errPoolTimeout = errors.New("no connection became free in time; a larger ?pool= allows more at once")

// take waits for a connection to be free, and gives what returns it.
func (p *pool) take(ctx context.Context) (release func(), err error) {
	select {
	case p.slots <- struct{}{}:
	default:
		if err := p.wait(ctx); err != nil {
			p.refused.Add(1)
			return nil, err
		}
	}
	p.taken.Add(1)
	for used := int64(len(p.slots)); ; {
		peak := p.peak.Load()
		if used <= peak || p.peak.CompareAndSwap(peak, used) {
			return func() { <-p.slots }, nil
		}
	}
}

func (p *pool) wait(ctx context.Context) error {
	p.waits.Add(1)
	start := time.Now()
	defer func() { p.waited.Add(int64(time.Since(start))) }()
	timer := time.NewTimer(p.timeout)
	defer timer.Stop()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-timer.C:
		return stores.Unavailable(backend, errPoolTimeout)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Pool counts connections without asking the server. The driver keeps the connections it opened until they are too old, so
// as many are open as were ever busy at once.
func (db *DB) Pool() stores.Pool {
	p := db.pool
	return stores.Pool{
		Open: int(p.peak.Load()), InUse: len(p.slots), Limit: cap(p.slots), Taken: p.taken.Load(),
		Waits: p.waits.Load(), Waited: time.Duration(p.waited.Load()), Refused: p.refused.Load(),
	}
}
