package resilience

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"

	"thalamus/stores"
)

// Inject makes a share of the calls, 0..1, fail as unavailable: half of these never reach the backend, and half do what they
// shall and lose their answer. Which calls these are, in the order in which they come, follows from the seed. It belongs
// right in front of the backend; see [Settings].
func Inject(seed uint64, share float64) Middleware {
	d := newDice(seed)
	return func(ctx context.Context, op Op, next func(context.Context) error) error {
		return d.spoil(share, op.Backend, func() error { return next(ctx) })
	}
}

// InjectCommits does the same to the transactions of a journal, which are no calls: half of those that fail were not begun,
// and half were committed.
func InjectCommits(j stores.Journal, seed uint64, share float64) stores.Journal {
	return unsure{j, newDice(seed), share}
}

// unsure is a journal of which only the transactions fail.
type unsure struct {
	stores.Journal
	dice  *dice
	share float64
}

func (u unsure) Atomic(ctx context.Context, fn func(context.Context) error) error {
	return u.dice.spoil(u.share, "journal", func() error { return u.Journal.Atomic(ctx, fn) })
}

// errInjected is the cause of every error that was made on purpose.
var errInjected = errors.New("injected")

// dice are thrown for one call at a time.
type dice struct {
	mu   sync.Mutex
	rand *rand.Rand
}

func newDice(seed uint64) *dice { return &dice{rand: rand.New(rand.NewPCG(seed, 0))} }

// spoil runs a call, or not, and loses its answer, or not.
func (d *dice) spoil(share float64, backend string, call func() error) error {
	d.mu.Lock()
	thrown := d.rand.Float64()
	d.mu.Unlock()
	if thrown >= share {
		return call()
	}
	if thrown >= share/2 {
		_ = call() // the answer that is lost
	}
	return stores.Unavailable(backend, errInjected)
}
