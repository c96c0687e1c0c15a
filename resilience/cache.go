package resilience

import (
	"context"
	"time"

	"thalamus/stores"
)

type cache struct {
	next stores.Cache
	gate gate
}

var _ stores.Cache = cache{}

func (d cache) Get(ctx context.Context, s stores.Scope, keys []string) (map[string][]byte, error) {
	return call2(ctx, d.gate.read("cache.get", len(keys)), keyed, d.next.Get, s, keys)
}

func (d cache) Set(ctx context.Context, s stores.Scope, values map[string][]byte, ttl time.Duration) error {
	return do3(ctx, d.gate.write("cache.set", len(values)), d.next.Set, s, values, ttl)
}

func (d cache) SetIf(ctx context.Context, s stores.Scope, when stores.Presence, values map[string][]byte, ttl time.Duration) (map[string]bool, error) {
	return call4(ctx, d.gate.once("cache.setIf", len(values)), keyed, d.next.SetIf, s, when, values, ttl)
}

func (d cache) Delete(ctx context.Context, s stores.Scope, keys []string) (int, error) {
	return call2(ctx, d.gate.write("cache.delete", len(keys)), affected, d.next.Delete, s, keys)
}

func (d cache) TTL(ctx context.Context, s stores.Scope, keys []string) (map[string]time.Duration, error) {
	return call2(ctx, d.gate.read("cache.ttl", len(keys)), keyed, d.next.TTL, s, keys)
}

func (d cache) Expire(ctx context.Context, s stores.Scope, keys []string, ttl time.Duration) (int, error) {
	return call3(ctx, d.gate.write("cache.expire", len(keys)), affected, d.next.Expire, s, keys, ttl)
}

func (d cache) Increment(ctx context.Context, s stores.Scope, by map[string]int64, ttl time.Duration) (map[string]int64, error) {
	return call3(ctx, d.gate.once("cache.increment", len(by)), keyed, d.next.Increment, s, by, ttl)
}

func (d cache) Clear(ctx context.Context, s stores.Scope) (int, error) {
	return call(ctx, d.gate.write("cache.clear", 0), affected, func(ctx context.Context) (int, error) { return d.next.Clear(ctx, s) })
}
