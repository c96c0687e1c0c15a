package resilience

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"thalamus/stores"
)

// BreakerState says whether calls reach a backend.
type BreakerState string

// States of a breaker.
const (
	BreakerClosed   BreakerState = "CLOSED"    // they do
	BreakerOpen     BreakerState = "OPEN"      // none does
	BreakerHalfOpen BreakerState = "HALF_OPEN" // one at a time, to see whether the backend is back
	BreakerHeld     BreakerState = "HELD"      // none does, since an operator wants to see what becomes of it
)

// When a breaker opens and closes.
const (
	tripInRow    = 5 // failures
	tripShare    = 0.5
	tripCalls    = 10 // of at least so many
	tripWindow   = 10 * time.Second
	tripBucket   = time.Second
	closeAfter   = 2               // probes that succeed
	longestOpen  = 5 * time.Minute // the time it is open doubles up to this
	halfOpenWait = time.Second     // what is told to those who come while a probe is under way
)

// breaker stops calls to a backend that does not answer. It counts what speaks against the backend; refusals are answers,
// and a caller that went away, or whose own time was over, tells nothing.
type breaker struct {
	backend string
	circuit *gobreaker.CircuitBreaker[struct{}]
	open    time.Duration
	log     *slog.Logger
	changes *feed
	roles   []stores.Role

	held     atomic.Bool
	probing  chan struct{} // holds one item while there is a probe
	inRow    atomic.Int64  // failures, however far apart; the circuit forgets those that are older than its window
	cause    atomic.Value  // the latest failure, as text
	openings atomic.Int64  // since it was closed the last time
	until    atomic.Int64  // when the latest of these ends, in Unix nanoseconds
}

func newBreaker(backend string, roles []stores.Role, s Settings) *breaker {
	b := &breaker{backend: backend, roles: roles, open: s.Open, log: s.Log, changes: &feed{}, probing: make(chan struct{}, 1)}
	b.circuit = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name: backend, MaxRequests: closeAfter, Interval: tripWindow, BucketPeriod: tripBucket, Timeout: s.Open,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			calls := c.TotalSuccesses + c.TotalFailures
			return b.inRow.Load() >= tripInRow || calls >= tripCalls && float64(c.TotalFailures) >= tripShare*float64(calls)
		},
		IsSuccessful:  func(err error) bool { return !failed(err) },
		IsExcluded:    excluded,
		OnStateChange: b.changed,
	})
	return b
}

// changed runs under the lock of the circuit.
func (b *breaker) changed(_ string, _, to gobreaker.State) {
	switch to {
	case gobreaker.StateOpen:
		open := b.open << min(b.openings.Add(1)-1, 10)
		open = max(b.open, min(open, longestOpen))
		b.until.Store(time.Now().Add(open).UnixNano())
		b.log.Warn("calls to a store are stopped", "backend", b.backend, "for", open, "cause", b.cause.Load())
		b.changes.tell(Change{Backend: b.backend, Roles: b.roles, Breaker: BreakerOpen, RetryAfter: open})
	case gobreaker.StateHalfOpen:
	case gobreaker.StateClosed:
		b.openings.Store(0)
		b.inRow.Store(0)
		b.until.Store(0)
		b.log.Info("a store is back", "backend", b.backend)
		b.changes.tell(Change{Backend: b.backend, Roles: b.roles, Breaker: BreakerClosed})
	}
}

// hold stops every call, or lets them through again.
func (b *breaker) hold(held bool) {
	if b.held.Swap(held) == held {
		return
	}
	b.log.Warn("an operator holds a store, or lets go of it", "backend", b.backend, "held", held)
	state, left := b.state()
	b.changes.tell(Change{Backend: b.backend, Roles: b.roles, Breaker: state, RetryAfter: left})
}

// shed refuses calls before they wait for a turn or are tried again, while it is certain that they would not pass.
func (b *breaker) shed(ctx context.Context, op Op, next func(context.Context) error) error {
	if b.held.Load() {
		return b.isHeld()
	}
	if until := b.until.Load(); until > 0 && !op.Waits && !stores.Insisting(ctx) {
		if left := time.Duration(until - time.Now().UnixNano()); left > 0 {
			return b.refuse(left)
		}
	}
	return next(ctx)
}

func (b *breaker) isHeld() error {
	return refused(b.backend, "an operator keeps calls from the store; try again later", halfOpenWait)
}

func (b *breaker) do(ctx context.Context, op Op, next func(context.Context) error) error {
	if b.held.Load() {
		return b.isHeld()
	}
	if op.Waits || stores.Insisting(ctx) {
		return next(ctx)
	}
	state, left := b.state()
	switch state {
	case BreakerOpen:
		return b.refuse(left)
	case BreakerHalfOpen:
		select {
		case b.probing <- struct{}{}:
			defer func() { <-b.probing }()
		default:
			return b.refuse(halfOpenWait)
		}
	case BreakerClosed:
	}
	_, err := b.circuit.Execute(func() (struct{}, error) {
		err := next(ctx)
		b.count(err)
		return struct{}{}, err
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return b.refuse(halfOpenWait)
	}
	return err
}

// count keeps what the circuit does not.
func (b *breaker) count(err error) {
	switch {
	case excluded(err):
	case failed(err):
		b.cause.Store(err.Error())
		b.inRow.Add(1)
	default:
		b.inRow.Store(0)
	}
}

// failed says that an error speaks against the backend.
func failed(err error) bool {
	var e *stores.Error
	return KindOf(err).Down() && !(errors.As(err, &e) && e.Answered)
}

// excluded says that an error says nothing of the backend: the caller went away, its own time was over, or it was not asked.
func excluded(err error) bool {
	k := KindOf(err)
	return k == KindCancelled || k == KindTimeout || errors.Is(err, errRefused)
}

func (b *breaker) refuse(left time.Duration) error {
	return refused(b.backend, "the store does not answer, and is left alone for a while; try again later", left)
}

// state is where the breaker stands, and how long it stays open.
func (b *breaker) state() (BreakerState, time.Duration) {
	if b.held.Load() {
		return BreakerHeld, 0
	}
	state := b.circuit.State()
	left := time.Duration(b.until.Load() - time.Now().UnixNano())
	switch {
	case state == gobreaker.StateClosed:
		return BreakerClosed, 0
	case left > 0:
		return BreakerOpen, left
	}
	return BreakerHalfOpen, 0
}
