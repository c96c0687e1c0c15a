package relational

import (
	"context"
	"slices"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// EntityRecords is the contract of the records part of entities.
type EntityRecords struct{ Records[stores.EntityRecord] }

// NewEntityRecordTable makes the table entity_records, where a name has one current record.
func NewEntityRecordTable(d Dialect, extras Extras[stores.EntityRecord]) *Table[stores.EntityRecord] {
	extras.Check = releaseNames(d)
	return NewTable(d, "entity_records", flat.EntityRecords, extras)
}

// NameTaken is the conflict of a name that another current record has.
func NameTaken(name string) error {
	return stores.Conflict("an entity named %q already exists; edit or supersede that one, or choose another name", name)
}

// releaseNames takes the names of the stored records that a batch replaces out of the way, so that records of one batch
// can hand a name to each other in any order.
func releaseNames(d Dialect) func(context.Context, Querier, stores.Scope, []*stores.EntityRecord) error {
	return func(ctx context.Context, q Querier, s stores.Scope, items []*stores.EntityRecord) error {
		ids := make([]stores.ID, len(items))
		for i, r := range items {
			ids[i] = r.ID
		}
		slices.Sort(ids)
		for part := range slices.Chunk(ids, d.Limits().Values) {
			st := SQL("UPDATE entity_records SET current = 0 WHERE scope = ? AND ", d.ScopeValues(s)[0])
			d.In(st, "id", Values(part))
			if _, err := st.Run(ctx, q); err != nil {
				return err
			}
		}
		return nil
	}
}

// ByName reads the current record of each name; names are compared byte by byte.
func (r EntityRecords) ByName(ctx context.Context, s stores.Scope, names []string) (map[string]*stores.EntityRecord, error) {
	if err := r.db.Usable(ctx); err != nil {
		return nil, err
	}
	out := make(map[string]*stores.EntityRecord, len(names))
	err := r.lookUp(ctx, r.db.Reader(ctx), s, r.Projection(nil), "t.name", Values(names), " AND t.current",
		func(item *stores.EntityRecord) { out[item.Name] = item })
	return out, r.db.Ended(ctx, err)
}
