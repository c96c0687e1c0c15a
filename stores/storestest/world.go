package storestest

import (
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"thalamus/stores"
)

type opener = func(testing.TB) *stores.Set

// suite runs the subtests of one contract side by side on one opened set.
type suite struct {
	t   *testing.T
	set *stores.Set
}

func (s suite) run(name string, fn func(w *world)) {
	s.t.Run(name, func(t *testing.T) {
		t.Parallel()
		fn(newWorld(t, s.set))
	})
}

// world is the private corner of one subtest: a scope nobody else has, and randomness that repeats on every run.
type world struct {
	t     testing.TB
	set   *stores.Set
	scope stores.Scope
	rand  *rand.Rand
	ends  []stores.ID
}

func newWorld(t testing.TB, set *stores.Set) *world {
	h := fnv.New64a()
	h.Write([]byte(t.Name()))
	return &world{t: t, set: set, scope: newScope(), rand: rand.New(rand.NewPCG(h.Sum64(), 1))}
}

func newScope() stores.Scope { return stores.NewScope("user-"+string(stores.NewID()), "", "") }

// in is the same subtest looking at another scope.
func (w *world) in(s stores.Scope) *world {
	return &world{t: w.t, set: w.set, scope: s, rand: w.rand}
}

func (w *world) ctx() context.Context { return w.t.Context() }

// entities are n ids of entities of this scope, made on first use.
func (w *world) entities(n int) []stores.ID {
	w.t.Helper()
	var fresh []*stores.Entity
	for len(w.ends) < n {
		e := &stores.Entity{Scope: w.scope, Name: "an end"}
		e.SetDefaults(stores.Now())
		fresh, w.ends = append(fresh, e), append(w.ends, e.ID)
	}
	if len(fresh) > 0 {
		noError(w.t, w.set.Entities.Put(w.ctx(), w.scope, fresh))
	}
	return w.ends[:n]
}

// writers is how many goroutines the tests of concurrent writes start.
const writers = 16

// race calls fn from many goroutines at once and gives their errors. A call that the store was too busy for is made
// again, as a caller would.
func race(fn func(i int) error) []error {
	start, done := make(chan struct{}), make(chan struct{})
	errs := make([]error, writers)
	for i := range errs {
		go func() {
			defer func() { done <- struct{}{} }()
			<-start
			for range 100 {
				if errs[i] = fn(i); !errors.Is(errs[i], stores.ErrUnavailable) {
					return
				}
			}
		}()
	}
	close(start)
	for range errs {
		<-done
	}
	return errs
}

// oneWinner wants exactly one success, and the given kind of error from everybody else.
func oneWinner(t testing.TB, errs []error, kind error) {
	t.Helper()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, kind):
			t.Errorf("a loser got %v, want %v", err, kind)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d concurrent writers won, want 1", won, len(errs))
	}
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// refused wants an error of a kind (or a context's error).
func refused(t testing.TB, what string, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: got error %v, want %q", what, err, kind)
	}
}

// sameTime wants equal instants in equal zones, so that an instant which is not UTC shows.
var sameTime = cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location().String() == b.Location().String() })

func diff(want, got any, more ...cmp.Option) string {
	return cmp.Diff(want, got, append([]cmp.Option{sameTime, cmpopts.EquateEmpty()}, more...)...)
}

func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if d := diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// call is one method of a contract with arguments that are in order.
type call struct {
	name string
	do   func(context.Context) error
}

// ask makes a call of a method that answers with a value and an error.
func ask[V any](fn func(context.Context) (V, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := fn(ctx)
		return err
	}
}

// interrupted makes every call with contexts that have ended. None may succeed, and, as state shows, none may write.
func interrupted(w *world, calls []call, state func() any) {
	before := state()
	canceled, cancel := context.WithCancel(w.ctx())
	cancel()
	late, cancel := context.WithDeadline(w.ctx(), time.Now().Add(-time.Second))
	defer cancel()
	for _, c := range calls {
		refused(w.t, c.name+" with a cancelled context", c.do(canceled), context.Canceled)
		refused(w.t, c.name+" after the deadline", c.do(late), context.DeadlineExceeded)
	}
	same(w.t, "what is stored after interrupted calls", before, state())
}

// closed opens a set of its own, closes it and makes every call.
func closed(t *testing.T, open opener, calls func(w *world) []call) {
	t.Run("Closed", func(t *testing.T) {
		set := open(t)
		w := newWorld(t, set)
		list := calls(w)
		noError(t, set.Close())
		for _, c := range list {
			refused(t, c.name+" after Close", c.do(w.ctx()), stores.ErrUnavailable)
		}
	})
}

// huge is the size of a huge batch; with -short it is merely large, since the race detector makes databases slow.
func huge() int {
	if testing.Short() {
		return 400
	}
	return 2500
}
