package model_test

import (
	"encoding/json"
	"errors"
	"testing"

	"thalamus/graph/model"
	"thalamus/stores"
)

// FuzzCursor wants no cursor to be accepted that was not signed, for this very scope.
func FuzzCursor(f *testing.F) {
	sign := model.NewSigner([]byte("a key for tests only"))
	mine, other := stores.NewScope("me", "", ""), stores.NewScope("you", "", "")
	given := sign.Sign(mine, "a place")
	for _, c := range []string{"", "x", given, given + "A", given[:len(given)-1], sign.Sign(other, "a place"), sign.Sign(mine, ""), "AAAAAAAAAAAAAAAA", "\x00", "AA=="} {
		f.Add(c)
	}
	f.Fuzz(func(t *testing.T, c string) {
		switch got, err := sign.Verify(mine, "after", c); {
		case err != nil && !errors.Is(err, stores.ErrInvalid):
			t.Fatalf("%q: %v", c, err)
		case err == nil && (got == "" || sign.Sign(mine, got) != c):
			t.Fatalf("%q was accepted as %q", c, got)
		}
		if _, err := sign.Verify(other, "after", c); err == nil && c == given {
			t.Fatal("another scope may use it")
		}
	})
}

// FuzzScalars wants values that are read to be written so that they are read the same again.
func FuzzScalars(f *testing.F) {
	for _, s := range []string{"", "2026-11-20T09:30:00Z", "2026-11-20T09:30:00.123456789+14:00", "0000-01-01T00:00:00Z", "P1D", "PT1.5S", "-P1Y", "P999999999999999Y", "1e400", "9007199254740993", "-0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if at, err := model.UnmarshalDateTime(s); err == nil {
			if again, err := model.UnmarshalDateTime(at.Format("2006-01-02T15:04:05.999999999Z07:00")); err != nil || !again.Equal(at) {
				t.Fatalf("%q: %v, then %v, %v", s, at, again, err)
			}
		}
		for _, v := range []any{s, json.Number(s)} { // none may panic
			_, _ = model.UnmarshalDuration(v)
			_, _ = model.UnmarshalInt(v)
			_, _ = model.UnmarshalFloat(t.Context(), v)
			_, _ = model.UnmarshalLong(v)
			_, _ = model.UnmarshalJSON(v)
			_, _ = model.UnmarshalVector(v)
		}
	})
}
