package stores

import "context"

type insisting struct{}

// Insist marks calls that must be tried whatever is known of their backend, since what they take back would be left half
// done otherwise.
func Insist(ctx context.Context) context.Context { return context.WithValue(ctx, insisting{}, true) }

// Insisting says whether a call is one of these.
func Insisting(ctx context.Context) bool { return ctx.Value(insisting{}) != nil }
