package stores

import (
	"context"
	"time"
)

// Cache keeps bytes for a while (role: cache). What it holds can always be had elsewhere.
type Cache interface {
	// Get reads many keys; what is missing or expired is absent.
	Get(ctx context.Context, s Scope, keys []string) (map[string][]byte, error)
	// Set stores many keys, each for ttl, which must be positive. Keys have 1 to 512 bytes.
	Set(ctx context.Context, s Scope, values map[string][]byte, ttl time.Duration) error
	// Delete removes keys and says how many were there.
	Delete(ctx context.Context, s Scope, keys []string) (int, error)
}
