package sqlite

import (
	"context"
	"database/sql"

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

// ByName reads the current entity of each name.
func (r entities) ByName(ctx context.Context, s stores.Scope, names []string, fields []stores.Field) (map[string]*stores.Entity, error) {
	if err := r.db.usable(ctx); err != nil {
		return nil, err
	}
	out := make(map[string]*stores.Entity, len(names))
	columns := r.Projection(fields)
	st := r.Select(columns).Add(" FROM entities AS t WHERE t.scope = ? AND t.name IN (SELECT value FROM json_each(?)) AND t.superseded_by IS NULL",
		s.Key(), array(names))
	err := st.Each(ctx, r.db.rows.Reader(ctx), func(rows *sql.Rows) error {
		e, err := r.Scan(rows, s, columns)
		if err == nil && e.Newer(out[e.Name]) {
			out[e.Name] = e
		}
		return err
	})
	return out, r.db.rows.Ended(ctx, err)
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
