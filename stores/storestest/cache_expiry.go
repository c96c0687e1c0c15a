package storestest

import (
	"fmt"
	"math"
	"time"

	"thalamus/stores"
)

func (c shelf) setIf(when stores.Presence, values map[string][]byte, ttl time.Duration) map[string]bool {
	c.t.Helper()
	set, err := c.SetIf(c.ctx(), c.scope, when, values, ttl)
	noError(c.t, err)
	return set
}

func (c shelf) left(keys ...string) map[string]time.Duration {
	c.t.Helper()
	left, err := c.TTL(c.ctx(), c.scope, keys)
	noError(c.t, err)
	return left
}

// lives wants a key to have between half of ttl and ttl left: no test takes half an hour.
func (c shelf) lives(what, key string, ttl time.Duration) {
	c.t.Helper()
	left, there := c.left(key)[key]
	if !there || left > ttl || left < ttl/2 {
		c.t.Errorf("%s: %v left (there: %v), want nearly %v", what, left, there, ttl)
	}
}

func (c shelf) expire(ttl time.Duration, keys ...string) int {
	c.t.Helper()
	n, err := c.Expire(c.ctx(), c.scope, keys, ttl)
	noError(c.t, err)
	return n
}

func testCacheSetIf(c shelf) {
	c.keep("there", "old")
	c.keep("empty", "")
	values := map[string][]byte{"there": []byte("new"), "empty": []byte("new"), "fresh": []byte("new")}
	same(c.t, "keys set if absent", map[string]bool{"fresh": true}, c.setIf(stores.IfAbsent, values, 2*time.Hour))
	same(c.t, "values", map[string][]byte{"there": []byte("old"), "empty": {}, "fresh": []byte("new")}, c.get("there", "empty", "fresh"))
	c.lives("set if absent", "fresh", 2*time.Hour)
	c.lives("not set, since it was there", "there", time.Hour)

	values = map[string][]byte{"there": []byte("newer"), "empty": nil, "fresh": []byte("newer"), "absent": []byte("newer")}
	same(c.t, "keys set if present", map[string]bool{"there": true, "empty": true, "fresh": true}, c.setIf(stores.IfPresent, values, 3*time.Hour))
	same(c.t, "values", map[string][]byte{"there": []byte("newer"), "empty": {}, "fresh": []byte("newer")}, c.get("there", "empty", "fresh", "absent"))
	c.lives("set if present", "there", 3*time.Hour)

	other := c.at(newScope())
	same(c.t, "keys set if absent in another scope", map[string]bool{"there": true}, other.setIf(stores.IfAbsent, map[string][]byte{"there": []byte("other")}, time.Hour))
	c.holds("after another scope set it", "there", "newer")
	same(c.t, "keys set if present only in another scope", 0, len(c.at(newScope()).setIf(stores.IfPresent, values, time.Hour)))
}

// testCacheSetIfAfterExpiry: what has expired is absent, to conditions too.
func testCacheSetIfAfterExpiry(c shelf) {
	c.set(map[string][]byte{"a": nil, "b": nil, "witness": nil}, 500*time.Millisecond)
	c.gone("witness")
	c.gone("a")
	c.gone("b")
	same(c.t, "expired keys set if present", 0, len(c.setIf(stores.IfPresent, map[string][]byte{"a": nil}, time.Hour)))
	same(c.t, "expired keys set if absent", map[string]bool{"b": true}, c.setIf(stores.IfAbsent, map[string][]byte{"b": nil}, time.Hour))
}

func testCacheSetIfRace(c shelf) {
	for round := range 20 {
		key := fmt.Sprint("key ", round)
		errs := race(func(i int) error {
			set, err := c.SetIf(c.ctx(), c.scope, stores.IfAbsent, map[string][]byte{key: fmt.Append(nil, i)}, time.Hour)
			if err == nil && !set[key] {
				return stores.ErrConflict
			}
			return err
		})
		oneWinner(c.t, errs, stores.ErrConflict)
		for i, err := range errs {
			if err == nil {
				c.holds("the winner's value", key, fmt.Sprint(i))
			}
		}
	}
}

func testCacheTTL(c shelf) {
	c.keep("hour", "value")
	c.set(map[string][]byte{"day": nil}, 24*time.Hour)
	c.set(map[string][]byte{"ever": nil}, math.MaxInt64)
	c.set(map[string][]byte{"moment": nil}, time.Nanosecond)
	c.gone("moment")
	c.lives("set", "hour", time.Hour)
	c.lives("set", "day", 24*time.Hour)
	c.lives("set", "ever", math.MaxInt64)
	same(c.t, "keys that have time left", 2, len(c.left("hour", "day", "hour", "moment", "absent")))
	same(c.t, "keys of another scope that have time left", 0, len(c.at(newScope()).left("hour")))
	c.keep("day", "value")
	c.lives("overwritten with less time", "day", time.Hour)
	same(c.t, "keys given more than a lifetime", 1, c.expire(math.MaxInt64, "hour"))
	c.holds("given more than a lifetime", "hour", "value")
}

func testCacheExpire(c shelf) {
	c.keep("longer", "value")
	c.keep("shorter", "value")
	same(c.t, "keys given time", 1, c.expire(24*time.Hour, "longer", "absent", "longer"))
	c.lives("given more time", "longer", 24*time.Hour)
	c.holds("given more time", "longer", "value")
	same(c.t, "keys given time in another scope", 0, c.at(newScope()).expire(time.Millisecond, "longer"))

	same(c.t, "keys given less time", 1, c.expire(100*time.Millisecond, "shorter"))
	c.gone("shorter")
	same(c.t, "keys given time after they expired", 0, c.expire(time.Hour, "shorter"))
	same(c.t, "keys that came back", 0, len(c.get("shorter", "absent")))
	c.holds("given more time", "longer", "value")
}

func testCacheClear(c shelf) {
	scopes := lookalikes()
	for i, s := range scopes {
		one := c.at(s)
		_, err := one.Clear(c.ctx(), s) // of what an earlier run left on a server that stays
		noError(c.t, err)
		one.set(map[string][]byte{"key": fmt.Append(nil, i), "k/*": nil}, time.Hour)
	}
	for _, want := range []int{2, 0} {
		n, err := c.Clear(c.ctx(), scopes[0])
		noError(c.t, err)
		same(c.t, "keys cleared", want, n)
	}
	same(c.t, "keys left", 0, len(c.at(scopes[0]).get("key", "k/*")))
	for i, s := range scopes[1:] {
		c.at(s).holds("after another scope was cleared", "key", fmt.Sprint(i+1))
	}

	values := map[string][]byte{}
	for i := range 2500 {
		values[fmt.Sprint("key ", i)] = nil
	}
	c.set(values, time.Hour)
	n, err := c.Clear(c.ctx(), c.scope)
	noError(c.t, err)
	same(c.t, "many keys cleared", len(values), n)
	c.keep("key 1", "again")
	c.holds("set after it was cleared", "key 1", "again")
}
