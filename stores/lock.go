package stores

import (
	"context"
	"slices"
	"time"
)

// Locks let one gateway at a time do a piece of work (role: cache).
//
// A lock ends by itself, and its holder may be paused, so holding one never proves that nobody else does by now. The
// fence makes up for it: whoever writes under a lock writes its fence too, and a store refuses a fence lower than one
// that it has seen.
//
// Names belong to the whole deployment, not to a scope: what gateways must not do twice (publish the outbox, sweep
// orphans) is nobody's memory. Who needs a lock per scope puts [Scope.Key] into the name. A name has 1 to 512 bytes.
type Locks interface {
	// Acquire takes a lock for ttl, which must be positive. When it is held, Acquire tries on for as long as wait; with 0 it
	// tries once. ErrConflict says that it was held all the time, ErrUnavailable that nobody can tell.
	Acquire(ctx context.Context, name string, ttl, wait time.Duration) (Lock, error)
	// Renew makes a lock that is still held end ttl from now. ErrConflict when it ended or was taken by somebody else:
	// the holder must stop.
	Renew(ctx context.Context, l Lock, ttl time.Duration) (Lock, error)
	// Release gives a lock back and says whether it was still held. Another's lock stays as it is.
	Release(ctx context.Context, l Lock) (bool, error)
}

// Lock is a lock that was taken.
type Lock struct {
	Name  string
	Token string // proves that it was taken; nobody else knows it
	// Fence is higher than that of every lock taken earlier under this name, however that one ended. It is about the time
	// in microseconds since 1970, so that it rises even when the backend forgot everything.
	Fence int64
	// Until is when the lock ends, by the monotonic clock of this process and counted from before the backend was asked: it
	// ends no earlier. Work should stop well before.
	Until time.Time
}

// CheckAcquire refuses names and durations that no lock can have.
func CheckAcquire(name string, ttl, wait time.Duration) error {
	if err := CheckKeys("name", slices.Values([]string{name})); err != nil {
		return err
	}
	if wait < 0 {
		return Invalid("wait", "must not be negative, but is %s", wait)
	}
	return CheckTTL(ttl)
}

// Held is the [ErrConflict] of a lock that somebody else holds.
func Held(name string) error { return Conflict("the lock %q is held; try again later", clip(name, 60)) }

// Lost is the [ErrConflict] of a lock that ended before it was renewed.
func Lost(name string) error {
	return Conflict("the lock %q is no longer held; stop the work it protects and take it again", clip(name, 60))
}
