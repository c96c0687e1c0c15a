package resilience

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"thalamus/stores"
)

// Settings of the guards. Each backend has a breaker, a bulkhead and a budget of its own.
type Settings struct {
	Timeout     time.Duration // of one attempt; it counts as a failure
	Concurrency int           // calls to one backend at a time; others wait for their turn, for a server up to a second
	Open        time.Duration // how long the breaker stays open at first; it doubles with each probe that fails, up to 5 minutes
	Log         *slog.Logger

	StaleLimit  time.Duration // how old an answer may be that stands in for a server that is down; 0: none does
	StaleMemory int           // bytes that are kept of answers, for all backends together

	Inner Middleware // right in front of the backend, to inject faults; may be nil
}

// Protect adds to each guard what keeps a backend that fails from taking the rest with it. Call it before the first call
// passes a guard. Inside the middlewares that the guards have, outermost first: retry, bulkhead, breaker, attempt timeout.
func (g Guards) Protect(s Settings) {
	seen, changes, memory := map[*Guard]bool{}, &feed{}, newMemory(s.StaleLimit, s.StaleMemory)
	for _, guard := range g {
		if seen[guard] {
			continue
		}
		seen[guard] = true
		guard.breaker = newBreaker(guard.backend.Name(), guard.roles, s)
		guard.breaker.changes = changes
		local := isLocal(guard.backend)
		guard.middlewares = append(guard.middlewares, guard.breaker.shed, newRetry().do, newBulkhead(s, local).do, guard.breaker.do)
		if !local { // one that is waits for itself: for the lock of a writer
			guard.middlewares = append(guard.middlewares, attemptTimeout(s.Timeout))
			if s.StaleLimit > 0 {
				guard.memory = memory
			}
		}
		if s.Inner != nil {
			guard.middlewares = append(guard.middlewares, s.Inner)
		}
	}
}

// errRefused is the cause of every error of a call that a guard kept from its backend.
var errRefused = errors.New("the guard did not let the call pass")

// errTimedOut is the cause of an error of an attempt that took too long.
var errTimedOut = errors.New("the attempt took too long")

// refused is the error of a call that did not reach its backend.
func refused(backend, message string, retryAfter time.Duration) error {
	return &stores.Error{Kind: stores.ErrUnavailable, Backend: backend, Message: message, RetryAfter: retryAfter, Cause: errRefused, Unsent: true}
}

// attemptTimeout bounds one attempt. What it cuts off is unavailable: the backend is too slow, whatever time its caller has.
// A caller whose own time is over first gets its own error. An operation that has [Patience] loses it with a backend that
// was too slow once.
func attemptTimeout(limit time.Duration) Middleware {
	return func(ctx context.Context, op Op, next func(context.Context) error) error {
		if op.Waits {
			return next(ctx)
		}
		if lost(ctx, op.Backend) && !stores.Insisting(ctx) {
			return tooSlow(op.Backend, errRefused)
		}
		end := time.Now().Add(limit)
		attempt, cancel := context.WithDeadline(ctx, end)
		defer cancel()
		err := next(attempt)
		own, limited := ctx.Deadline()
		// A driver may notice the end before the context does.
		over := errors.Is(err, context.DeadlineExceeded) || err != nil && attempt.Err() != nil
		if !over || ctx.Err() != nil || limited && !end.Before(own) {
			return err
		}
		lose(ctx, op.Backend)
		return tooSlow(op.Backend, errTimedOut)
	}
}

func tooSlow(backend string, cause error) error {
	return &stores.Error{Kind: stores.ErrUnavailable, Backend: backend, Message: "the store did not answer in time; try again later", Cause: cause}
}

type patienceKey struct{}

// Patience gives an operation the time of one attempt for each backend: when one did not answer in time, the operation's
// further calls to it fail at once, so that it is over soon however many they are.
func Patience(ctx context.Context) context.Context {
	return context.WithValue(ctx, patienceKey{}, &sync.Map{})
}

func lose(ctx context.Context, backend string) {
	if backends, ok := ctx.Value(patienceKey{}).(*sync.Map); ok {
		backends.Store(backend, true)
	}
}

func lost(ctx context.Context, backend string) bool {
	backends, ok := ctx.Value(patienceKey{}).(*sync.Map)
	if !ok {
		return false
	}
	_, is := backends.Load(backend)
	return is
}

type inside struct{}

// within marks calls that belong to a transaction, which holds what other calls may wait for.
func within(ctx context.Context) context.Context { return context.WithValue(ctx, inside{}, true) }

func isWithin(ctx context.Context) bool { return ctx.Value(inside{}) != nil }
