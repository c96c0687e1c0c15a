package access_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"thalamus/access"
	"thalamus/stores"
)

func TestUntilExpiry(t *testing.T) {
	for left, want := range map[time.Duration][2]error{
		-time.Second: {access.ErrExpired, access.ErrExpired}, 59 * time.Second: {nil, access.ErrExpired}, 61 * time.Second: {}, 0: {},
	} {
		synctest.Test(t, func(t *testing.T) {
			caller := access.Caller{Scope: stores.NewScope("ann", "", "")}
			if left != 0 { // else it never expires
				caller.Expires = time.Now().Add(left)
			}
			ctx, release := access.Until(access.With(t.Context(), caller))
			atFirst := context.Cause(ctx)
			time.Sleep(time.Minute)
			if got := [2]error{atFirst, context.Cause(ctx)}; got != want {
				t.Errorf("%v left: %v, want %v", left, got, want)
			}
			release()
			if ctx.Err() == nil {
				t.Errorf("%v left: goes on when it was released", left)
			}
		})
	}
}

// TestUntilKeyIsTakenBack ends what a key began, once the file does not say the same of it any more: soon by itself, and at
// once when somebody asks.
func TestUntilKeyIsTakenBack(t *testing.T) {
	for what, entries := range map[string][]access.Entry{"taken back": nil, "another role": {{Role: "writer"}}, "the same": {{}}} {
		for _, asked := range []bool{false, true} {
			key := access.NewKey()
			file := func(entries []access.Entry) (text string) {
				for _, e := range entries {
					e.Name, e.Hash, e.User = "k", access.Hash(key), "ann"
					text += line(t, e)
				}
				return text + map[bool]string{true: "[]"}[len(entries) == 0]
			}
			name := keysFile(t, file([]access.Entry{{}}))
			keys, err := access.NewKeys(name, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			keys.LookEvery(time.Hour)
			if !asked {
				keys.LookEvery(time.Millisecond)
			}
			caller, err := ask(t, access.Guarded{Keys: keys}, header(with(key)...))
			if err != nil {
				t.Fatal(err)
			}
			ctx, release := access.Until(access.With(t.Context(), caller))
			rewrite(t, name, file(entries))
			if asked {
				keys.LookAgain()
				access.Valid(ctx)
			}
			patience := time.After(10 * time.Second)
			if what == "the same" {
				patience = time.After(20 * time.Millisecond)
			}
			select {
			case <-ctx.Done():
			case <-patience:
			}
			if got := context.Cause(ctx); errors.Is(got, access.ErrTakenBack) != (what != "the same") {
				t.Errorf("%s, asked %v: %v", what, asked, got)
			}
			release()
		}
	}
}
