package open

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"thalamus/stores"
)

// await runs in a bubble, and waits for a server of which every attempt to connect is told its number. It returns what was logged, a line each
// after the seconds that had passed, how long it took, and the error.
func await(t *testing.T, wait time.Duration, connect func(ctx context.Context, n int) error) (log []string, took time.Duration, err error) {
	start := time.Now()
	var out bytes.Buffer
	o := &opening{log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.String("at", time.Since(start).Round(time.Second).String())
			}
			return a
		},
	}))}
	if wait > 0 {
		o.until = start.Add(wait)
	}
	n := 0
	_, err = waited(t.Context(), o, stores.RoleCache, func(ctx context.Context) (int, error) {
		n++
		return n, connect(ctx, n)
	})
	synctest.Wait() // for what is logged by others
	return strings.Split(strings.TrimSpace(out.String()), "\n"), time.Since(start), err
}

// TestSilence wants attempts to end about when the waiting does, and the log to tell the time that is left.
func TestSilence(t *testing.T) {
	for _, c := range []struct {
		wait, took time.Duration
		lines      []string
		last       string
	}{
		{0, 15 * time.Second, []string{"at=3s level=WARN msg=\"a store takes its time to answer\" role=cache for=12s"}, "within 15s"},
		{time.Second, 5 * time.Second, []string{"at=3s level=WARN msg=\"a store takes its time to answer\" role=cache for=2s"}, "within 5s"},
		{8 * time.Second, 8 * time.Second, []string{"at=3s level=WARN msg=\"a store takes its time to answer\" role=cache for=5s"}, "within 8s"},
		{30 * time.Second, 30 * time.Second, []string{
			"at=3s level=WARN msg=\"a store takes its time to answer\" role=cache for=27s", "at=15s level=WARN msg=\"waiting for a store\" role=cache for=15s",
			"at=18s level=WARN msg=\"a store takes its time to answer\" role=cache for=12s",
		}, "within 15s"},
	} {
		synctest.Test(t, func(t *testing.T) {
			log, took, err := await(t, c.wait, func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() })
			if !errors.Is(err, stores.ErrUnavailable) || !strings.HasPrefix(err.Error(), "cache: the server took the connection and did not answer "+c.last) || took != c.took {
				t.Errorf("a wait of %s ended after %s with %v", c.wait, took, err)
			}
			if len(log) != len(c.lines) {
				t.Fatalf("a wait of %s told %q", c.wait, log)
			}
			for i, want := range c.lines {
				if !strings.HasPrefix(log[i], want) {
					t.Errorf("a wait of %s told %s, want %s", c.wait, log[i], want)
				}
			}
		})
	}
}

// TestErrorsAreNotRepeated wants an error every ten seconds, and another one at once.
func TestErrorsAreNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _, err := await(t, time.Minute, func(_ context.Context, n int) error {
			switch {
			case n < 8:
				return stores.Unavailable("redis", fmt.Errorf("read tcp 127.0.0.1:%d->127.0.0.1:2: connection reset by peer", n))
			case n < 9:
				return stores.Unavailable("redis", errors.New("LOADING"))
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		told := []string{"at=0s ", "at=12s ", "at=16s "}
		if len(log) != len(told) {
			t.Fatalf("told %q", log)
		}
		for i, when := range told {
			if !strings.HasPrefix(log[i], when) || strings.Contains(log[i], "redis") {
				t.Errorf("told %s, want it %s and without the name of the backend", log[i], when)
			}
		}
	})
}

// TestOtherErrorsEndTheWait wants those that time does not mend at once, and the role before each of several.
func TestOtherErrorsEndTheWait(t *testing.T) {
	both := errors.Join(stores.Invalid("", "the one"), &stores.Error{Kind: stores.ErrInvalid, Backend: "redis", Message: "the other", Cause: errors.New("why")})
	for want, err := range map[string]error{
		"cache: the one\ncache: the other: why":     both,
		"cache: in: the one\nredis: the other: why": fmt.Errorf("in: %w", both),
		"cache: in: redis: the store is unavailable: why": fmt.Errorf("in: %w", &stores.Error{
			Kind: stores.ErrInvalid, Backend: "redis", Message: "the store is unavailable", Cause: errors.New("why")}),
	} {
		synctest.Test(t, func(t *testing.T) {
			_, _, got := await(t, time.Minute, func(context.Context, int) error { return err })
			if got == nil || got.Error() != want || !errors.Is(got, stores.ErrInvalid) {
				t.Errorf("got %v, want %s", got, want)
			}
		})
	}
}
