package redis

import (
	"context"
	"crypto/rand"
	mathrand "math/rand/v2"
	"net/url"
	"strconv"
	"time"

	"thalamus/stores"
)

// locks are strings that hold the token, and expire. Beside each lies its last fence, which outlives it by a day.
type locks struct{ *DB }

var _ stores.Locks = locks{}

// remembered is for how long a fence is kept after its lock could have ended. Later the clock, from which fences start,
// has gone on far enough, unless it is set back by more than this.
const remembered = 24 * time.Hour

// How often a lock that is held is tried again.
const (
	shortPause = 10 * time.Millisecond
	longPause  = 250 * time.Millisecond
)

// acquire sets the lock KEYS[1] to the token ARGV[1] for ARGV[2] ms, unless it is held: then it answers with the
// milliseconds left. KEYS[2] is the fence, kept for ARGV[3] ms. It is the time in microseconds, or one more than the last.
var acquire = newScript(`
if redis.call('EXISTS', KEYS[1]) == 1 then return redis.call('PTTL', KEYS[1]) end
local time = redis.call('TIME')
local fence = time[1] * 1000000 + time[2]
local last = tonumber(redis.call('GET', KEYS[2]) or 0)
if fence <= last then fence = last + 1 end
fence = string.format('%.0f', fence)
redis.call('SET', KEYS[2], fence, 'PX', ARGV[3])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return fence
`)

// renew makes the lock KEYS[1] end in ARGV[2] ms if its token is ARGV[1], and says whether it was.
var renew = newScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`)

// release deletes the lock KEYS[1] if its token is ARGV[1], and says whether it was.
var release = newScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`)

// keys are those of the lock and of its fence. What stands in braces decides their slot in a cluster, so they share one;
// the name is escaped, since a brace of its own would end it early.
func (l locks) keys(name string) []string {
	slot := "{" + url.PathEscape(name) + "}"
	return []string{l.prefix + "lock:" + slot, l.prefix + "fence:" + slot}
}

func lifetimes(ttl time.Duration) (lock, fence int64) {
	lock = milliseconds(ttl)
	return lock, lock + remembered.Milliseconds()
}

// Acquire tries again and again, with growing pauses.
func (l locks) Acquire(ctx context.Context, name string, ttl, wait time.Duration) (stores.Lock, error) {
	if err := stores.CheckAcquire(name, ttl, wait); err != nil {
		return stores.Lock{}, err
	}
	if err := ended(ctx); err != nil {
		return stores.Lock{}, err
	}
	token, giveUp := rand.Text(), time.Now().Add(wait)
	for pause := shortPause; ; pause = min(2*pause, longPause) {
		asked := time.Now()
		fence, left, err := l.take(ctx, name, token, ttl)
		if err != nil {
			l.abandon(name, token)
			return stores.Lock{}, err
		}
		if fence > 0 {
			return stores.Lock{Name: name, Token: token, Fence: fence, Until: asked.Add(ttl)}, nil
		}
		patience := time.Until(giveUp)
		if patience <= 0 {
			return stores.Lock{}, stores.Held(name)
		}
		jittered := pause/2 + mathrand.N(pause) //nolint:gosec // no secret
		if err := l.sleep(ctx, min(jittered, left, patience)); err != nil {
			return stores.Lock{}, err
		}
	}
}

// take tries once. A fence of 0 says that the lock is held, for as long as left.
func (l locks) take(ctx context.Context, name, token string, ttl time.Duration) (fence int64, left time.Duration, err error) {
	lockFor, fenceFor := lifetimes(ttl)
	answer, err := exchange(ctx, l.DB, func(ctx context.Context) (any, error) {
		detached := context.WithoutCancel(ctx)
		answer, err := l.run(detached, acquire, l.keys(name), token, lockFor, fenceFor)
		if ctx.Err() != nil { // nobody waits for the answer any more
			_, _ = l.run(detached, release, l.keys(name), token) // or it ends by itself
		}
		return answer, err
	})
	if err != nil {
		return 0, 0, err
	}
	if text, ok := answer.(string); ok {
		fence, err = strconv.ParseInt(text, 10, 64)
		return fence, 0, err
	}
	ms, _ := answer.(int64)
	return 0, lifetime(ms), nil
}

// abandon gives back what an attempt may have taken whose answer never came: nobody would, until it ends.
func (l locks) abandon(name, token string) {
	l.start(func() {
		ctx, cancel := context.WithTimeout(l.life, l.timeout)
		defer cancel()
		_, _ = l.Release(ctx, stores.Lock{Name: name, Token: token}) // or it ends by itself
	})
}

// sleep waits, unless the context ends or the connection is closed.
func (d *DB) sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-d.life.Done():
		return stores.Unavailable(Name, nil)
	}
}

// Renew compares the token and prolongs in one step.
func (l locks) Renew(ctx context.Context, lock stores.Lock, ttl time.Duration) (stores.Lock, error) {
	if err := stores.CheckAcquire(lock.Name, ttl, 0); err != nil {
		return stores.Lock{}, err
	}
	asked := time.Now()
	lockFor, fenceFor := lifetimes(ttl)
	held, err := l.owned(ctx, renew, lock, lockFor, fenceFor)
	if err != nil {
		return stores.Lock{}, err
	}
	if !held {
		return stores.Lock{}, stores.Lost(lock.Name)
	}
	lock.Until = asked.Add(ttl)
	return lock, nil
}

// Release compares the token and deletes in one step.
func (l locks) Release(ctx context.Context, lock stores.Lock) (bool, error) {
	return l.owned(ctx, release, lock)
}

// owned runs a script that says whether a lock was held.
func (l locks) owned(ctx context.Context, s script, lock stores.Lock, args ...any) (bool, error) {
	return exchange(ctx, l.DB, func(ctx context.Context) (bool, error) {
		answer, err := l.run(ctx, s, l.keys(lock.Name), append([]any{lock.Token}, args...)...)
		return answer == int64(1), err
	})
}
