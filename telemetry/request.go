package telemetry

import "context"

type requestKey struct{}

// WithRequest names the request that the context belongs to: every line that is logged under it carries the id.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// Request is the id of the request of the context, or empty.
func Request(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}
