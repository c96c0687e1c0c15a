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
	Saga      ID     // the write; empty when it was none
	Response  []byte // JSON; empty while the write has not ended, and once it was forgotten
	Nodes     []ID   // whose content the response holds
	CreatedAt time.Time
}

// Answers remembers the answers of writes (role: records).
type Answers interface {
	// Get reads the answer under a key, or nil.
	Get(ctx context.Context, s Scope, key string) (*Answer, error)
	// Put remembers an answer, or, with an empty response, takes the key for one that will come; a key that is taken is
	// [ErrConflict].
	Put(ctx context.Context, s Scope, a *Answer) error
	// Complete gives the key of a saga its response, unless it was forgotten meanwhile; one without a key is passed over.
	Complete(ctx context.Context, s Scope, saga ID, response []byte) error
	// Release frees the key of a saga that did not happen.
	Release(ctx context.Context, s Scope, saga ID) error
	// Forget erases the responses that hold content of the nodes, and says how many there were; the keys stay taken.
	Forget(ctx context.Context, s Scope, nodes []ID) (int, error)
	// Showing counts the responses that hold content of the nodes.
	Showing(ctx context.Context, s Scope, nodes []ID) (int, error)
	// Prune deletes answers older than an instant, in every scope, and says how many there were.
	Prune(ctx context.Context, before time.Time) (int, error)
}
