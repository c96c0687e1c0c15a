package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"

	"thalamus/stores"
	"thalamus/stores/flat"
	"thalamus/stores/relational"
)

// Episodes is the contract of episodes.
func (db *DB) Episodes() stores.Episodes {
	return episodes{relational.NewRecords(db.rows, episodeTable), db}
}

type episodes struct {
	relational.Records[stores.Episode]
	db *DB
}

type episode = stores.Episode

var episodeTable = relational.NewTable(dialect{}, "episodes", flat.Episodes, relational.Extras[episode]{
	Read:     map[string]string{"mentions": readMentions},
	Links:    &mentionsColumn,
	Check:    mentionsExist,
	Complete: setPosition,
	Attach:   writeMentions,
	Detach:   detachEpisodes,
})

// mentionsColumn gathers the mentions of an episode, in the order in which they were given.
var mentionsColumn = flat.Column[episode]{
	Name: "mentions",
	Scan: func(e *episode) any { return flat.JSON[[]stores.ID]{To: &e.Mentions} },
}

const readMentions = "(SELECT json_group_array(entity) FROM (SELECT m.entity FROM mentions AS m" +
	" WHERE m.scope = t.scope AND m.episode = t.id ORDER BY m.rank))"

// setPosition gives an episode without position the one it has already, or else the next of its session.
func setPosition(ctx context.Context, q querier, s stores.Scope, e *episode) error {
	if e.Position != nil {
		return nil
	}
	e.Position = new(int)
	const find = `SELECT coalesce(
		(SELECT position FROM episodes WHERE scope = ?1 AND id = ?3 AND session_id = ?2),
		(SELECT max(position) + 1 FROM episodes WHERE scope = ?1 AND session_id = ?2), 0)`
	return q.QueryRowContext(ctx, find, s.Key(), e.SessionID, e.ID).Scan(e.Position)
}

func mentionsExist(ctx context.Context, q querier, s stores.Scope, items []*episode) error {
	var ids []stores.ID
	for _, e := range items {
		ids = append(ids, e.Mentions...)
	}
	return exist(ctx, q, s, stores.KindEntity, ids)
}

// nodeTables are the tables of the nouns that edges may join.
var nodeTables = map[stores.Kind]string{
	stores.KindEpisode: "episodes", stores.KindEntity: "entities", stores.KindProcedure: "procedures",
}

// exist wants every node to be there.
func exist(ctx context.Context, q querier, s stores.Scope, kind stores.Kind, ids []stores.ID) error {
	if len(ids) == 0 {
		return nil
	}
	st := relational.SQL("SELECT asked.value FROM json_each(?) AS asked WHERE NOT EXISTS (SELECT 1 FROM "+nodeTables[kind]+
		" AS t WHERE t.scope = ? AND t.id = asked.value) LIMIT 1", array(slices.Compact(slices.Sorted(slices.Values(ids)))), s.Key())
	return st.Each(ctx, q, func(rows *sql.Rows) error {
		var id stores.ID
		if err := rows.Scan(&id); err != nil {
			return err
		}
		return stores.Missing(kind, id)
	})
}

// writeMentions replaces the mentions of the episodes. Of two items with one id the later counts.
func writeMentions(ctx context.Context, q querier, s stores.Scope, items []*episode) error {
	mentions := make(map[stores.ID][]stores.ID, len(items))
	ids := make([]stores.ID, len(items))
	for i, e := range items {
		ids[i] = e.ID
		mentions[e.ID] = e.Mentions
	}
	if _, err := q.ExecContext(ctx, "DELETE FROM mentions WHERE scope = ? AND episode IN (SELECT value FROM json_each(?))",
		s.Key(), array(ids)); err != nil {
		return err
	}
	batch, err := json.Marshal(mentions)
	if err != nil {
		return err
	}
	_, err = q.ExecContext(ctx, `INSERT OR IGNORE INTO mentions (scope, episode, rank, entity)
		SELECT ?, e.key, m.key, m.value FROM json_each(?) AS e CROSS JOIN json_each(e.value) AS m WHERE e.type = 'array'`,
		s.Key(), string(batch))
	return err
}

func detachEpisodes(ctx context.Context, q querier, s stores.Scope, ids []stores.ID) error {
	if _, err := q.ExecContext(ctx, "DELETE FROM mentions WHERE scope = ? AND episode IN (SELECT value FROM json_each(?))",
		s.Key(), array(ids)); err != nil {
		return err
	}
	return deleteEdges(ctx, q, s, stores.KindEpisode, ids)
}

// ByEntity reads, for each entity, one page of the episodes that mention it.
func (r episodes) ByEntity(ctx context.Context, s stores.Scope, entities []stores.ID, q stores.Query) (map[stores.ID]stores.Slice[*stores.Episode], error) {
	return r.Children(ctx, s, entities, q, mentioning)
}

// mentioning links entities to the episodes that mention them.
func mentioning(st *relational.Statement, scope any, entities []stores.ID) {
	st.Add("SELECT m.entity, e.rowid FROM json_each(?) AS asked CROSS JOIN mentions AS m ON m.scope = ? AND m.entity = asked.value"+
		" CROSS JOIN episodes AS e ON e.scope = m.scope AND e.id = m.episode", array(entities), scope)
}

// Adjacent reads the neighbours in the session.
func (r episodes) Adjacent(ctx context.Context, s stores.Scope, ids []stores.ID) (map[stores.ID]stores.Adjacent, error) {
	if err := r.db.usable(ctx); err != nil {
		return nil, err
	}
	const beside = "coalesce((SELECT n.id FROM episodes AS n WHERE n.scope = t.scope AND n.session_id = t.session_id AND "
	st := relational.SQL("SELECT t.id, "+
		beside+"(n.position, n.id) < (t.position, t.id) ORDER BY n.position DESC, n.id DESC LIMIT 1), ''), "+
		beside+"(n.position, n.id) > (t.position, t.id) ORDER BY n.position, n.id LIMIT 1), '') "+
		"FROM json_each(?) AS asked CROSS JOIN episodes AS t ON t.scope = ? AND t.id = asked.value", array(ids), s.Key())
	out := make(map[stores.ID]stores.Adjacent, len(ids))
	err := st.Each(ctx, r.db.rows.Reader(ctx), func(rows *sql.Rows) error {
		var id stores.ID
		var a stores.Adjacent
		err := rows.Scan(&id, &a.Previous, &a.Next)
		out[id] = a
		return err
	})
	return out, r.db.rows.Ended(ctx, err)
}
