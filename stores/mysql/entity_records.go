package mysql

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"thalamus/stores"
	"thalamus/stores/relational"
)

// EntityRecords is the contract of the records part of entities.
func (db *DB) EntityRecords() stores.EntityRecords {
	return relational.EntityRecords{Records: relational.NewRecords(db.rows, entityRecordTable)}
}

var entityRecordTable = relational.NewEntityRecordTable(dialect{}, relational.Extras[stores.EntityRecord]{
	Attach:   namesHeld,
	Conflict: namesWanted,
})

// namesHeld wants every current record of a batch to have its name. One that has not was left out by the upsert, since
// another record has the name.
func namesHeld(ctx context.Context, q relational.Querier, s stores.Scope, items []*stores.EntityRecord) error {
	latest := map[stores.ID]*stores.EntityRecord{}
	for _, r := range items {
		latest[r.ID] = r
	}
	have, err := holders(ctx, q, s, items)
	if err != nil {
		return err
	}
	for _, r := range items {
		if r = latest[r.ID]; r.Current && have[r.Name] != r.ID {
			return relational.NameTaken(r.Name)
		}
	}
	return nil
}

// namesWanted finds the name that stood against a batch: one that another stored record has, or that the batch gives twice.
func namesWanted(ctx context.Context, q relational.Querier, s stores.Scope, items []*stores.EntityRecord) error {
	have, err := holders(ctx, q, s, items)
	if err != nil {
		return err
	}
	for _, r := range items {
		if !r.Current {
			continue
		}
		if cmp.Or(have[r.Name], r.ID) != r.ID {
			return relational.NameTaken(r.Name)
		}
		have[r.Name] = r.ID
	}
	return nil
}

// holders are the ids of the current records of the names of a batch.
func holders(ctx context.Context, q relational.Querier, s stores.Scope, items []*stores.EntityRecord) (map[string]stores.ID, error) {
	have := map[string]stores.ID{}
	var names []string
	for _, r := range items {
		if r.Current {
			names = append(names, r.Name)
		}
	}
	for part := range slices.Chunk(names, dialect{}.Limits().Values) {
		st := relational.SQL("SELECT current_name, id FROM entity_records WHERE scope = ? AND ", dialect{}.ScopeValues(s)[0])
		dialect{}.In(st, "current_name", relational.Values(part))
		err := st.Each(ctx, q, func(rows *sql.Rows) error {
			var name string
			var id stores.ID
			err := rows.Scan(&name, &id)
			have[name] = id
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return have, nil
}
