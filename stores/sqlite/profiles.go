package sqlite

import (
	"context"
	"database/sql"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// Profiles is the contract of profiles.
func (db *DB) Profiles() stores.Profiles {
	return profiles{records[stores.Profile]{db, profileTable}}
}

type profiles struct{ records[stores.Profile] }

type profile = stores.Profile

var profileTable = newTable("profiles", flat.Profiles, table[profile]{})

// Of reads the profile of the scope itself, or nil.
func (r profiles) Of(ctx context.Context, s stores.Scope, fields []stores.Field) (found *stores.Profile, err error) {
	if err := r.db.usable(ctx); err != nil {
		return nil, err
	}
	columns := r.selection(fields)
	st := &statement{}
	r.selectColumns(st, columns)
	st.add(" FROM profiles AS t WHERE t.scope = ?", s.Key())
	err = st.each(ctx, r.db.reader(ctx), func(rows *sql.Rows) error {
		found, err = r.scan(rows, s, columns)
		return err
	})
	return found, ended(ctx, err)
}
