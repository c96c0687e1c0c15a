package redis_test

import (
	"context"
	"testing"

	"thalamus/stores"
	"thalamus/stores/redis"
	"thalamus/stores/storestest"
	"thalamus/stores/storestest/servers"
)

func TestFaults(t *testing.T) {
	storestest.Faults(t, stores.RoleCache, servers.Redis, func(ctx context.Context, url string) (*stores.Set, error) {
		db, err := redis.Open(ctx, url)
		if err != nil {
			return nil, err
		}
		return setOf(db), nil
	})
}
