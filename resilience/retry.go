package resilience

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"thalamus/stores"
)

// Retries: how many may follow one call, how the pauses before them grow, and how many there may be in proportion to all
// calls, so that retries never add more than a fifth to the load of a backend that is failing.
const (
	maxRetries   = 2
	firstRetry   = 50 * time.Millisecond
	longestRetry = time.Second
	retryShare   = 0.2
	retryReserve = 10 // of retries that may come at once after a quiet time
)

// retry repeats reads that failed for a reason that may pass. Writes are never repeated here: what is to become of one whose
// outcome is not known is the saga's to decide.
type retry struct {
	mu     sync.Mutex
	tokens float64
}

func newRetry() *retry { return &retry{tokens: retryReserve} }

func (r *retry) do(ctx context.Context, op Op, next func(context.Context) error) error {
	r.earn()
	err := next(ctx)
	if op.Write || op.Waits || isWithin(ctx) {
		return err
	}
	longest := firstRetry
	for range maxRetries {
		if !passing(err) || ctx.Err() != nil || !r.spend() {
			return err
		}
		pause := time.NewTimer(rand.N(longest)) // full jitter
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return err
		}
		longest = min(2*longest, longestRetry)
		op.Retried()
		err = next(ctx)
	}
	return err
}

// passing says that another attempt may go better. One that was not let through, or that took all its time, would not.
func passing(err error) bool {
	return errors.Is(err, stores.ErrUnavailable) && !errors.Is(err, errRefused) && !errors.Is(err, errTimedOut) && failed(err)
}

func (r *retry) earn() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tokens = min(r.tokens+retryShare, retryReserve)
}

func (r *retry) spend() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tokens < 1 {
		return false
	}
	r.tokens--
	return true
}
