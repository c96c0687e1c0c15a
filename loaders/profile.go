package loaders

import (
	"context"

	"thalamus/stores"
)

// Profile loads the profile of the caller's scope; nil when there is none.
func (l *Loaders) Profile(ctx context.Context, at *Place) (*stores.Profile, error) {
	return load(ctx, l, at, l.scope, func(ctx context.Context, scopes []stores.Scope, places []*Place) (map[stores.Scope]*stores.Profile, error) {
		p, err := l.set.Profiles.Of(ctx, l.scope, selected(places, stores.KindProfile))
		return map[stores.Scope]*stores.Profile{l.scope: p}, err
	}, one)
}
