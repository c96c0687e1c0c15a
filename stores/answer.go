package stores

import (
	"context"
	"time"
)

// Answer is what a write answered, kept so that the same request under the same idempotency key gets it again.
type Answer struct {
	Key       string // the caller's idempotency key
	Operation string // the mutation
	Request   string // hash of its input
	Response  []byte // JSON
	Nodes     []ID   // whose content the response holds
	CreatedAt time.Time
}

// Answers remembers the answers of writes (role: records).
type Answers interface {
	// Get reads the answer under a key, or nil.
	Get(ctx context.Context, s Scope, key string) (*Answer, error)
	// Put remembers an answer; a key that is taken is [ErrConflict].
	Put(ctx context.Context, s Scope, a *Answer) error
	// Forget erases the responses that hold content of the nodes; the keys stay taken.
	Forget(ctx context.Context, s Scope, nodes []ID) error
	// Prune deletes answers older than an instant, in every scope, and says how many there were.
	Prune(ctx context.Context, before time.Time) (int, error)
}
