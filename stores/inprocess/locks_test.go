package inprocess_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"thalamus/stores"
	"thalamus/stores/inprocess"
)

// TestLocksEndOnTime uses a clock that nothing but waiting moves.
func TestLocksEndOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := inprocess.New(0)
		defer func() { _ = c.Close() }()
		locks, ctx, began := c.Locks(), t.Context(), time.Now()
		at := func(what string, want time.Duration) {
			t.Helper()
			if got := time.Since(began); got != want {
				t.Errorf("%s after %s, want %s", what, got, want)
			}
		}
		first, err := locks.Acquire(ctx, "door", time.Minute, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := locks.Acquire(ctx, "door", time.Minute, 10*time.Second); !errors.Is(err, stores.ErrConflict) {
			t.Errorf("the lock is held, but: %v", err)
		}
		at("gave up", 10*time.Second)
		if first, err = locks.Renew(ctx, first, time.Minute); err != nil {
			t.Fatal(err)
		}
		if want := began.Add(70 * time.Second); !first.Until.Equal(want) {
			t.Errorf("renewed until %v, want %v", first.Until, want)
		}
		second, err := locks.Acquire(ctx, "door", time.Minute, time.Hour)
		if err != nil || second.Fence <= first.Fence {
			t.Errorf("fence %d follows %d; %v", second.Fence, first.Fence, err)
		}
		at("taken", 70*time.Second)

		time.Sleep(time.Minute)
		if _, err := locks.Renew(ctx, second, time.Minute); !errors.Is(err, stores.ErrConflict) {
			t.Errorf("renewing at the moment it ends: %v", err)
		}
		if held, err := locks.Release(ctx, second); held || err != nil {
			t.Errorf("release at the moment it ends: %v, %v", held, err)
		}
	})
}

func TestCountersEndOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := inprocess.New(0)
		defer func() { _ = c.Close() }()
		for i, step := range []struct {
			sleep time.Duration
			want  int64
		}{{0, 1}, {30 * time.Second, 2}, {29 * time.Second, 3}, {2 * time.Second, 1}} {
			time.Sleep(step.sleep)
			sums, err := c.Increment(t.Context(), scope, map[string]int64{"n": 1}, time.Minute)
			if err != nil || sums["n"] != step.want {
				t.Errorf("step %d: %v, %v, want %d", i, sums, err, step.want)
			}
		}
	})
}

// TestTooLargeValueIsNotSetOnCondition: what was there stays, since it was not set.
func TestTooLargeValueIsNotSetOnCondition(t *testing.T) {
	c := open(t, 100_000)
	set(t, c, scope, values{"k": []byte("old")}, time.Hour)
	for when, key := range map[stores.Presence]string{stores.IfPresent: "k", stores.IfAbsent: "new"} {
		done, err := c.SetIf(t.Context(), scope, when, values{key: make([]byte, 100_001)}, time.Hour)
		if err != nil || len(done) != 0 {
			t.Errorf("%s: %v, %v", when, done, err)
		}
	}
	wantGet(t, c, scope, []string{"k", "new"}, values{"k": []byte("old")})
}
