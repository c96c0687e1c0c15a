package sqlite

import (
	"context"

	"thalamus/stores"
	"thalamus/stores/flat"
	"thalamus/stores/relational"
)

// Entities is the contract of the graph part of entities.
func (db *DB) Entities() stores.Entities {
	return entities{relational.NewRecords(db.rows, entityTable), db}
}

type entities struct {
	relational.Records[stores.Entity]
	db *DB
}

type entity = stores.Entity

var entityTable = relational.NewTable(dialect{}, "entities", flat.Entities, relational.Extras[entity]{
	Detach: detachEntities,
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
	return r.Grouped(ctx, s, episodes, []stores.Order{{Field: "name"}}, fields, mentioned)
}

// mentioned links episodes to the entities they mention.
func mentioned(st *relational.Statement, scope any, episodes []stores.ID) {
	st.Add("SELECT m.episode, e.rowid FROM json_each(?) AS asked CROSS JOIN mentions AS m ON m.scope = ? AND m.episode = asked.value"+
		" CROSS JOIN entities AS e ON e.scope = m.scope AND e.id = m.entity", array(episodes), scope)
}

// ByLineage reads all versions of each lineage, oldest first.
func (r entities) ByLineage(ctx context.Context, s stores.Scope, lineages []stores.ID, fields []stores.Field) (map[stores.ID][]*stores.Entity, error) {
	order := []stores.Order{{Field: "validFrom"}, {Field: "createdAt"}}
	return r.Grouped(ctx, s, lineages, order, fields, ofLineage)
}

// ofLineage links lineages to their versions.
func ofLineage(st *relational.Statement, scope any, lineages []stores.ID) {
	st.Add("SELECT e.lineage, e.rowid FROM json_each(?) AS asked CROSS JOIN entities AS e ON e.scope = ? AND e.lineage = asked.value",
		array(lineages), scope)
}
