// Package access says who is asking.
package access

import (
	"context"
	"net/http"
	"net/url"

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

// FromHeaders reads the scope of a request in development mode; what is not named is [stores.Default]. Values are
// percent-decoded, since browsers send nothing but Latin-1 in headers: zo%C3%AB is zoë, and a percent sign is %25.
func FromHeaders(h http.Header) (stores.Scope, error) {
	var parts [3]string
	for i, name := range []string{UserHeader, DeviceHeader, AgentHeader} {
		v, err := url.PathUnescape(h.Get(name))
		if err != nil {
			return stores.Scope{}, stores.Invalid(name, "is not percent-encoded; write a percent sign as %%25")
		}
		parts[i] = v
	}
	s := stores.NewScope(parts[0], parts[1], parts[2])
	return s, s.Validate()
}
