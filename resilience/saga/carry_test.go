package saga

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"thalamus/stores"
)

// TestUndosInsist wants what is taken back to pass guards that stop other calls, and to be tried until the store is back.
func TestUndosInsist(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		broken, tries := stores.Unavailable("sql", nil), 0
		undo := func(ctx context.Context) error {
			if tries++; !stores.Insisting(ctx) || ctx.Err() != nil {
				t.Error("the call does not insist, or ends with its caller")
			}
			if tries < 10 {
				return broken
			}
			return nil
		}
		steps := []step{
			{name: "first", look: func(context.Context) (func(context.Context) error, error) { return undo, nil }, do: func(context.Context) error { return nil }},
			{name: "second", do: func(context.Context) error { cancel(); return broken }},
		}
		w := New(&stores.Set{})
		if err := w.carryOut(ctx, stores.NewScope("", "", ""), steps); !errors.Is(err, broken) || tries != 10 {
			t.Errorf("after %d tries: %v", tries, err)
		}
	})
}
