package sqlite

import (
	"context"
	"time"

	"thalamus/stores"
)

// Entities is the contract of the graph part of entities.
func (db *DB) Entities() stores.Entities {
	return entities{records[stores.Entity]{db, entityTable}}
}

type entities struct{ records[stores.Entity] }

type entity = stores.Entity

var entityTable = newTable("entities", stores.EntitySpec, table[entity]{
	head: func(e *entity) head { return head{id: &e.ID, scope: &e.Scope, version: &e.Version} },
	columns: []column[entity]{
		text("id", "id", func(e *entity) *stores.ID { return &e.ID }),
		text("name", "name", func(e *entity) *string { return &e.Name }),
		text("type", "type", func(e *entity) *stores.EntityType { return &e.Type }),
		optionalText("label", "label", func(e *entity) *string { return &e.Label }),
		text("summary", "summary", func(e *entity) *string { return &e.Summary }),
		optionalText("details", "details", func(e *entity) *string { return &e.Details }),
		optionalText("source", "source", func(e *entity) *string { return &e.Source }),
		instant("valid_from", "validFrom", func(e *entity) *time.Time { return &e.ValidFrom }),
		optionalInstant("valid_to", "validTo", func(e *entity) **time.Time { return &e.ValidTo }),
		text("lineage", "lineage", func(e *entity) *stores.ID { return &e.Lineage }),
		optionalText("supersedes", "supersedes", func(e *entity) *stores.ID { return &e.Supersedes }),
		optionalText("superseded_by", "supersededBy", func(e *entity) *stores.ID { return &e.SupersededBy }),
		float("stability", "stability", func(e *entity) *float64 { return &e.Stability }),
		integer("access_count", "accessCount", func(e *entity) *int { return &e.AccessCount }),
		instant("last_accessed_at", "lastAccessedAt", func(e *entity) *time.Time { return &e.LastAccessedAt }),
		instant("created_at", "createdAt", func(e *entity) *time.Time { return &e.CreatedAt }),
		instant("updated_at", "updatedAt", func(e *entity) *time.Time { return &e.UpdatedAt }),
		integer("version", "version", func(e *entity) *int { return &e.Version }),
	},
	detach: detachEntities,
})

func detachEntities(ctx context.Context, q querier, s stores.Scope, ids []stores.ID) error {
	if _, err := q.ExecContext(ctx, "DELETE FROM mentions WHERE scope = ? AND entity IN (SELECT value FROM json_each(?))",
		s.Key(), array(ids)); err != nil {
		return err
	}
	return deleteEdges(ctx, q, s, stores.KindEntity, ids)
}

// ByEpisode reads, for each episode, the entities it mentions, ordered by name.
func (r entities) ByEpisode(ctx context.Context, s stores.Scope, episodes []stores.ID, fields []stores.Field) (map[stores.ID][]*stores.Entity, error) {
	return r.grouped(ctx, s, episodes, []stores.Order{{Field: "name"}}, fields, mentioned)
}

// mentioned links episodes to the entities they mention.
func mentioned(st *statement, scope, episodes string) {
	st.add("SELECT m.episode, e.rowid FROM json_each(?) AS asked CROSS JOIN mentions AS m ON m.scope = ? AND m.episode = asked.value"+
		" CROSS JOIN entities AS e ON e.scope = m.scope AND e.id = m.entity", episodes, scope)
}

// ByLineage reads all versions of each lineage, oldest first.
func (r entities) ByLineage(ctx context.Context, s stores.Scope, lineages []stores.ID, fields []stores.Field) (map[stores.ID][]*stores.Entity, error) {
	order := []stores.Order{{Field: "validFrom"}, {Field: "createdAt"}}
	return r.grouped(ctx, s, lineages, order, fields, ofLineage)
}

// ofLineage links lineages to their versions.
func ofLineage(st *statement, scope, lineages string) {
	st.add("SELECT e.lineage, e.rowid FROM json_each(?) AS asked CROSS JOIN entities AS e ON e.scope = ? AND e.lineage = asked.value",
		lineages, scope)
}
