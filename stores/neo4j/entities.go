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
