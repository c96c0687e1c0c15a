// Package inprocess is the cache inside the gateway: bounded by bytes, with a time to live per entry, gone with the
// process and not shared between gateways.
package inprocess

import (
	"context"
	"math"
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

// maxKey is the longest key, in bytes.
const maxKey = 512

// Cache keeps bytes in memory. What is least likely to be asked for again leaves first (W-TinyLFU). It is safe for
// concurrent use.
type Cache struct {
	entries  *otter.Cache[key, entry]
	maxBytes uint64
	closed   atomic.Bool
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
	ttl   time.Duration
}

// New makes a cache of at most maxBytes, counting scopes, keys, values and about 200 bytes per entry; 0 or less stands for
// [DefaultMaxBytes]. The bound may be exceeded for the moment it takes to evict.
func New(maxBytes int64) *Cache {
	if maxBytes <= 0 {
		maxBytes = DefaultMaxBytes
	}
	c := &Cache{maxBytes: uint64(maxBytes)}
	c.entries = otter.Must(&otter.Options[key, entry]{
		MaximumWeight: c.maxBytes,
		Weigher:       func(k key, e entry) uint32 { return uint32(min(size(k, e), math.MaxUint32)) },
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[key, entry]) time.Duration {
			return e.Value.ttl
		}),
	})
	return c
}

func size(k key, e entry) uint64 {
	return uint64(len(k.scope.User) + len(k.scope.Device) + len(k.scope.Agent) + len(k.name) + len(e.value) + entryOverhead)
}

// Get reads many keys; what is missing, expired or evicted is absent. The values belong to the caller.
func (c *Cache) Get(ctx context.Context, s stores.Scope, keys []string) (map[string][]byte, error) {
	if err := c.Ping(ctx); err != nil {
		return nil, err
	}
	found := make(map[string][]byte, len(keys))
	for _, name := range keys {
		if err := checkKey(name); err != nil {
			return nil, err
		}
		if e, ok := c.entries.GetIfPresent(key{s, name}); ok {
			found[name] = copied(e.value)
		}
	}
	return found, nil
}

// Set stores copies of the values, all of them or, when a key or the ttl is refused, none. A value that is larger than
// the whole cache is not kept, and neither is what was there before it.
func (c *Cache) Set(ctx context.Context, s stores.Scope, values map[string][]byte, ttl time.Duration) error {
	if err := c.Ping(ctx); err != nil {
		return err
	}
	if ttl <= 0 {
		return stores.Invalid("ttl", "must be positive, not %s", ttl)
	}
	for name := range values {
		if err := checkKey(name); err != nil {
			return err
		}
	}
	for name, value := range values {
		k, e := key{s, name}, entry{value, ttl}
		if size(k, e) > c.maxBytes {
			c.entries.Invalidate(k)
			continue
		}
		e.value = copied(value)
		c.entries.Set(k, e)
	}
	return nil
}

// Delete removes keys and says how many were there.
func (c *Cache) Delete(ctx context.Context, s stores.Scope, keys []string) (int, error) {
	if err := c.Ping(ctx); err != nil {
		return 0, err
	}
	for _, name := range keys {
		if err := checkKey(name); err != nil {
			return 0, err
		}
	}
	deleted := 0
	for _, name := range keys {
		if _, ok := c.entries.Invalidate(key{s, name}); ok {
			deleted++
		}
	}
	return deleted, nil
}

// Bytes is the size of what is kept, after evicting what is due.
func (c *Cache) Bytes() uint64 {
	c.entries.CleanUp()
	return c.entries.WeightedSize()
}

// Name is the product.
func (c *Cache) Name() string { return Name }

// Ping fails only after Close or with the context.
func (c *Cache) Ping(ctx context.Context) error {
	if c.closed.Load() {
		return stores.Unavailable(Name, nil)
	}
	return ctx.Err()
}

// Close frees the memory and makes every later call fail.
func (c *Cache) Close() error {
	if !c.closed.Swap(true) {
		c.entries.StopAllGoroutines()
		c.entries.InvalidateAll()
	}
	return nil
}

func checkKey(name string) error {
	if len(name) == 0 || len(name) > maxKey {
		return stores.Invalid("key", "has %d bytes; it must have 1 to %d", len(name), maxKey)
	}
	return nil
}

// copied is never nil, so that an empty value is told from none.
func copied(value []byte) []byte { return append([]byte{}, value...) }
