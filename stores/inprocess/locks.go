package inprocess

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"thalamus/stores"
)

// locks are those that are held now. An entry is removed when its lock ends, so that names leave nothing behind.
type locks struct {
	cache *Cache
	ended chan struct{} // closed by close

	mu    sync.Mutex
	held  map[string]*holding
	fence int64 // the last one of any name
}

// holding is a lock that is held.
type holding struct {
	token string
	fence int64
	until time.Time
	end   *time.Timer
	free  chan struct{} // closed when the lock is given back or ends
}

var _ stores.Locks = (*locks)(nil)

func (l *locks) init(c *Cache) {
	l.cache, l.ended, l.held = c, make(chan struct{}), map[string]*holding{}
}

// Acquire takes a lock that is free, or waits until it is.
func (l *locks) Acquire(ctx context.Context, name string, ttl, wait time.Duration) (stores.Lock, error) {
	if err := l.cache.Ping(ctx); err != nil {
		return stores.Lock{}, err
	}
	if err := stores.CheckAcquire(name, ttl, wait); err != nil {
		return stores.Lock{}, err
	}
	patience := time.NewTimer(wait)
	defer patience.Stop()
	for {
		lock, holder := l.take(name, ttl)
		if holder == nil {
			return lock, nil
		}
		if wait == 0 {
			return stores.Lock{}, stores.Held(name)
		}
		select {
		case <-holder.free:
		case <-patience.C:
			return stores.Lock{}, stores.Held(name)
		case <-ctx.Done():
			return stores.Lock{}, ctx.Err()
		case <-l.ended:
			return stores.Lock{}, stores.Unavailable(Name, nil)
		}
	}
}

// take gives the lock, or who holds it.
func (l *locks) take(name string, ttl time.Duration) (stores.Lock, *holding) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if holder, ok := l.held[name]; ok {
		if now.Before(holder.until) {
			return stores.Lock{}, holder
		}
		l.drop(name, holder)
	}
	l.fence = max(l.fence+1, now.UnixMicro())
	h := &holding{token: rand.Text(), fence: l.fence, until: now.Add(ttl), free: make(chan struct{})}
	h.end = time.AfterFunc(ttl, func() { l.expire(name, h) })
	l.held[name] = h
	return stores.Lock{Name: name, Token: h.token, Fence: h.fence, Until: h.until}, nil
}

// Renew makes a lock that is still held end ttl from now.
func (l *locks) Renew(ctx context.Context, lock stores.Lock, ttl time.Duration) (stores.Lock, error) {
	if err := l.cache.Ping(ctx); err != nil {
		return stores.Lock{}, err
	}
	if err := stores.CheckAcquire(lock.Name, ttl, 0); err != nil {
		return stores.Lock{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.holds(lock)
	if h == nil {
		return stores.Lock{}, stores.Lost(lock.Name)
	}
	h.until = time.Now().Add(ttl)
	h.end.Reset(ttl)
	lock.Until = h.until
	return lock, nil
}

// Release gives a lock back.
func (l *locks) Release(ctx context.Context, lock stores.Lock) (bool, error) {
	if err := l.cache.Ping(ctx); err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.holds(lock)
	if h == nil {
		return false, nil
	}
	l.drop(lock.Name, h)
	return true, nil
}

// holds finds what a lock stands for, if it is still held.
func (l *locks) holds(lock stores.Lock) *holding {
	if h, ok := l.held[lock.Name]; ok && h.token == lock.Token && time.Now().Before(h.until) {
		return h
	}
	return nil
}

// expire runs when a lock should have ended; it may have been renewed or dropped at that moment.
func (l *locks) expire(name string, h *holding) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[name] == h && !time.Now().Before(h.until) {
		l.drop(name, h)
	}
}

func (l *locks) drop(name string, h *holding) {
	h.end.Stop()
	delete(l.held, name)
	close(h.free)
}

func (l *locks) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.ended)
	for name, h := range l.held {
		l.drop(name, h)
	}
}
