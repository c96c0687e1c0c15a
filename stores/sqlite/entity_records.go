package sqlite

import (
	"context"
	"database/sql"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// EntityRecords is the contract of the records part of entities.
func (db *DB) EntityRecords() stores.EntityRecords {
	return entityRecords{records[stores.EntityRecord]{db, entityRecordTable}}
}

type entityRecords struct{ records[stores.EntityRecord] }

type entityRecord = stores.EntityRecord

var entityRecordTable = newTable("entity_records", flat.EntityRecords, table[entityRecord]{
	check: releaseNames,
	conflict: func(r *entityRecord) error {
		return stores.Conflict("an entity named %q already exists; edit or supersede that one, or choose another name", r.Name)
	},
})

// releaseNames takes the names of the stored records that a batch replaces out of the way, so that records of one batch
// can hand a name to each other in any order.
func releaseNames(ctx context.Context, q querier, s stores.Scope, items []*entityRecord) error {
	ids := make([]stores.ID, len(items))
	for i, r := range items {
		ids[i] = r.ID
	}
	_, err := q.ExecContext(ctx, "UPDATE entity_records SET current = 0 WHERE scope = ? AND id IN (SELECT value FROM json_each(?))",
		s.Key(), array(ids))
	return err
}

// ByName reads the current record of each name; names are compared byte by byte.
func (r entityRecords) ByName(ctx context.Context, s stores.Scope, names []string) (map[string]*stores.EntityRecord, error) {
	if err := r.db.usable(ctx); err != nil {
		return nil, err
	}
	columns := r.selection(nil)
	st := &statement{}
	r.selectColumns(st, columns)
	st.add(" FROM json_each(?) AS asked CROSS JOIN entity_records AS t ON t.scope = ? AND t.name = asked.value AND t.current",
		array(names), s.Key())
	out := make(map[string]*stores.EntityRecord, len(names))
	err := st.each(ctx, r.db.reader(ctx), func(rows *sql.Rows) error {
		item, err := r.scan(rows, s, columns)
		if err == nil {
			out[item.Name] = item
		}
		return err
	})
	return out, ended(ctx, err)
}
