package neo4j

import (
	"context"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// Episodes is the contract of episodes.
func (db *DB) Episodes() stores.Episodes { return episodes{records[stores.Episode]{db, &episodeNoun}} }

type episodes struct{ records[stores.Episode] }

type episode = stores.Episode

var episodeNoun = noun[episode]{
	Layout: flat.Episodes,
	shape: shape{
		spec:  stores.EpisodeSpec,
		all:   labelled("Episode"),
		one:   "(t:Episode)",
		terms: newTerms(flat.Episodes, "id", "timestamp", "session_id"),
	},
	linked: &flat.Column[episode]{
		Name: "mentions",
		Scan: func(e *episode) any { return idList{&e.Mentions} },
	},
	links: "COLLECT { MATCH (t)-[m:MENTIONS]->(e:Entity) RETURN e.id ORDER BY m.rank }",
	check: mentioned,
	row: func(e *episode, row map[string]any) {
		row["session"], row["position"], row["mentions"] = e.SessionID, nil, texts(unique(e.Mentions))
		if e.Position != nil {
			row["position"] = int64(*e.Position)
		}
	},
	save: always[episode](saveEpisode),
	took: setPosition,
	drop: "DETACH DELETE t",
}

// saveEpisode gives an episode without position the one it has already in the session, or else the next of it.
const saveEpisode cypher = "OPTIONAL MATCH (old:Episode {scope: $p.scope, id: row.id}) WHERE old.session_id = row.session" +
	" WITH row, coalesce(row.position, old.position," +
	" COLLECT { MATCH (l:Episode) WHERE l.scope = $p.scope AND l.session_id = row.session AND l.position IS NOT NULL" +
	" RETURN l.position ORDER BY l.scope DESC, l.session_id DESC, l.position DESC LIMIT 1 }[0] + 1, 0) AS position" +
	" MERGE (t:Episode {scope: $p.scope, id: row.id}) SET t = row.values, t.position = position, t:Memory" +
	" WITH row, t, position" +
	" CALL (t) { MATCH (t)-[m:MENTIONS]->() DELETE m }" +
	" CALL (row, t) { UNWIND range(0, size(row.mentions) - 1) AS rank MATCH (e:Entity {scope: $p.scope, id: row.mentions[rank]})" +
	" CREATE (t)-[:MENTIONS {rank: rank}]->(e) }" +
	" RETURN [position]"

func mentioned(items []*episode) (refs, error) {
	var ids []stores.ID
	for _, e := range items {
		ids = append(ids, e.Mentions...)
	}
	return refs{stores.KindEntity: ids}, nil
}

// setPosition tells an episode without position which one it was given.
func setPosition(e *episode, answer []any) error {
	if e.Position != nil {
		return nil
	}
	n, ok := answer[0].(int64)
	if !ok {
		return unexpected(answer[0], "a position")
	}
	e.Position = new(int(n))
	return nil
}

// idList reads a list of ids.
type idList struct{ to *[]stores.ID }

// Scan implements [database/sql.Scanner].
func (l idList) Scan(v any) error {
	list, ok := v.([]any)
	if !ok {
		return unexpected(v, "a list")
	}
	for _, e := range list {
		id, ok := e.(string)
		if !ok {
			return unexpected(e, "an id")
		}
		*l.to = append(*l.to, stores.ID(id))
	}
	return nil
}

// ByEntity reads, for each entity, one page of the episodes that mention it.
func (r episodes) ByEntity(ctx context.Context, s stores.Scope, entities []stores.ID, q stores.Query) (map[stores.ID]stores.Slice[*stores.Episode], error) {
	return r.children(ctx, s, entities, q, family{
		parents: "MATCH (p:Entity {scope: $p.scope, id: parent})",
		of:      pattern{"(p)<-[:MENTIONS]-(t:Episode)", "t.scope = $p.scope"},
		uses:    "p",
	})
}

// Adjacent reads the neighbours in the session.
func (r episodes) Adjacent(ctx context.Context, s stores.Scope, ids []stores.ID) (map[stores.ID]stores.Adjacent, error) {
	out := make(map[stores.ID]stores.Adjacent, len(ids))
	if len(ids) == 0 {
		return out, r.db.usable(ctx)
	}
	q := newQuery(s).with(map[string]any{"ids": texts(unique(ids))})
	q.add("MATCH (t:Episode) WHERE t.scope = $p.scope AND t.id IN $p.ids RETURN t.id, ",
		nextTo("<", " DESC"), ", ", nextTo(">", ""))
	rows, err := r.db.read(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		id, _ := row[0].(string)
		previous, _ := row[1].(string) // null at the ends of a session
		next, _ := row[2].(string)
		out[stores.ID(id)] = stores.Adjacent{Previous: stores.ID(previous), Next: stores.ID(next)}
	}
	return out, nil
}

// nextTo is the id of the episode of the session that is next to t on one side.
func nextTo(than, direction cypher) cypher {
	return "COLLECT { MATCH (n:Episode) WHERE n.scope = $p.scope AND n.session_id = t.session_id AND n.position " + than + "= t.position" +
		" AND (n.position " + than + " t.position OR n.id " + than + " t.id) RETURN n.id" +
		" ORDER BY n.scope" + direction + ", n.session_id" + direction + ", n.position" + direction + ", n.id" + direction + " LIMIT 1 }[0]"
}
