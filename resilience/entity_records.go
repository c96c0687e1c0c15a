package resilience

import (
	"context"

	"thalamus/stores"
)

type entityRecords struct {
	next stores.EntityRecords
	gate gate
}

var _ stores.EntityRecords = entityRecords{}

func (d entityRecords) ByID(ctx context.Context, s stores.Scope, ids []stores.ID, fields []stores.Field) (map[stores.ID]*stores.EntityRecord, error) {
	return each3(ctx, d.gate.read("entityRecords.byId", len(ids)), keyed, d.next.ByID, s, ids, fields)
}

func (d entityRecords) ByName(ctx context.Context, s stores.Scope, names []string) (map[string]*stores.EntityRecord, error) {
	return each2(ctx, d.gate.read("entityRecords.byName", len(names)), keyed, d.next.ByName, s, names)
}

func (d entityRecords) List(ctx context.Context, s stores.Scope, q stores.Query) (stores.Slice[*stores.EntityRecord], error) {
	return kept2(ctx, d.gate.read("entityRecords.list", 0), page, d.next.List, s, q)
}

func (d entityRecords) Put(ctx context.Context, s stores.Scope, items []*stores.EntityRecord) error {
	return do2(ctx, d.gate.write("entityRecords.put", len(items)), d.next.Put, s, items)
}

func (d entityRecords) Delete(ctx context.Context, s stores.Scope, ids []stores.ID) (int, error) {
	return call2(ctx, d.gate.write("entityRecords.delete", len(ids)), affected, d.next.Delete, s, ids)
}
