package storestest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"thalamus/stores"
)

// Cache asks whether a backend keeps the contract of [stores.Cache].
func Cache(t *testing.T, open func(testing.TB) *stores.Set) {
	s := suite{t, open(t)}
	run := func(name string, fn func(shelf)) {
		s.run(name, func(w *world) { fn(shelf{w, w.set.Cache}) })
	}
	run("RoundTrip", testCacheRoundTrip)
	run("Overwrite", testCacheOverwrite)
	run("Expiry", testCacheExpiry)
	run("OverwriteResetsTTL", testCacheOverwriteResetsTTL)
	run("Delete", testCacheDelete)
	run("Refusals", testCacheRefusals)
	run("Batches", testCacheBatches)
	run("Copies", testCacheCopies)
	run("Scopes", testCacheScopes)
	run("Race", testCacheRace)
	run("SetIf", testCacheSetIf)
	run("SetIfAfterExpiry", testCacheSetIfAfterExpiry)
	run("SetIfRace", testCacheSetIfRace)
	run("TTL", testCacheTTL)
	run("Expire", testCacheExpire)
	run("Increment", testCacheIncrement)
	run("IncrementTTL", testCacheIncrementTTL)
	run("IncrementLimits", testCacheIncrementLimits)
	run("IncrementRace", testCacheIncrementRace)
	run("Clear", testCacheClear)
	run("Interrupted", func(c shelf) {
		c.keep("key", "value")
		interrupted(c.world, c.calls(), func() any { return c.get("key", "fresh") })
	})
	closed(t, open, func(w *world) []call { return shelf{w, w.set.Cache}.calls() })
}

// shelf is a cache in a world.
type shelf struct {
	*world
	stores.Cache
}

func (c shelf) at(s stores.Scope) shelf { return shelf{c.in(s), c.Cache} }

func (c shelf) get(keys ...string) map[string][]byte {
	c.t.Helper()
	got, err := c.Get(c.ctx(), c.scope, keys)
	noError(c.t, err)
	return got
}

func (c shelf) set(values map[string][]byte, ttl time.Duration) {
	c.t.Helper()
	noError(c.t, c.Set(c.ctx(), c.scope, values, ttl))
}

// keep stores one text for longer than a test runs.
func (c shelf) keep(key, value string) {
	c.t.Helper()
	c.set(map[string][]byte{key: []byte(value)}, time.Hour)
}

// holds wants a key to be there with a value.
func (c shelf) holds(what, key, value string) {
	c.t.Helper()
	got, there := c.get(key)[key]
	if !there || string(got) != value {
		c.t.Errorf("%s: got %q (there: %v), want %q", what, got, there, value)
	}
}

// gone waits until a key has expired, and fails when it does not.
func (c shelf) gone(key string) {
	c.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if _, there := c.get(key)[key]; !there {
			return
		}
	}
	c.t.Fatalf("%q never expires", key)
}

func (c shelf) calls() []call {
	fresh := map[string][]byte{"key": []byte("changed"), "fresh": nil}
	keys := []string{"key"}
	return []call{
		{"Get", ask(func(ctx context.Context) (map[string][]byte, error) { return c.Get(ctx, c.scope, keys) })},
		{"Set", func(ctx context.Context) error { return c.Set(ctx, c.scope, fresh, time.Hour) }},
		{"SetIf absent", ask(func(ctx context.Context) (map[string]bool, error) {
			return c.SetIf(ctx, c.scope, stores.IfAbsent, fresh, time.Hour)
		})},
		{"SetIf present", ask(func(ctx context.Context) (map[string]bool, error) {
			return c.SetIf(ctx, c.scope, stores.IfPresent, fresh, time.Hour)
		})},
		{"Delete", ask(func(ctx context.Context) (int, error) { return c.Delete(ctx, c.scope, keys) })},
		{"TTL", ask(func(ctx context.Context) (map[string]time.Duration, error) { return c.TTL(ctx, c.scope, keys) })},
		{"Expire", ask(func(ctx context.Context) (int, error) { return c.Expire(ctx, c.scope, keys, time.Millisecond) })},
		{"Increment", ask(func(ctx context.Context) (map[string]int64, error) {
			return c.Increment(ctx, c.scope, map[string]int64{"fresh": 1}, time.Hour)
		})},
		{"Clear", ask(func(ctx context.Context) (int, error) { return c.Clear(ctx, c.scope) })},
	}
}

func testCacheRoundTrip(c shelf) {
	values := map[string][]byte{
		"binary": {0, 1, 2, 0xff, 0xfe, 0, '\r', '\n'}, "empty": {}, "large": bytes.Repeat([]byte{0, 0xab}, 1<<19),
		strings.Repeat("k", 512): []byte("longest key"), strings.Repeat("é", 256): []byte("longest key in bytes"),
		"Key": []byte("upper"), "key": []byte("lower"), "key ": []byte("blank"), " ": []byte("only a blank"), "a\x00b\xff": []byte("any bytes"),
	}
	for _, s := range hostile {
		values[s] = []byte(s)
	}
	c.set(values, time.Hour)
	keys := []string{"absent", "KEY", "ke", "key", "k*", "[a-z]"}
	for key := range values {
		keys = append(keys, key)
	}
	got := c.get(keys...)
	for key, want := range values {
		if value, there := got[key]; !there || !bytes.Equal(want, value) {
			c.t.Errorf("key %.40q: got %.40q (there: %v), want %.40q", key, value, there, want)
		}
		delete(got, key)
	}
	same(c.t, "keys that nobody set", 0, len(got))
}

func testCacheOverwrite(c shelf) {
	c.keep("key", "a long first value")
	c.keep("key", "second")
	c.holds("overwritten", "key", "second")
	c.keep("key", "")
	c.holds("overwritten by nothing", "key", "")
}

func testCacheExpiry(c shelf) {
	c.keep("stays", "value")
	c.set(map[string][]byte{"goes": []byte("value"), "goes too": []byte("value")}, time.Second)
	c.holds("before it expires", "goes", "value")
	c.gone("goes")
	c.gone("goes too")
	c.holds("with a longer time to live", "stays", "value")
	n, err := c.Delete(c.ctx(), c.scope, []string{"goes", "stays"})
	noError(c.t, err)
	same(c.t, "keys deleted after one expired", 1, n)
	c.keep("goes", "again")
	c.holds("set again after it expired", "goes", "again")
}

// testCacheOverwriteResetsTTL tells by a witness, set last for the same short time, when that time is over.
func testCacheOverwriteResetsTTL(c shelf) {
	c.set(map[string][]byte{"longer": []byte("old")}, time.Second)
	c.keep("longer", "new")
	c.keep("shorter", "old")
	c.set(map[string][]byte{"shorter": []byte("new"), "witness": nil}, time.Second)
	c.gone("witness")
	c.gone("shorter")
	c.holds("overwritten with a longer time to live", "longer", "new")
}

func testCacheDelete(c shelf) {
	c.keep("a", "1")
	c.keep("b", "2")
	c.keep("empty", "")
	c.keep("stays", "3")
	for _, want := range []int{3, 0} {
		n, err := c.Delete(c.ctx(), c.scope, []string{"a", "absent", "b", "a", "empty", "s*"})
		noError(c.t, err)
		same(c.t, "keys deleted", want, n)
	}
	same(c.t, "keys left", 0, len(c.get("a", "b", "empty")))
	c.holds("not deleted", "stays", "3")
}

func testCacheRefusals(c shelf) {
	c.keep("key", "value")
	writes := func(key string, ttl time.Duration) []call {
		values, keys := map[string][]byte{"key": []byte("changed"), "other": nil, key: nil}, []string{"key", key}
		return []call{
			{"Set", func(ctx context.Context) error { return c.Set(ctx, c.scope, values, ttl) }},
			{"SetIf", ask(func(ctx context.Context) (map[string]bool, error) {
				return c.SetIf(ctx, c.scope, stores.IfPresent, values, ttl)
			})},
			{"Expire", ask(func(ctx context.Context) (int, error) { return c.Expire(ctx, c.scope, keys, ttl) })},
			{"Increment", ask(func(ctx context.Context) (map[string]int64, error) {
				return c.Increment(ctx, c.scope, map[string]int64{"other": 1, key: 1}, ttl)
			})},
		}
	}
	for _, ttl := range []time.Duration{0, -1, -time.Hour} {
		for _, w := range writes("other", ttl) {
			refused(c.t, fmt.Sprintf("%s with a time to live of %v", w.name, ttl), w.do(c.ctx()), stores.ErrInvalid)
		}
	}
	for what, key := range unfit {
		reads := []call{
			{"Get", ask(func(ctx context.Context) (map[string][]byte, error) { return c.Get(ctx, c.scope, []string{"key", key}) })},
			{"TTL", ask(func(ctx context.Context) (map[string]time.Duration, error) {
				return c.TTL(ctx, c.scope, []string{"key", key})
			})},
			{"Delete", ask(func(ctx context.Context) (int, error) { return c.Delete(ctx, c.scope, []string{"key", key}) })},
		}
		for _, w := range append(reads, writes(key, time.Hour)...) {
			refused(c.t, w.name+" with "+what, w.do(c.ctx()), stores.ErrInvalid)
		}
	}
	for _, when := range []stores.Presence{"", "absent", "NX"} {
		_, err := c.SetIf(c.ctx(), c.scope, when, map[string][]byte{"key": []byte("changed"), "other": nil}, time.Hour)
		refused(c.t, fmt.Sprintf("SetIf %q", when), err, stores.ErrInvalid)
	}
	c.holds("after refused calls", "key", "value")
	same(c.t, "other keys of refused calls", 0, len(c.get("other")))
}

// unfit are what can be neither a key, nor the name of a lock, nor a topic.
var unfit = map[string]string{
	"nothing": "", "513 bytes": strings.Repeat("k", 513), "514 bytes": strings.Repeat("é", 257),
}

func testCacheBatches(c shelf) {
	c.set(nil, time.Hour)
	same(c.t, "values of no keys", 0, len(c.get()))
	n, err := c.Delete(c.ctx(), c.scope, nil)
	noError(c.t, err)
	same(c.t, "no keys deleted", 0, n)
	n, err = c.Expire(c.ctx(), c.scope, nil, time.Hour)
	noError(c.t, err)
	same(c.t, "no keys given time", 0, n)
	set, err := c.SetIf(c.ctx(), c.scope, stores.IfAbsent, nil, time.Hour)
	noError(c.t, err)
	sums, err := c.Increment(c.ctx(), c.scope, nil, time.Hour)
	noError(c.t, err)
	same(c.t, "answers about no keys", 0, len(set)+len(sums)+len(c.left()))

	values, keys := map[string][]byte{}, []string{}
	for i := range 2500 {
		key := fmt.Sprint("key ", i)
		values[key] = []byte(key)
		keys = append(keys, key, key, fmt.Sprint("absent ", i))
	}
	c.set(values, time.Hour)
	same(c.t, "values of many keys", values, c.get(keys...))
	n, err = c.Delete(c.ctx(), c.scope, keys)
	noError(c.t, err)
	same(c.t, "many keys deleted", len(values), n)
}

// testCacheCopies changes the bytes it gave and got: what is kept must not follow.
func testCacheCopies(c shelf) {
	given := []byte("value")
	values := map[string][]byte{"key": given}
	c.set(values, time.Hour)
	copy(given, "XXXXX")
	delete(values, "key")
	c.holds("after the given bytes changed", "key", "value")
	copy(c.get("key")["key"], "YYYYY")
	c.holds("after the bytes it gave changed", "key", "value")
}

func testCacheScopes(c shelf) {
	scopes := lookalikes()
	for i, s := range scopes {
		one := c.at(s)
		same(c.t, "values of other scopes seen in "+s.Key(), 0, len(one.get("key")))
		one.keep("key", fmt.Sprint(i))
	}
	for i, s := range scopes {
		c.at(s).holds("value of scope "+s.Key(), "key", fmt.Sprint(i))
	}
	n, err := c.Delete(c.ctx(), scopes[0], []string{"key"})
	noError(c.t, err)
	same(c.t, "keys deleted in one scope", 1, n)
	for i, s := range scopes[1:] {
		c.at(s).holds("after a delete in another scope", "key", fmt.Sprint(i+1))
	}
}

// testCacheRace has many readers and writers at one key: every value read is one that was written, whole.
func testCacheRace(c shelf) {
	value := func(i int) []byte { return bytes.Repeat([]byte{byte('a' + i)}, 1000) }
	c.keep("key", string(value(0)))
	noError(c.t, errors.Join(race(func(i int) error {
		for range 50 {
			if err := c.Set(c.ctx(), c.scope, map[string][]byte{"key": value(i)}, time.Hour); err != nil {
				return err
			}
			got, err := c.Get(c.ctx(), c.scope, []string{"key"})
			if err != nil {
				return err
			}
			if v := got["key"]; len(v) != 1000 || !bytes.Equal(v, bytes.Repeat(v[:1], 1000)) {
				return fmt.Errorf("read %d bytes that nobody wrote: %.40q", len(v), v)
			}
		}
		return nil
	})...))
}
