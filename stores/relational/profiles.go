package relational

import (
	"context"
	"database/sql"

	"thalamus/stores"
)

// Profiles is the contract of profiles, in a table that keeps one per scope.
type Profiles struct{ Records[stores.Profile] }

// Of reads the profile of the scope itself, or nil.
func (r Profiles) Of(ctx context.Context, s stores.Scope, fields []stores.Field) (found *stores.Profile, err error) {
	if err := r.db.Usable(ctx); err != nil {
		return nil, err
	}
	columns := r.Projection(fields)
	st := r.Select(columns).Add(" FROM profiles AS t WHERE t.scope = ?"+r.db.lock(ctx), r.db.ScopeValues(s)[0])
	err = st.Each(ctx, r.db.Reader(ctx), func(rows *sql.Rows) error {
		found, err = r.Scan(rows, s, columns)
		return err
	})
	return found, r.db.Ended(ctx, err)
}
