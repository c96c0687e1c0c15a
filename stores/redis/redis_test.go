package redis_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"thalamus/stores"
	"thalamus/stores/redis"
	"thalamus/stores/storestest"
)

var scope = stores.NewScope("ada", "", "")

type values = map[string][]byte

func set(t testing.TB, c stores.Cache, v values) {
	t.Helper()
	if err := c.Set(t.Context(), scope, v, time.Hour); err != nil {
		t.Fatal(err)
	}
}

// TestKeys shows what operators see, and what rights of a user must cover.
func TestKeys(t *testing.T) {
	s := start(t, "--save", "")
	db := open(t, "redis://"+s.addr()+"?prefix=test:")
	set(t, db.Cache(), values{"k/1": []byte("v")})
	lock, err := db.Locks().Acquire(t.Context(), "a {b}", time.Hour, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Bus().Subscribe(t.Context(), []string{"news"}); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"test:cache:ada/default/default/k/1": "v",
		"test:lock:{a%20%7Bb%7D}":            lock.Token,
		"test:fence:{a%20%7Bb%7D}":           fmt.Sprint(lock.Fence),
	} {
		if got := s.says("get", key); got != want {
			t.Errorf("%s holds %q, want %q", key, got, want)
		}
		if s.says("pttl", key) == "-1" {
			t.Errorf("%s never expires", key)
		}
	}
	if got := s.says("pubsub", "channels"); got != "[test:bus:0:news]" {
		t.Errorf("channels = %s", got)
	}
}

// TestDeploymentsAreApart: prefixes and databases divide one server.
func TestDeploymentsAreApart(t *testing.T) {
	s := start(t, "--save", "")
	ctx := t.Context()
	var all []*redis.DB
	for _, rest := range []string{"/0", "/1", "/0?prefix=other:", "/0?prefix=other:*"} {
		all = append(all, open(t, "redis://"+s.addr()+rest))
	}
	var messages []<-chan stores.Message
	for i, db := range all {
		set(t, db.Cache(), values{"k": fmt.Append(nil, i)})
		if _, err := db.Locks().Acquire(ctx, "door", time.Hour, 0); err != nil {
			t.Errorf("%d: %v", i, err)
		}
		m, err := db.Bus().Subscribe(ctx, []string{"news"})
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, m)
	}
	for i, db := range all {
		if err := db.Bus().Publish(ctx, "news", fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
		if m := <-messages[i]; string(m.Payload) != fmt.Sprint(i) {
			t.Errorf("%d was told %q", i, m.Payload)
		}
	}
	if n, err := all[3].Cache().Clear(ctx, scope); n != 1 || err != nil {
		t.Errorf("cleared %d, %v; want the one key of this prefix", n, err)
	}
	for i, db := range all[:3] {
		if got, err := db.Cache().Get(ctx, scope, []string{"k"}); err != nil || string(got["k"]) != fmt.Sprint(i) {
			t.Errorf("%d holds %q, %v", i, got["k"], err)
		}
	}
}

func TestScriptsForgotten(t *testing.T) {
	s := start(t, "--save", "")
	db := open(t, "redis://"+s.addr())
	locks, ctx := db.Locks(), t.Context()
	var lock stores.Lock
	for what, call := range map[string]func() error{
		"Acquire": func() (err error) { lock, err = locks.Acquire(ctx, "door", time.Hour, 0); return err },
		"Increment": func() error {
			sums, err := db.Cache().Increment(ctx, scope, map[string]int64{"a": 1, "b": 2}, time.Hour)
			return errors.Join(err, wantSums(sums, 1, 2))
		},
	} {
		s.says("script", "flush")
		if err := call(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	s.says("script", "flush")
	if _, err := locks.Renew(ctx, lock, time.Hour); err != nil {
		t.Error(err)
	}
	s.says("script", "flush")
	if held, err := locks.Release(ctx, lock); !held || err != nil {
		t.Error(held, err)
	}
}

func wantSums(sums map[string]int64, a, b int64) error {
	if sums["a"] != a || sums["b"] != b {
		return fmt.Errorf("sums = %v", sums)
	}
	return nil
}

func TestFacts(t *testing.T) {
	db := open(t, storestest.Server(t, stores.RoleCache)+"?pool=3")
	facts, err := db.Facts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if facts.Product == "" || facts.Version == "" || !strings.Contains(facts.Schema, "keys thalamus:*") {
		t.Errorf("facts = %+v", facts)
	}
	if off := time.Since(facts.Clock).Abs(); off > time.Hour || facts.Clock.Location() != time.UTC {
		t.Errorf("clock = %v", facts.Clock)
	}
	if p := facts.Pool; p.Limit != 3 || p.Open < 1 || p.Taken < 2 || p.InUse > 3 || p.Refused != 0 {
		t.Errorf("pool = %+v", p)
	}
	if db.Name() != "redis" {
		t.Errorf("name = %s", db.Name())
	}
}

// TestPoolIsBounded makes more calls than there are turns: each gets one, and no more connections than turns are made.
func TestPoolIsBounded(t *testing.T) {
	s := start(t, "--save", "")
	db := open(t, "redis://"+s.addr()+"?pool=2")
	var calls sync.WaitGroup
	errs := make([]error, 64)
	for i := range errs {
		calls.Go(func() {
			for range 20 {
				_, err := db.Cache().Increment(context.Background(), scope, map[string]int64{"n": 1}, time.Hour)
				errs[i] = errors.Join(errs[i], err)
			}
		})
	}
	calls.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if p := db.Pool(); p.Limit != 2 || p.Open > 3 || p.InUse != 0 || p.Waits == 0 || p.Waited <= 0 || p.Taken < 64*20 {
		t.Errorf("pool = %+v", p)
	}
	if n := strings.Count(s.says("client", "list"), "name=thalamus"); n > 3 {
		t.Errorf("the server counts %d connections", n)
	}
	got, err := db.Cache().Get(t.Context(), scope, []string{"n"})
	if err != nil || string(got["n"]) != "1280" {
		t.Errorf("counted %s, %v", got["n"], err)
	}
}

// TestLocksOfSeveralGateways has gateways of their own connections compete.
func TestLocksOfSeveralGateways(t *testing.T) {
	s := start(t, "--save", "")
	var gateways sync.WaitGroup
	var mu sync.Mutex
	var fences []int64
	for range 4 {
		db := open(t, "redis://"+s.addr())
		gateways.Go(func() {
			for range 10 {
				l, err := db.Locks().Acquire(context.Background(), "door", time.Hour, time.Minute)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				fences = append(fences, l.Fence)
				mu.Unlock()
				if held, err := db.Locks().Release(context.Background(), l); !held || err != nil {
					t.Error(held, err)
				}
			}
		})
	}
	gateways.Wait()
	if len(fences) != 40 || !slices.IsSorted(fences) || len(slices.Compact(fences)) != 40 {
		t.Errorf("fences = %v", fences)
	}
}
