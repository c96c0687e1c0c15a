package storestest

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"thalamus/stores"
)

func (c shelf) add(ttl time.Duration, by map[string]int64) map[string]int64 {
	c.t.Helper()
	sums, err := c.Increment(c.ctx(), c.scope, by, ttl)
	noError(c.t, err)
	return sums
}

func testCacheIncrement(c shelf) {
	same(c.t, "first sums", map[string]int64{"a": 1, "b": -5, "zero": 0}, c.add(time.Hour, map[string]int64{"a": 1, "b": -5, "zero": 0}))
	same(c.t, "second sums", map[string]int64{"a": 42, "b": -7, "c": 3}, c.add(time.Hour, map[string]int64{"a": 41, "b": -2, "c": 3}))
	c.holds("counter", "a", "42")
	c.holds("counter", "b", "-7")
	c.holds("counter", "zero", "0")
	same(c.t, "sums of another scope", map[string]int64{"a": 1}, c.at(newScope()).add(time.Hour, map[string]int64{"a": 1}))

	c.keep("set", "99")
	same(c.t, "sums after Set", map[string]int64{"set": 100}, c.add(time.Hour, map[string]int64{"set": 1}))
	n, err := c.Delete(c.ctx(), c.scope, []string{"set"})
	noError(c.t, err)
	same(c.t, "counters deleted", 1, n)
	same(c.t, "sums after Delete", map[string]int64{"set": 1}, c.add(time.Hour, map[string]int64{"set": 1}))

	many := map[string]int64{}
	for i := range 1000 {
		many[fmt.Sprint("many ", i)] = int64(i)
	}
	same(c.t, "many sums", many, c.add(time.Hour, many))
}

// testCacheIncrementTTL: the window of a counter begins with its first use.
func testCacheIncrementTTL(c shelf) {
	c.add(time.Hour, map[string]int64{"counter": 1})
	c.lives("first use", "counter", time.Hour)
	c.add(48*time.Hour, map[string]int64{"counter": 1})
	c.lives("second use", "counter", time.Hour)

	c.set(map[string][]byte{"set": []byte("1")}, 48*time.Hour)
	c.add(time.Hour, map[string]int64{"set": 1})
	c.lives("counter that was set", "set", 48*time.Hour)

	c.add(300*time.Millisecond, map[string]int64{"window": 5})
	c.gone("window")
	same(c.t, "sums of the next window", map[string]int64{"window": 2}, c.add(time.Hour, map[string]int64{"window": 2}))
	c.lives("next window", "window", time.Hour)
}

func testCacheIncrementLimits(c shelf) {
	for _, text := range []string{"", "x", " 1", "1 ", "+1", "01", "-0", "1.0", "1e3", "0x1", "9223372036854775808", "-9223372036854775809"} {
		c.keep("text", text)
		_, err := c.Increment(c.ctx(), c.scope, map[string]int64{"text": 1}, time.Hour)
		refused(c.t, fmt.Sprintf("an addition to %q", text), err, stores.ErrConflict)
		c.holds("after a refused addition", "text", text)
	}
	same(c.t, "extreme sums", map[string]int64{"max": math.MaxInt64, "min": math.MinInt64},
		c.add(time.Hour, map[string]int64{"max": math.MaxInt64, "min": math.MinInt64}))
	for key, by := range map[string]int64{"max": 1, "min": -1} {
		_, err := c.Increment(c.ctx(), c.scope, map[string]int64{key: by}, time.Hour)
		refused(c.t, "an addition beyond the "+key, err, stores.ErrConflict)
	}
	same(c.t, "sums after refused additions", map[string]int64{"max": math.MaxInt64 - 1, "min": math.MinInt64 + 1},
		c.add(time.Hour, map[string]int64{"max": -1, "min": 1}))
	same(c.t, "sum of both extremes", map[string]int64{"max": -2}, c.add(time.Hour, map[string]int64{"max": math.MinInt64}))
}

// testCacheIncrementRace wants every sum to be given to exactly one of many callers.
func testCacheIncrementRace(c shelf) {
	const each = 50
	var mu sync.Mutex
	given := map[int64]int{}
	for _, err := range race(func(int) error {
		for range each {
			sums, err := c.Increment(c.ctx(), c.scope, map[string]int64{"counter": 1}, time.Hour)
			if err != nil {
				return errors.New("an addition of unknown outcome: " + err.Error()) // not to be made again
			}
			mu.Lock()
			given[sums["counter"]]++
			mu.Unlock()
		}
		return nil
	}) {
		noError(c.t, err)
	}
	for n := int64(1); n <= writers*each; n++ {
		if given[n] != 1 {
			c.t.Fatalf("sum %d was given to %d callers, want one", n, given[n])
		}
	}
	same(c.t, "sums", writers*each, len(given))
}
