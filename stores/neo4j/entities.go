package neo4j

import (
	"context"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// Entities is the contract of the graph part of entities.
func (db *DB) Entities() stores.Entities { return entities{records[stores.Entity]{db, &entityNoun}} }

type entities struct{ records[stores.Entity] }

var entityNoun = noun[stores.Entity]{
	Layout: flat.Entities,
	shape: shape{
		spec:  stores.EntitySpec,
		all:   labelled("Entity"),
		one:   "(t:Entity)",
		terms: newTerms(flat.Entities, "id", "name", "lineage"),
	},
	save: always[stores.Entity]("MERGE (t:Entity {scope: $p.scope, id: row.id}) SET t = row.values, t:Memory RETURN []"),
	drop: "DETACH DELETE t",
}

// ByName reads the current entity of each name.
func (r entities) ByName(ctx context.Context, s stores.Scope, names []string, fields []stores.Field) (map[string]*stores.Entity, error) {
	return whole(ctx, func() (map[string]*stores.Entity, error) { return r.byName(ctx, s, names, fields) })
}

func (r entities) byName(ctx context.Context, s stores.Scope, names []string, fields []stores.Field) (map[string]*stores.Entity, error) {
	out := make(map[string]*stores.Entity, len(names))
	if len(names) == 0 {
		return out, r.db.usable(ctx)
	}
	columns := r.selection(fields)
	q := newQuery(s).with(map[string]any{"names": texts(unique(names))})
	q.add("MATCH ", r.one, " WHERE t.scope = $p.scope AND t.name IN $p.names AND t.superseded_by IS NULL RETURN ", r.read(q, columns))
	rows, err := r.db.read(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		e, err := r.scan(row[0], s, columns)
		if err != nil {
			return nil, err
		}
		if e.Newer(out[e.Name]) {
			out[e.Name] = e
		}
	}
	return out, nil
}

// ByEpisode reads, for each episode, the entities it mentions, ordered by name.
func (r entities) ByEpisode(ctx context.Context, s stores.Scope, episodes []stores.ID, fields []stores.Field) (map[stores.ID][]*stores.Entity, error) {
	return r.grouped(ctx, s, episodes, []stores.Order{{Field: "name"}}, fields, family{
		parents: "MATCH (p:Episode {scope: $p.scope, id: parent})",
		of:      pattern{"(p)-[:MENTIONS]->(t:Entity)", "t.scope = $p.scope"},
		uses:    "p",
	})
}

// ByLineage reads all versions of each lineage, oldest first.
func (r entities) ByLineage(ctx context.Context, s stores.Scope, lineages []stores.ID, fields []stores.Field) (map[stores.ID][]*stores.Entity, error) {
	order := []stores.Order{{Field: "validFrom"}, {Field: "createdAt"}}
	return r.grouped(ctx, s, lineages, order, fields, family{of: pattern{"(t:Entity)", "t.scope = $p.scope AND t.lineage = parent"}, uses: "parent"})
}
