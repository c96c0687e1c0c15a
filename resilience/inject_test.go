package resilience

import (
	"context"
	"errors"
	"slices"
	"testing"

	"thalamus/stores"
)

// injected runs calls and says of each whether it was carried out and whether it failed.
func injected(t *testing.T, seed uint64, share float64, calls int) (carriedOut, failed []bool) {
	t.Helper()
	inject := Inject(seed, share)
	for range calls {
		done := false
		err := inject(t.Context(), Op{Backend: "x"}, func(context.Context) error { done = true; return nil })
		if err != nil && !errors.Is(err, stores.ErrUnavailable) {
			t.Fatal(err)
		}
		carriedOut, failed = append(carriedOut, done), append(failed, err != nil)
	}
	return carriedOut, failed
}

func TestInject(t *testing.T) {
	const calls = 10_000
	done, failed := injected(t, 1, 0.1, calls)
	lost, never := 0, 0
	for i := range calls {
		switch {
		case failed[i] && done[i]:
			lost++
		case failed[i]:
			never++
		case !done[i]:
			t.Fatal("a call succeeded that was not carried out")
		}
	}
	if lost < 400 || lost > 600 || never < 400 || never > 600 {
		t.Errorf("%d answers of %d were lost, and %d calls not carried out; want 500 each", lost, calls, never)
	}
	again, alike := injected(t, 1, 0.1, calls)
	if !slices.Equal(done, again) || !slices.Equal(failed, alike) {
		t.Error("one seed gives different faults")
	}
	if other, _ := injected(t, 2, 0.1, calls); slices.Equal(done, other) {
		t.Error("two seeds give the same faults")
	}
	if _, failed := injected(t, 1, 0, calls); slices.Contains(failed, true) {
		t.Error("a share of none fails")
	}
}

// counting is a journal that counts its transactions.
type counting struct {
	stores.Journal
	commits int
}

func (c *counting) Atomic(ctx context.Context, fn func(context.Context) error) error {
	c.commits++
	return fn(ctx)
}

func TestInjectCommits(t *testing.T) {
	c := &counting{}
	j, failed, lost := InjectCommits(c, 1, 0.5), 0, 0
	for range 1000 {
		before := c.commits
		if err := j.Atomic(t.Context(), func(context.Context) error { return nil }); err != nil {
			failed++
			lost += c.commits - before
		}
	}
	if failed < 400 || failed > 600 || lost < 200 || lost > 300 {
		t.Errorf("%d transactions failed, %d of them after they were committed", failed, lost)
	}
}
