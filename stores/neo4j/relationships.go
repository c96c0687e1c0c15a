package neo4j

import (
	"cmp"
	"context"
	"slices"
	"time"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// Relationships is the contract of edges.
func (db *DB) Relationships() stores.Relationships {
	return relationships{records[stores.Relationship]{db, &relationshipNoun}}
}

type relationships struct{ records[stores.Relationship] }

type relationship = stores.Relationship

var relationshipNoun = noun[relationship]{
	Layout: flat.Relationships,
	shape: shape{
		spec:  stores.RelationshipSpec,
		all:   allEdges,
		one:   "()-[t:" + anyType + "]->()",
		terms: newTerms(flat.Relationships, "id", "weight"),
	},
	check: ends,
	row: func(r *relationship, row map[string]any) {
		values := row["values"].(map[string]any)
		values["label_key"] = r.Label // as null does not take part in a constraint
		row["created_at"] = r.CreatedAt.UnixMicro()
	},
	save: saveEdge,
	took: func(r *relationship, answer []any) error {
		id, ok := answer[0].(string)
		created, ok2 := answer[1].(int64)
		if !ok || !ok2 {
			return edgeTaken(r)
		}
		r.ID, r.CreatedAt = stores.ID(id), time.UnixMicro(created).UTC()
		return nil
	},
	drop:  "DELETE t",
	taken: edgeTaken,
}

func edgeTaken(r *relationship) error {
	return stores.Conflict("another %s edge with this label already joins %s to %s; edit that one", r.Type, r.Source.ID, r.Target.ID)
}

// anyType are all types.
var anyType = join(relationTypes, "|")

// allEdges matches the edges of a scope: from the index of their type when there is only one, or else, since each type has
// its own, as what leaves the nodes of the scope.
func allEdges(f stores.Filter) pattern {
	types := typesIn(f)
	if len(types) == 1 && !noneOf(types) {
		return pattern{"()-[t:" + typesOf(types) + "]->()", inScope}
	}
	return pattern{
		"(n:Memory)-[t:" + typesOf(types) + "]->()",
		"n.scope = $p.scope AND n.id IS NOT NULL AND t.scope = $p.scope",
	}
}

// typesIn are the types that a filter restricts edges to; none when it does not.
func typesIn(f stores.Filter) (types []stores.RelationType) {
	switch {
	case f.Op == stores.And:
		for _, t := range f.Terms {
			if types = typesIn(t); types != nil {
				return types
			}
		}
	case f.Field == "type" && f.Op == stores.Eq:
		return []stores.RelationType{stores.RelationType(f.Value.(string))}
	case f.Field == "type" && f.Op == stores.In:
		for _, v := range f.Value.([]any) {
			types = append(types, stores.RelationType(v.(string)))
		}
	}
	return types
}

// ends are the nodes that edges join.
func ends(items []*relationship) (refs, error) {
	need := refs{}
	for _, r := range items {
		if !slices.Contains(stores.RelationTypes, r.Type) {
			return nil, stores.Invalid("type", "%q is not one of %v", r.Type, stores.RelationTypes)
		}
		for _, end := range []stores.Ref{r.Source, r.Target} {
			if labels[end.Kind] == "" {
				return nil, stores.Invalid("source.kind", "an edge cannot join a %q; it joins one of %v", end.Kind, stores.EndpointKinds)
			}
			need[end.Kind] = append(need[end.Kind], end.ID)
		}
	}
	return need, nil
}

// saveEdge writes an edge over the one that joins the same nodes with the same type and label, which keeps its id, or else
// in the place of the one with its id, or else as a new one. It answers with the id and the time of creation, or, when the
// edge must keep its id ($p.exact) and another one is in its place, with nulls and no change.
//
// Neither the type of an edge nor its ends can be changed, so an edge that moves is made anew.
func saveEdge(items []*relationship) cypher {
	var create []cypher
	for _, t := range typesAmong(items) {
		create = append(create, " FOREACH (_ IN CASE WHEN anew AND row.values.type = '"+t+"' THEN [1] ELSE [] END |"+
			" CREATE (a)-[r:"+t+"]->(b) SET r = row.values)")
	}
	return "MATCH (a:Memory {scope: $p.scope, id: row.values.source}) WHERE row.values.source_kind IN labels(a)" +
		" MATCH (b:Memory {scope: $p.scope, id: row.values.target}) WHERE row.values.target_kind IN labels(b)" +
		" OPTIONAL MATCH (a)-[k:" + anyType + "]->(b) WHERE k.label_key = row.values.label_key AND type(k) = row.values.type" +
		" OPTIONAL MATCH ()-[o:" + anyType + "]->() WHERE o.scope = $p.scope AND o.id = row.id" +
		" WITH row, a, b, k, o, k IS NULL AS anew, $p.exact AND k.id <> row.id AS taken," +
		" CASE WHEN k.id <> row.id THEN {id: k.id, created_at: k.created_at} ELSE {id: row.id, created_at: row.created_at} END AS kept" +
		" FOREACH (_ IN CASE WHEN anew AND o IS NOT NULL THEN [o] ELSE [] END | DELETE o)" +
		" FOREACH (r IN CASE WHEN anew OR taken THEN [] ELSE [k] END | SET r = row.values SET r += kept)" +
		join(create, "") +
		" RETURN CASE WHEN taken THEN [null, null] ELSE [kept.id, kept.created_at] END"
}

// typesAmong are the types of some edges, or all types when there are more than two, so that there are not too many plans.
func typesAmong(items []*relationship) []cypher {
	var some []cypher
	for i, t := range stores.RelationTypes {
		if slices.ContainsFunc(items, func(r *relationship) bool { return r.Type == t }) {
			some = append(some, relationTypes[i])
		}
	}
	if len(some) > 2 {
		return relationTypes
	}
	return some
}

// ByNode reads, for each node, one page of its edges.
func (r relationships) ByNode(ctx context.Context, s stores.Scope, nodes []stores.ID, flow stores.Flow, q stores.Query) (map[stores.ID]stores.Slice[*stores.Relationship], error) {
	way, ok := flowing[flow]
	if !ok {
		return nil, stores.Invalid("flow", "%q is not one of [OUT IN BOTH]", flow)
	}
	where, err := r.spec.Check(q.Where)
	if err != nil {
		return nil, err
	}
	return r.children(ctx, s, nodes, q, family{
		of: pattern{
			"(n:Memory {scope: $p.scope, id: parent})" + way[0] + "[t:" + typesOf(typesIn(where)) + "]" + way[1] + "()",
			"t.scope = $p.scope",
		},
		uses: "parent",
	})
}

// flowing are the arrows of each direction.
var flowing = map[stores.Flow][2]cypher{stores.FlowOut: {"-", "->"}, stores.FlowIn: {"<-", "-"}, stores.FlowBoth: {"-", "-"}}

// Strengthen raises weights and counts one more use of each edge. It is an edit: the version rises.
func (r relationships) Strengthen(ctx context.Context, s stores.Scope, ids []stores.ID, rate float64, at time.Time) (map[stores.ID]*stores.Relationship, error) {
	return r.adjust(ctx, s, ids, rate, at,
		"t.weight = t.weight + $p.rate * (1 - t.weight), t.co_access_count = t.co_access_count + 1, t.last_co_access_at = $p.at")
}

// Weaken lowers weights. It is an edit: the version rises.
func (r relationships) Weaken(ctx context.Context, s stores.Scope, ids []stores.ID, rate float64, at time.Time) (map[stores.ID]*stores.Relationship, error) {
	return r.adjust(ctx, s, ids, rate, at, "t.weight = t.weight * (1 - $p.rate)")
}

func (r relationships) adjust(ctx context.Context, s stores.Scope, ids []stores.ID, rate float64, at time.Time, set cypher) (map[stores.ID]*stores.Relationship, error) {
	out := make(map[stores.ID]*stores.Relationship, len(ids))
	if err := r.db.usable(ctx); err != nil {
		return nil, err
	}
	if err := unit("rate", rate); err != nil || len(ids) == 0 {
		return out, err
	}
	columns := r.selection(nil)
	q := newWrite(ctx, s, lockOnly).with(map[string]any{"ids": texts(unique(ids)), "rate": rate, "at": at.UnixMicro()})
	q.add("MATCH ", r.one, " WHERE t.scope = $p.scope AND t.id IN $p.ids",
		" SET ", set, ", t.updated_at = $p.at, t.version = t.version + 1 RETURN ", r.read(q, columns))
	rows, err := r.db.write(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		e, err := r.scan(row[0], s, columns)
		if err != nil {
			return nil, err
		}
		out[e.ID] = e
	}
	return out, nil
}

func unit(path string, v float64) error {
	var c stores.Check
	c.Unit(path, v)
	return c.Err()
}

// Decay lets stale edges fade and deletes the faintest. Decayed counts every stale edge, those that were then deleted
// included.
func (r relationships) Decay(ctx context.Context, s stores.Scope, d stores.Decay) (faded stores.Faded, err error) {
	if err := r.db.usable(ctx); err != nil {
		return faded, err
	}
	where, err := r.spec.Check(d.Where)
	if err != nil {
		return faded, err
	}
	var c stores.Check
	c.Unit("rate", d.Rate)
	c.Unit("minWeight", d.MinWeight)
	if err := c.Err(); err != nil {
		return faded, err
	}
	q := newWrite(ctx, s, lockOnly).with(map[string]any{
		"before": d.StaleBefore.UnixMicro(), "rate": d.Rate, "least": d.MinWeight, "at": cmp.Or(d.At, stores.Now()).UnixMicro(),
	})
	q.add("MATCH ()-[t:", typesOf(typesIn(where)), "]->() WHERE t.scope = $p.scope AND t.last_co_access_at < $p.before",
		" AND t.updated_at < $p.at AND ", r.where(q, where, false),
		// All of them are found before the first one changes: the filter means the weights as they are now.
		" WITH collect(t) AS stale UNWIND stale AS t WITH t, t.weight * (1 - $p.rate) AS weight",
		" FOREACH (gone IN CASE WHEN weight < $p.least THEN [t] ELSE [] END | DELETE gone)",
		" FOREACH (kept IN CASE WHEN weight < $p.least THEN [] ELSE [t] END |",
		" SET kept.weight = weight, kept.updated_at = $p.at, kept.version = kept.version + 1)",
		" RETURN count(*), sum(CASE WHEN weight < $p.least THEN 1 ELSE 0 END)")
	rows, err := r.db.write(ctx, q)
	if err != nil || len(rows) == 0 {
		return faded, err
	}
	decayed, _ := rows[0][0].(int64)
	pruned, _ := rows[0][1].(int64)
	return stores.Faded{Decayed: int(decayed), Pruned: int(pruned)}, nil
}
