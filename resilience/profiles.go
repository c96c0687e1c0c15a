package resilience

import (
	"context"

	"thalamus/stores"
)

type profiles struct {
	next stores.Profiles
	gate gate
}

var _ stores.Profiles = profiles{}

func (d profiles) ByID(ctx context.Context, s stores.Scope, ids []stores.ID, fields []stores.Field) (map[stores.ID]*stores.Profile, error) {
	return each3(ctx, d.gate.read("profiles.byId", len(ids)), keyed, d.next.ByID, s, ids, fields)
}

func (d profiles) Of(ctx context.Context, s stores.Scope, fields []stores.Field) (*stores.Profile, error) {
	return kept2(ctx, d.gate.read("profiles.of", 1), pointer, d.next.Of, s, fields)
}

func (d profiles) List(ctx context.Context, s stores.Scope, q stores.Query) (stores.Slice[*stores.Profile], error) {
	return kept2(ctx, d.gate.read("profiles.list", 0), page, d.next.List, s, q)
}

func (d profiles) Count(ctx context.Context, s stores.Scope, where stores.Filter) (int, error) {
	return kept2(ctx, d.gate.read("profiles.count", 0), one, d.next.Count, s, where)
}

func (d profiles) Put(ctx context.Context, s stores.Scope, items []*stores.Profile) error {
	return do2(ctx, d.gate.write("profiles.put", len(items)), d.next.Put, s, items)
}

func (d profiles) Swap(ctx context.Context, s stores.Scope, item *stores.Profile) error {
	return do2(ctx, d.gate.once("profiles.swap", 1), d.next.Swap, s, item)
}

func (d profiles) Delete(ctx context.Context, s stores.Scope, ids []stores.ID) (int, error) {
	return call2(ctx, d.gate.write("profiles.delete", len(ids)), affected, d.next.Delete, s, ids)
}
