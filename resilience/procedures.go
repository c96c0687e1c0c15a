package resilience

import (
	"context"

	"thalamus/stores"
)

type procedures struct {
	next stores.Procedures
	gate gate
}

var _ stores.Procedures = procedures{}

func (d procedures) ByID(ctx context.Context, s stores.Scope, ids []stores.ID, fields []stores.Field) (map[stores.ID]*stores.Procedure, error) {
	return each3(ctx, d.gate.read("procedures.byId", len(ids)), keyed, d.next.ByID, s, ids, fields)
}

func (d procedures) List(ctx context.Context, s stores.Scope, q stores.Query) (stores.Slice[*stores.Procedure], error) {
	return kept2(ctx, d.gate.read("procedures.list", 0), page, d.next.List, s, q)
}

func (d procedures) Count(ctx context.Context, s stores.Scope, where stores.Filter) (int, error) {
	return kept2(ctx, d.gate.read("procedures.count", 0), one, d.next.Count, s, where)
}

func (d procedures) Put(ctx context.Context, s stores.Scope, items []*stores.Procedure) error {
	return do2(ctx, d.gate.write("procedures.put", len(items)), d.next.Put, s, items)
}

func (d procedures) Swap(ctx context.Context, s stores.Scope, item *stores.Procedure) error {
	return do2(ctx, d.gate.once("procedures.swap", 1), d.next.Swap, s, item)
}

func (d procedures) Delete(ctx context.Context, s stores.Scope, ids []stores.ID) (int, error) {
	return call2(ctx, d.gate.write("procedures.delete", len(ids)), affected, d.next.Delete, s, ids)
}
