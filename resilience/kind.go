package resilience

import (
	"context"
	"errors"

	"thalamus/stores"
)

// Kind is a closed list of what can come of a call, for traces, metrics and status; it never holds a backend's words.
type Kind string

// Kinds of error.
const (
	KindNone        Kind = ""
	KindNotFound    Kind = "NOT_FOUND"
	KindConflict    Kind = "CONFLICT"
	KindInvalid     Kind = "INVALID"
	KindUnsupported Kind = "UNSUPPORTED"
	KindUnavailable Kind = "UNAVAILABLE"
	KindTimeout     Kind = "TIMEOUT"
	KindCancelled   Kind = "CANCELLED" // the caller went away
	KindInternal    Kind = "INTERNAL"  // an error of no other kind
)

var kinds = []Kind{
	KindNone, KindNotFound, KindConflict, KindInvalid, KindUnsupported, KindUnavailable, KindTimeout, KindCancelled, KindInternal,
}

// KindOf sorts an error. The caller's cancellation comes first: what a backend says after it is no fault of its own.
func KindOf(err error) Kind {
	switch {
	case err == nil:
		return KindNone
	case errors.Is(err, context.Canceled):
		return KindCancelled
	case errors.Is(err, context.DeadlineExceeded):
		return KindTimeout
	case errors.Is(err, stores.ErrUnavailable):
		return KindUnavailable
	case errors.Is(err, stores.ErrNotFound):
		return KindNotFound
	case errors.Is(err, stores.ErrConflict):
		return KindConflict
	case errors.Is(err, stores.ErrInvalid):
		return KindInvalid
	case errors.Is(err, stores.ErrUnsupported):
		return KindUnsupported
	}
	return KindInternal
}

// Down says whether the kind speaks against the backend rather than against the request.
func (k Kind) Down() bool { return k == KindUnavailable || k == KindTimeout }
