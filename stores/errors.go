package stores

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The kinds of error a backend may return. Test with [errors.Is]; an error of no kind is internal.
var (
	// ErrNotFound: the write needs something that does not exist in this scope.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the stored version, a unique name or an idempotency key stands against the write.
	ErrConflict = errors.New("conflict")
	// ErrInvalid: the input can never be accepted as it is.
	ErrInvalid = errors.New("invalid")
	// ErrUnsupported: this backend cannot do it and does not pretend to; see its Features.
	ErrUnsupported = errors.New("unsupported")
	// ErrUnavailable: the backend is closed, down, busy or too slow; trying again later may help.
	ErrUnavailable = errors.New("unavailable")
)

// Error is an error with a kind and words meant for the person who made the request. The cause is for logs only.
type Error struct {
	Kind    error    // one of the kinds above
	Message string   // what is wrong and what to do, without internals
	Path    []string // the input field it is about, outermost first; empty when none
	Backend string   // logical name of the backend, when it is about one
	Node    Ref      // the node it is about, when it is about one
	Cause   error    // what the driver said; never shown to clients

	RetryAfter time.Duration // when another try may go better; 0 when that is not known
	Answered   bool          // the backend did answer, so that the error says nothing of its health
	Unsent     bool          // the call did not reach the backend, so that it certainly did nothing
}

func (e *Error) Error() string {
	parts := make([]string, 0, 4)
	if e.Backend != "" {
		parts = append(parts, e.Backend)
	}
	if len(e.Path) > 0 {
		parts = append(parts, strings.Join(e.Path, "."))
	}
	if e.Message != "" {
		parts = append(parts, e.Message)
	} else {
		parts = append(parts, e.Kind.Error())
	}
	if e.Cause != nil {
		parts = append(parts, e.Cause.Error())
	}
	return strings.Join(parts, ": ")
}

// Unwrap makes errors.Is see both the kind and the cause.
func (e *Error) Unwrap() []error { return []error{e.Kind, e.Cause} }

// Invalid is an [ErrInvalid] about one input field; path is dotted ("context.project") and may be empty.
func Invalid(path, format string, args ...any) error {
	e := &Error{Kind: ErrInvalid, Message: fmt.Sprintf(format, args...)}
	if path != "" {
		e.Path = strings.Split(path, ".")
	}
	return e
}

// Conflict is an [ErrConflict] that says what stands against the write.
func Conflict(format string, args ...any) error {
	return &Error{Kind: ErrConflict, Message: fmt.Sprintf(format, args...)}
}

// Missing is an [ErrNotFound] for one node; the text is the same for unknown and for foreign ids.
func Missing(kind Kind, id ID) error {
	return &Error{Kind: ErrNotFound, Message: fmt.Sprintf("no %s with id %s", strings.ToLower(string(kind)), id), Node: Ref{kind, id}}
}

// Unsupported is an [ErrUnsupported] that names the backend and what was asked of it.
func Unsupported(backend, format string, args ...any) error {
	return &Error{Kind: ErrUnsupported, Backend: backend, Message: fmt.Sprintf(format, args...)}
}

// Unavailable is an [ErrUnavailable]; the cause is logged and never shown.
func Unavailable(backend string, cause error) error {
	return &Error{Kind: ErrUnavailable, Backend: backend, Message: "the store is unavailable", Cause: cause}
}
