package redis_test

import (
	"fmt"
	"testing"
	"time"

	"thalamus/stores"
	"thalamus/stores/storestest"
)

func BenchmarkGet(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("keys=%d", n), func(b *testing.B) {
			c, all, keys := open(b, storestest.Server(b, stores.RoleCache)).Cache(), values{}, []string{}
			for i := range n {
				keys = append(keys, fmt.Sprint("key ", i))
				all[keys[i]] = make([]byte, 4096) // a vector of 1024 dimensions
			}
			set(b, c, all)
			for b.Loop() {
				if got, err := c.Get(b.Context(), scope, keys); err != nil || len(got) != n {
					b.Fatal(len(got), err)
				}
			}
		})
	}
}

func BenchmarkGetParallel(b *testing.B) {
	c := open(b, storestest.Server(b, stores.RoleCache)).Cache()
	set(b, c, values{"k": []byte("v")})
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.Get(b.Context(), scope, []string{"k"}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkIncrement(b *testing.B) {
	c := open(b, storestest.Server(b, stores.RoleCache)).Cache()
	for b.Loop() {
		if _, err := c.Increment(b.Context(), scope, map[string]int64{"n": 1}, time.Minute); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLock(b *testing.B) {
	locks, ctx := open(b, storestest.Server(b, stores.RoleCache)).Locks(), b.Context()
	for b.Loop() {
		l, err := locks.Acquire(ctx, "bench", time.Minute, 0)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := locks.Release(ctx, l); err != nil {
			b.Fatal(err)
		}
	}
}
