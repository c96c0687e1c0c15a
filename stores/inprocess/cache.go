// Package inprocess plays the cache's role inside the gateway: a cache that is bounded by bytes, locks and a bus. All of it
// is gone with the process and not shared between gateways.
package inprocess

import (
	"context"
	"iter"
	"maps"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"thalamus/stores"
)

// Name is the name of this backend.
const Name = "inprocess"

// DefaultMaxBytes is the size of a cache for which none was given: 64 MiB.
const DefaultMaxBytes = 64 << 20

// entryOverhead is about what an entry costs besides its scope, key and value: node, table slot, headers.
const entryOverhead = 200

// Cache keeps bytes in memory. What is least likely to be asked for again leaves first (W-TinyLFU). It is safe for
// concurrent use.
type Cache struct {
	entries  *otter.Cache[key, entry]
	maxBytes uint64
	closed   atomic.Bool
	locks    locks
	bus      bus
}

var (
	_ stores.Cache   = (*Cache)(nil)
	_ stores.Backend = (*Cache)(nil)
)

type key struct {
	scope stores.Scope
	name  string
}

type entry struct {
	value []byte
	until time.Time
}

// left is what the entry still has to live. It is positive: what was written is there for a moment at least.
func (e entry) left() time.Duration { return max(time.Until(e.until), 1) }

// New makes a cache of at most maxBytes, counting scopes, keys, values and about 200 bytes per entry; 0 or less stands for
// [DefaultMaxBytes]. The bound may be exceeded for the moment it takes to evict.
func New(maxBytes int64) *Cache {
	if maxBytes <= 0 {
		maxBytes = DefaultMaxBytes
	}
	c := &Cache{maxBytes: uint64(maxBytes)}
	c.locks.init(c)
	c.bus.init(c)
	c.entries = otter.Must(&otter.Options[key, entry]{
		MaximumWeight: c.maxBytes,
		Weigher:       func(k key, e entry) uint32 { return uint32(min(size(k, e), math.MaxUint32)) },
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[key, entry]) time.Duration {
			return e.Value.left()
		}),
	})
	return c
}

func size(k key, e entry) uint64 {
	return uint64(len(k.scope.User) + len(k.scope.Device) + len(k.scope.Agent) + len(k.name) + len(e.value) + entryOverhead)
}

// Locks are those of this process.
func (c *Cache) Locks() stores.Locks { return &c.locks }

// Bus is that of this process.
func (c *Cache) Bus() stores.Bus { return &c.bus }

// Get reads many keys; what is missing, expired or evicted is absent. The values belong to the caller.
func (c *Cache) Get(ctx context.Context, s stores.Scope, keys []string) (map[string][]byte, error) {
	if err := c.check(ctx, slices.Values(keys)); err != nil {
		return nil, err
	}
	found := make(map[string][]byte, len(keys))
	for _, name := range keys {
		if e, ok := c.entries.GetIfPresent(key{s, name}); ok {
			found[name] = copied(e.value)
		}
	}
	return found, nil
}

// Set stores copies of the values, all of them or, when a key or the ttl is refused, none. A value that is larger than
// the whole cache is not kept, and neither is what was there before it.
func (c *Cache) Set(ctx context.Context, s stores.Scope, values map[string][]byte, ttl time.Duration) error {
	if err := c.checkWrite(ctx, maps.Keys(values), ttl); err != nil {
		return err
	}
	until := time.Now().Add(ttl)
	for name, value := range values {
		k, e := key{s, name}, entry{value, until}
		if size(k, e) > c.maxBytes {
			c.entries.Invalidate(k)
			continue
		}
		e.value = copied(value)
		c.entries.Set(k, e)
	}
	return nil
}

// SetIf stores copies of the values under those keys that are there, or that are not, and answers with the keys that it
// set. A value that is larger than the whole cache is not set.
func (c *Cache) SetIf(ctx context.Context, s stores.Scope, when stores.Presence, values map[string][]byte, ttl time.Duration) (map[string]bool, error) {
	if err := c.checkWrite(ctx, maps.Keys(values), ttl); err != nil {
		return nil, err
	}
	if err := when.Validate(); err != nil {
		return nil, err
	}
	done := make(map[string]bool, len(values))
	until := time.Now().Add(ttl)
	for name, value := range values {
		k, e := key{s, name}, entry{copied(value), until}
		if size(k, e) > c.maxBytes {
			continue
		}
		c.entries.Compute(k, func(old entry, found bool) (entry, otter.ComputeOp) {
			if found != (when == stores.IfPresent) {
				return old, otter.CancelOp
			}
			done[name] = true
			return e, otter.WriteOp
		})
	}
	return done, nil
}

// Delete removes keys and says how many were there.
func (c *Cache) Delete(ctx context.Context, s stores.Scope, keys []string) (int, error) {
	if err := c.check(ctx, slices.Values(keys)); err != nil {
		return 0, err
	}
	deleted := 0
	for _, name := range keys {
		if _, ok := c.entries.Invalidate(key{s, name}); ok {
			deleted++
		}
	}
	return deleted, nil
}

// TTL reads how long keys will still be kept, unless they are evicted.
func (c *Cache) TTL(ctx context.Context, s stores.Scope, keys []string) (map[string]time.Duration, error) {
	if err := c.check(ctx, slices.Values(keys)); err != nil {
		return nil, err
	}
	found := make(map[string]time.Duration, len(keys))
	for _, name := range keys {
		if e, ok := c.entries.GetEntryQuietly(key{s, name}); ok {
			found[name] = e.Value.left()
		}
	}
	return found, nil
}

// Expire gives keys a new time to live, counted from now, and says how many were there.
func (c *Cache) Expire(ctx context.Context, s stores.Scope, keys []string, ttl time.Duration) (int, error) {
	if err := c.checkWrite(ctx, slices.Values(keys), ttl); err != nil {
		return 0, err
	}
	reached := make(map[string]bool, len(keys))
	until := time.Now().Add(ttl)
	for _, name := range keys {
		c.entries.ComputeIfPresent(key{s, name}, func(e entry) (entry, otter.ComputeOp) {
			reached[name] = true
			return entry{e.value, until}, otter.WriteOp
		})
	}
	return len(reached), nil
}

// Clear removes every key of the scope and says how many.
func (c *Cache) Clear(ctx context.Context, s stores.Scope) (int, error) {
	if err := c.Ping(ctx); err != nil {
		return 0, err
	}
	cleared := 0
	for k := range c.entries.Keys() {
		if k.scope != s {
			continue
		}
		if _, ok := c.entries.Invalidate(k); ok {
			cleared++
		}
	}
	return cleared, nil
}

// Bytes is the size of what is kept, after evicting what is due.
func (c *Cache) Bytes() uint64 {
	c.entries.CleanUp()
	return c.entries.WeightedSize()
}

// Name is the product.
func (c *Cache) Name() string { return Name }

// Local says that it is part of this process.
func (c *Cache) Local() {}

// Ping fails only after Close or with the context.
func (c *Cache) Ping(ctx context.Context) error {
	if c.closed.Load() {
		return stores.Unavailable(Name, nil)
	}
	return ctx.Err()
}

// Close frees the memory and makes every later call fail. Locks that are waited for are refused, and subscriptions end.
func (c *Cache) Close() error {
	if !c.closed.Swap(true) {
		c.locks.close()
		c.bus.close()
		c.entries.StopAllGoroutines()
		c.entries.InvalidateAll()
	}
	return nil
}

// check is what every call begins with.
func (c *Cache) check(ctx context.Context, keys iter.Seq[string]) error {
	if err := c.Ping(ctx); err != nil {
		return err
	}
	return stores.CheckKeys("key", keys)
}

func (c *Cache) checkWrite(ctx context.Context, keys iter.Seq[string], ttl time.Duration) error {
	if err := c.check(ctx, keys); err != nil {
		return err
	}
	return stores.CheckTTL(ttl)
}

// copied is never nil, so that an empty value is told from none.
func copied(value []byte) []byte { return append([]byte{}, value...) }
