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

func (d cache) Delete(ctx context.Context, s stores.Scope, keys []string) (int, error) {
	return call2(ctx, d.gate.write("cache.delete", len(keys)), affected, d.next.Delete, s, keys)
}
