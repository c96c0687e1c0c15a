package sqlite

import (
	"context"
	"database/sql"
	"time"

	"thalamus/stores"
)

// Profiles is the contract of profiles.
func (db *DB) Profiles() stores.Profiles {
	return profiles{records[stores.Profile]{db, profileTable}}
}

type profiles struct{ records[stores.Profile] }

type profile = stores.Profile

var profileTable = newTable("profiles", stores.ProfileSpec, table[profile]{
	head: func(p *profile) head {
		return head{id: &p.ID, scope: &p.Scope, version: &p.Version, created: &p.CreatedAt}
	},
	natural: []string{"scope"},
	columns: []column[profile]{
		text("id", "id", func(p *profile) *stores.ID { return &p.ID }),
		text("content", "content", func(p *profile) *string { return &p.Content }),
		optionalText("summary", "summary", func(p *profile) *string { return &p.Summary }),
		list("keywords", "keywords", func(p *profile) *[]string { return &p.Keywords }),
		list("entities", "entities", func(p *profile) *[]string { return &p.Entities }),
		integer("importance", "importance", func(p *profile) *int { return &p.Importance }),
		object("metadata", "metadata", func(p *profile) *map[string]any { return &p.Metadata }),
		instant("created_at", "createdAt", func(p *profile) *time.Time { return &p.CreatedAt }),
		instant("updated_at", "updatedAt", func(p *profile) *time.Time { return &p.UpdatedAt }),
		integer("version", "version", func(p *profile) *int { return &p.Version }),
	},
})

// Of reads the profile of the scope itself, or nil.
func (r profiles) Of(ctx context.Context, s stores.Scope, fields []stores.Field) (found *stores.Profile, err error) {
	if err := r.db.usable(ctx); err != nil {
		return nil, err
	}
	columns := r.selection(fields)
	st := &statement{}
	selectColumns(st, columns)
	st.add(" FROM profiles AS t WHERE t.scope = ?", s.Key())
	err = st.each(ctx, r.db.reader(ctx), func(rows *sql.Rows) error {
		found, err = r.scan(rows, s, columns)
		return err
	})
	return found, ended(ctx, err)
}
