// Package access says who is asking: it turns what a request shows, a token, an API key or headers, into a [Caller].
package access

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"thalamus/stores"
)

// Caller is who is asking, and what that allows.
type Caller struct {
	Name    string // as the log calls it
	Scope   stores.Scope
	Role    Role
	Expires time.Time // when it stops being true; zero: never

	granted grant // which may be taken back before
}

// grant is what an authenticator gave a caller and may take back: by is nil where it does not.
type grant struct {
	by  *Keys
	sum [sha256.Size]byte
}

// Valid says that the caller is still who it was when it was let in. Streams and sockets outlast the keys that opened them, so
// ask for each operation and each event. Where the caller is not, the context of [Until] that ctx is in ends.
func Valid(ctx context.Context) bool {
	c, known := CallerOf(ctx)
	if known && (c.granted.by == nil || c.granted.by.hold(c)) {
		return true
	}
	if end, ok := ctx.Value(untilKey{}).(context.CancelCauseFunc); ok {
		end(ErrTakenBack)
	}
	return false
}

// Role is how much a caller may do. Each may do what the one before it may.
type Role string

// The roles, from the least to the greatest.
const (
	Reader Role = "READER" // queries and subscriptions
	Writer Role = "WRITER" // changes to the memory, too
	Admin  Role = "ADMIN"  // what operators need, too
)

var roles = []Role{Reader, Writer, Admin}

// Includes says whether a role is enough where another one is needed.
func (r Role) Includes(needed Role) bool {
	least := slices.Index(roles, needed)
	return least >= 0 && slices.Index(roles, r) >= least
}

// ParseRole reads the name of a role, in any case; what is none is the empty role.
func ParseRole(name string) (role Role, ok bool) {
	if role = Role(strings.ToUpper(name)); slices.Contains(roles, role) {
		return role, true
	}
	return "", false
}

// Authenticator finds out who a request comes from. Its errors are each a [*Refusal].
type Authenticator interface {
	Authenticate(ctx context.Context, c Credentials) (Caller, error)
}

type callerKey struct{}

// With hands the caller to the resolvers.
func With(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf is who is asking, if that is known.
func CallerOf(ctx context.Context) (c Caller, known bool) {
	c, known = ctx.Value(callerKey{}).(Caller)
	return c, known
}

// Scope is the caller's scope. It panics when there is no caller: a request of nobody must not be served.
func Scope(ctx context.Context) stores.Scope { return ctx.Value(callerKey{}).(Caller).Scope }
