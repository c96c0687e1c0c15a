package redis

import (
	"context"
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	driver "github.com/redis/go-redis/v9"

	"thalamus/stores"
)

// cache keeps every value as a string with an expiry, under prefix, "cache:", the scope, "/" and the key. In a cluster
// the keys of a scope are spread over all servers.
type cache struct{ *DB }

var _ stores.Cache = cache{}

func (c cache) key(s stores.Scope, key string) string { return c.scopeKey(s) + key }

func (c cache) scopeKey(s stores.Scope) string { return c.prefix + "cache:" + s.Key() + "/" }

// milliseconds rounds up: Redis counts no less.
func milliseconds(ttl time.Duration) int64 {
	n := ttl.Milliseconds()
	if ttl%time.Millisecond > 0 {
		n++
	}
	return n
}

// check is what calls with nothing to do have to fail with, too.
func (c cache) check(ctx context.Context, keys iter.Seq[string]) error {
	if c.life.Err() != nil {
		return stores.Unavailable(Name, driver.ErrClosed)
	}
	if err := ended(ctx); err != nil {
		return err
	}
	return stores.CheckKeys("key", keys)
}

func (c cache) checkWrite(ctx context.Context, keys iter.Seq[string], ttl time.Duration) error {
	if err := c.check(ctx, keys); err != nil {
		return err
	}
	return stores.CheckTTL(ttl)
}

// perKey sends one command for each key and hands its answer to take; a missing value is nil.
func perKey[K any](ctx context.Context, c cache, keys []K, ask func(context.Context, K) request, take func(K, any)) error {
	answers, err := exchange(ctx, c.DB, func(ctx context.Context) ([]request, error) {
		commands := make([]request, len(keys))
		for i, key := range keys {
			commands[i] = ask(ctx, key)
		}
		return commands, c.batch(ctx, commands, nil)
	})
	if err != nil {
		return err
	}
	for i, key := range keys {
		take(key, answers[i].Val())
	}
	return nil
}

// distinct leaves out repetitions.
func distinct(keys []string) []string {
	keys = slices.Sorted(slices.Values(keys))
	return slices.Compact(keys)
}

// Get reads many keys at once from one server; in a cluster each server gets its share.
func (c cache) Get(ctx context.Context, s stores.Scope, keys []string) (map[string][]byte, error) {
	if err := c.check(ctx, slices.Values(keys)); err != nil {
		return nil, err
	}
	found := make(map[string][]byte, len(keys))
	keys = distinct(keys)
	take := func(key string, answer any) {
		if value, ok := answer.(string); ok {
			found[key] = []byte(value)
		}
	}
	if c.form == cluster {
		return found, perKey(ctx, c, keys, func(ctx context.Context, key string) request {
			return command(ctx, "get", c.key(s, key))
		}, take)
	}
	if len(keys) == 0 {
		return found, nil
	}
	answers, err := exchange(ctx, c.DB, func(ctx context.Context) ([]any, error) {
		args := []any{"mget"}
		for _, key := range keys {
			args = append(args, c.key(s, key))
		}
		get := command(ctx, args...)
		err := c.client.Process(ctx, get)
		answers, _ := get.Val().([]any)
		return answers, err
	})
	if err != nil {
		return nil, err
	}
	for i, answer := range answers {
		take(keys[i], answer)
	}
	return found, nil
}

// pair is a key with its value. The value is a copy, for it may still be sent when the caller has it back.
type pair struct{ key, value string }

func pairs(values map[string][]byte) []pair {
	all := make([]pair, 0, len(values))
	for key, value := range values {
		all = append(all, pair{key, string(value)})
	}
	return all
}

// Set stores every value with its expiry.
func (c cache) Set(ctx context.Context, s stores.Scope, values map[string][]byte, ttl time.Duration) error {
	if err := c.checkWrite(ctx, maps.Keys(values), ttl); err != nil {
		return err
	}
	return perKey(ctx, c, pairs(values), func(ctx context.Context, p pair) request {
		return command(ctx, "set", c.key(s, p.key), p.value, "px", milliseconds(ttl))
	}, func(pair, any) {})
}

// SetIf leaves the decision to the server.
func (c cache) SetIf(ctx context.Context, s stores.Scope, when stores.Presence, values map[string][]byte, ttl time.Duration) (map[string]bool, error) {
	if err := c.checkWrite(ctx, maps.Keys(values), ttl); err != nil {
		return nil, err
	}
	if err := when.Validate(); err != nil {
		return nil, err
	}
	condition := map[stores.Presence]string{stores.IfAbsent: "nx", stores.IfPresent: "xx"}[when]
	set := make(map[string]bool, len(values))
	err := perKey(ctx, c, pairs(values), func(ctx context.Context, p pair) request {
		return command(ctx, "set", c.key(s, p.key), p.value, "px", milliseconds(ttl), condition)
	}, func(p pair, answer any) {
		if answer != nil {
			set[p.key] = true
		}
	})
	if err != nil {
		return nil, err
	}
	return set, nil
}

// Delete lets the server free the memory in its own time.
func (c cache) Delete(ctx context.Context, s stores.Scope, keys []string) (int, error) {
	if err := c.check(ctx, slices.Values(keys)); err != nil {
		return 0, err
	}
	return c.count(ctx, keys, func(ctx context.Context, key string) request {
		return command(ctx, "unlink", c.key(s, key))
	})
}

// count adds up the answers about distinct keys.
func (c cache) count(ctx context.Context, keys []string, ask func(context.Context, string) request) (int, error) {
	n := int64(0)
	err := perKey(ctx, c, distinct(keys), ask, func(_ string, answer any) {
		one, _ := answer.(int64)
		n += one
	})
	if err != nil {
		return 0, err
	}
	return int(n), nil
}

// TTL reads the expiries.
func (c cache) TTL(ctx context.Context, s stores.Scope, keys []string) (map[string]time.Duration, error) {
	if err := c.check(ctx, slices.Values(keys)); err != nil {
		return nil, err
	}
	left := make(map[string]time.Duration, len(keys))
	err := perKey(ctx, c, distinct(keys), func(ctx context.Context, key string) request {
		return command(ctx, "pttl", c.key(s, key))
	}, func(key string, answer any) {
		if n, ok := answer.(int64); ok && n != -2 {
			left[key] = lifetime(n)
		}
	})
	if err != nil {
		return nil, err
	}
	return left, nil
}

// lifetime is what PTTL says: milliseconds, or -1 for ever, which is longer than a duration can be.
func lifetime(n int64) time.Duration {
	if n < 0 || n > math.MaxInt64/int64(time.Millisecond) {
		return math.MaxInt64
	}
	return max(time.Duration(n)*time.Millisecond, 1)
}

// Expire gives new expiries.
func (c cache) Expire(ctx context.Context, s stores.Scope, keys []string, ttl time.Duration) (int, error) {
	if err := c.checkWrite(ctx, slices.Values(keys), ttl); err != nil {
		return 0, err
	}
	return c.count(ctx, keys, func(ctx context.Context, key string) request {
		return command(ctx, "pexpire", c.key(s, key), milliseconds(ttl))
	})
}
