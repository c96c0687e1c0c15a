package stores

import (
	"context"
	"iter"
	"time"
)

// Cache keeps bytes for a while (role: cache). What it holds can always be had elsewhere: an entry may go before its time
// when room is needed.
//
// A key has 1 to 512 bytes, any bytes. A time to live is positive; a backend may round it up to whole milliseconds.
// Every key of a batch is treated at once and on its own, so that of many callers who set one absent key one succeeds;
// a batch as a whole is no transaction.
type Cache interface {
	// Get reads many keys; what is missing or expired is absent.
	Get(ctx context.Context, s Scope, keys []string) (map[string][]byte, error)
	// Set stores many keys, each for ttl, whatever time the key had left before.
	Set(ctx context.Context, s Scope, values map[string][]byte, ttl time.Duration) error
	// SetIf is Set for those keys that are there, or that are not. It answers with the keys that it set.
	SetIf(ctx context.Context, s Scope, when Presence, values map[string][]byte, ttl time.Duration) (map[string]bool, error)
	// Delete removes keys and says how many were there.
	Delete(ctx context.Context, s Scope, keys []string) (int, error)
	// TTL reads how long keys will still be kept; what is missing or expired is absent.
	TTL(ctx context.Context, s Scope, keys []string) (map[string]time.Duration, error)
	// Expire gives keys a new time to live, counted from now, and says how many were there.
	Expire(ctx context.Context, s Scope, keys []string, ttl time.Duration) (int, error)
	// Increment adds to counters and answers with the sums. A counter that is not there starts at 0 and is kept for ttl;
	// later additions do not prolong it, so that it counts what happens in a window of that length. The value of a counter
	// is its decimal text. ErrConflict when a value is no such text of 64 bits or a sum would not be; the other counters of
	// the batch may have been added to.
	Increment(ctx context.Context, s Scope, by map[string]int64, ttl time.Duration) (map[string]int64, error)
	// Clear removes every key of the scope and says how many. It looks at everything the cache holds, of every scope; what
	// is set meanwhile may stay.
	Clear(ctx context.Context, s Scope) (int, error)
}

// Presence says of which keys something shall be true.
type Presence string

// Presences.
const (
	IfAbsent  Presence = "ABSENT"  // keys that are missing or expired
	IfPresent Presence = "PRESENT" // keys that are there
)

// Validate refuses what is neither.
func (p Presence) Validate() error {
	if p != IfAbsent && p != IfPresent {
		return Invalid("when", "must be %s or %s, not %q", IfAbsent, IfPresent, clip(string(p), 60))
	}
	return nil
}

// MaxKey is the length of the longest key, name of a lock and topic, in bytes.
const MaxKey = 512

// CheckKeys refuses keys, names of locks or topics, as path calls them, that are empty or longer than [MaxKey].
func CheckKeys(path string, keys iter.Seq[string]) error {
	for key := range keys {
		if len(key) == 0 || len(key) > MaxKey {
			return Invalid(path, "has %d bytes; it must have 1 to %d", len(key), MaxKey)
		}
	}
	return nil
}

// CheckTTL refuses a time to live that is not positive.
func CheckTTL(ttl time.Duration) error {
	if ttl <= 0 {
		return Invalid("ttl", "must be positive, not %s", ttl)
	}
	return nil
}

// NotCounter is the [ErrConflict] of what cannot be added to.
func NotCounter() error {
	return Conflict("the value is no whole number of 64 bits, or the sum would be none; use another key for the counter")
}
