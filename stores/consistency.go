package stores

import "context"

type strong struct{}

// Strong marks calls that only the stores themselves may answer, as they are now: reads that a write is made of, and those
// of a caller who would rather have an error than an earlier answer.
func Strong(ctx context.Context) context.Context { return context.WithValue(ctx, strong{}, true) }

// IsStrong says whether a call is one of these.
func IsStrong(ctx context.Context) bool { return ctx.Value(strong{}) != nil }
