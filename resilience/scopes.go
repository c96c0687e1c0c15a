package resilience

import (
	"context"

	"thalamus/stores"
)

type scopes struct {
	next stores.Scopes
	gate gate
}

var _ stores.Scopes = scopes{}

func (d scopes) Scopes(ctx context.Context) ([]stores.Scope, error) {
	return call(ctx, d.gate.read("scopes.scopes", 0), items, d.next.Scopes)
}
