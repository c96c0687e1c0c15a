// Package access says who is asking.
package access

import (
	"context"
	"net/http"

	"thalamus/stores"
)

// The headers that carry the scope in development mode.
const (
	UserHeader   = "Thalamus-User"
	DeviceHeader = "Thalamus-Device"
	AgentHeader  = "Thalamus-Agent"
)

type scopeKey struct{}

// WithScope hands the caller's scope to the resolvers.
func WithScope(ctx context.Context, s stores.Scope) context.Context {
	return context.WithValue(ctx, scopeKey{}, s)
}

// Scope is the caller's scope. It panics when nobody set one: a request without a scope must not be served.
func Scope(ctx context.Context) stores.Scope {
	return ctx.Value(scopeKey{}).(stores.Scope)
}

// FromHeaders reads the scope of a request in development mode; what is not named is [stores.Default].
func FromHeaders(h http.Header) (stores.Scope, error) {
	s := stores.NewScope(h.Get(UserHeader), h.Get(DeviceHeader), h.Get(AgentHeader))
	return s, s.Validate()
}
