package inprocess_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"thalamus/stores"
	"thalamus/stores/inprocess"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var scope = stores.NewScope("ada", "", "")

type values = map[string][]byte

func open(t testing.TB, maxBytes int64) *inprocess.Cache {
	t.Helper()
	c := inprocess.New(maxBytes)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func set(t testing.TB, c stores.Cache, s stores.Scope, v values, ttl time.Duration) {
	t.Helper()
	if err := c.Set(t.Context(), s, v, ttl); err != nil {
		t.Errorf("Set: %v", err)
	}
}

func wantGet(t testing.TB, c stores.Cache, s stores.Scope, keys []string, want values) {
	t.Helper()
	got, err := c.Get(t.Context(), s, keys)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Get(%v) (-want +got):\n%s", keys, diff)
	}
}

func TestSetGetDelete(t *testing.T) {
	c := open(t, 0)
	set(t, c, scope, values{"a": []byte("1"), "b": []byte("2"), "empty": nil}, time.Hour)
	set(t, c, scope, values{"b": []byte("two")}, time.Hour)
	wantGet(t, c, scope, []string{"a", "b", "empty", "none"}, values{"a": []byte("1"), "b": []byte("two"), "empty": {}})

	n, err := c.Delete(t.Context(), scope, []string{"a", "none", "a"})
	if n != 1 || err != nil {
		t.Errorf("Delete: %d, %v; want 1", n, err)
	}
	wantGet(t, c, scope, []string{"a", "b"}, values{"b": []byte("two")})
	wantGet(t, c, scope, nil, values{})
}

func TestScopesAreApart(t *testing.T) {
	c := open(t, 0)
	// These three would meet if the parts of a scope and the key were simply joined.
	scopes := []stores.Scope{{User: "a", Device: "b", Agent: "c"}, {User: "a/b", Device: "c", Agent: ""}, {User: "a", Device: "b", Agent: ""}}
	for i, s := range scopes {
		set(t, c, s, values{"k": fmt.Append(nil, i), "c/k": fmt.Append(nil, i)}, time.Hour)
	}
	for i, s := range scopes {
		wantGet(t, c, s, []string{"k", "c/k"}, values{"k": fmt.Append(nil, i), "c/k": fmt.Append(nil, i)})
	}
	if _, err := c.Delete(t.Context(), scopes[0], []string{"k"}); err != nil {
		t.Fatal(err)
	}
	wantGet(t, c, scopes[2], []string{"k"}, values{"k": []byte("2")})
}

func TestValuesAreCopied(t *testing.T) {
	c := open(t, 0)
	in := []byte("kept")
	set(t, c, scope, values{"k": in}, time.Hour)
	copy(in, "lost")
	wantGet(t, c, scope, []string{"k"}, values{"k": []byte("kept")})
	out, _ := c.Get(t.Context(), scope, []string{"k"})
	copy(out["k"], "lost")
	wantGet(t, c, scope, []string{"k"}, values{"k": []byte("kept")})
}

func TestEveryEntryHasItsOwnTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := inprocess.New(0)
		defer func() { _ = c.Close() }()
		set(t, c, scope, values{"short": []byte("s"), "renewed": []byte("r")}, time.Minute)
		set(t, c, scope, values{"long": []byte("l")}, time.Hour)

		time.Sleep(59 * time.Second)
		wantGet(t, c, scope, []string{"short"}, values{"short": []byte("s")}) // reading does not prolong it
		set(t, c, scope, values{"renewed": []byte("r2")}, time.Minute)

		time.Sleep(2 * time.Second)
		wantGet(t, c, scope, []string{"short", "renewed", "long"}, values{"renewed": []byte("r2"), "long": []byte("l")})
		if n, err := c.Delete(t.Context(), scope, []string{"short", "long"}); n != 1 || err != nil {
			t.Errorf("Delete: %d, %v; an expired entry is not there", n, err)
		}
		time.Sleep(2 * time.Hour)
		if n := c.Bytes(); n != 0 {
			t.Errorf("%d bytes are kept after everything expired", n)
		}
	})
}

func TestSizeIsBounded(t *testing.T) {
	const maxBytes = 1 << 20
	c := open(t, maxBytes)
	value := make([]byte, 10_000)
	for i := range 1000 {
		set(t, c, scope, values{fmt.Sprint("k", i): value}, time.Hour)
	}
	if n := c.Bytes(); n > maxBytes || n < maxBytes/2 {
		t.Errorf("%d bytes are kept of a limit of %d", n, maxBytes)
	}
	// Keys count too: values of one byte do not let the entries grow without bound.
	for i := range 10_000 {
		set(t, c, scope, values{fmt.Sprint(strings.Repeat("k", 400), i): {1}}, time.Hour)
	}
	if n := c.Bytes(); n > maxBytes {
		t.Errorf("%d bytes are kept of a limit of %d", n, maxBytes)
	}
}

func TestTooLargeValueIsNotKept(t *testing.T) {
	c := open(t, 100_000)
	set(t, c, scope, values{"other": []byte("o"), "k": []byte("old")}, time.Hour)
	set(t, c, scope, values{"k": make([]byte, 100_001)}, time.Hour)
	wantGet(t, c, scope, []string{"k", "other"}, values{"other": []byte("o")})
}

func TestRefused(t *testing.T) {
	c := open(t, 0)
	ctx := t.Context()
	for _, k := range []string{"", strings.Repeat("k", 513)} {
		_, getErr := c.Get(ctx, scope, []string{"fine", k})
		_, deleteErr := c.Delete(ctx, scope, []string{"fine", k})
		setErr := c.Set(ctx, scope, values{"fine": {1}, k: {1}}, time.Hour)
		for _, err := range []error{getErr, deleteErr, setErr} {
			if !errors.Is(err, stores.ErrInvalid) {
				t.Errorf("key of %d bytes: %v", len(k), err)
			}
		}
	}
	for _, ttl := range []time.Duration{0, -time.Second} {
		if err := c.Set(ctx, scope, values{"fine": {1}}, ttl); !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("ttl %s: %v", ttl, err)
		}
	}
	wantGet(t, c, scope, []string{"fine"}, values{})
	longest := strings.Repeat("k", 512)
	set(t, c, scope, values{longest: {1}}, time.Hour)
	wantGet(t, c, scope, []string{longest}, values{longest: {1}})
}

func TestCancelledAndClosed(t *testing.T) {
	c := open(t, 0)
	set(t, c, scope, values{"k": {1}}, time.Hour)
	calls := func(ctx context.Context) []error {
		_, getErr := c.Get(ctx, scope, []string{"k"})
		_, deleteErr := c.Delete(ctx, scope, []string{"k"})
		return []error{getErr, deleteErr, c.Set(ctx, scope, values{"new": {1}}, time.Hour), c.Ping(ctx)}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for i, err := range calls(cancelled) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	wantGet(t, c, scope, []string{"k", "new"}, values{"k": {1}})

	for range 2 {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for i, err := range calls(t.Context()) {
		if !errors.Is(err, stores.ErrUnavailable) {
			t.Errorf("call %d after Close: %v", i, err)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	c := open(t, 1<<20)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			s := stores.NewScope(fmt.Sprint(worker), "", "")
			for i := range 500 {
				k := fmt.Sprint(i % 50)
				want := fmt.Append(nil, worker, i)
				set(t, c, s, values{k: want}, time.Hour)
				got, err := c.Get(context.Background(), s, []string{k})
				if err != nil || got[k] != nil && string(got[k]) != string(want) {
					t.Errorf("worker %d read %q after writing %q: %v", worker, got[k], want, err)
					return
				}
			}
		})
	}
	wg.Wait()
}
