package inprocess

import (
	"context"
	"maps"
	"strconv"
	"time"

	"github.com/maypok86/otter/v2"

	"thalamus/stores"
)

// Increment adds to counters, each of them at once. A counter that is evicted starts anew.
func (c *Cache) Increment(ctx context.Context, s stores.Scope, by map[string]int64, ttl time.Duration) (map[string]int64, error) {
	if err := c.checkWrite(ctx, maps.Keys(by), ttl); err != nil {
		return nil, err
	}
	sums := make(map[string]int64, len(by))
	until := time.Now().Add(ttl)
	for name, n := range by {
		counted := true
		c.entries.Compute(key{s, name}, func(old entry, found bool) (entry, otter.ComputeOp) {
			if !found {
				old = entry{[]byte("0"), until}
			}
			var sum int64
			if sum, counted = add(old.value, n); !counted {
				return old, otter.CancelOp
			}
			sums[name] = sum
			return entry{strconv.AppendInt(nil, sum, 10), old.until}, otter.WriteOp
		})
		if !counted {
			return nil, stores.NotCounter()
		}
	}
	return sums, nil
}

// add is false when the value is not the decimal text of an integer of 64 bits, as this package would have written it,
// or when the sum is none.
func add(value []byte, n int64) (int64, bool) {
	count, err := strconv.ParseInt(string(value), 10, 64)
	sum := count + n
	overflow := n > 0 && sum < count || n < 0 && sum > count
	return sum, err == nil && strconv.FormatInt(count, 10) == string(value) && !overflow
}
