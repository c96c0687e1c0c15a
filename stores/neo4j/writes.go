package neo4j

import (
	"context"
	"errors"

	"thalamus/stores"
)

// The lock of a write is that of the scope's node: the writes of a scope follow each other, and what they read afterwards
// stays true until they commit. A put makes the node; where there is none, nothing is stored.
const (
	lockOrMake cypher = "MERGE (s:" + labelScope + " {key: $p.scope}) SET s.changed_at = $p.now WITH s "
	lockOnly   cypher = "MATCH (s:" + labelScope + " {key: $p.scope}) SET s.changed_at = $p.now WITH s "
)

// newWrite starts the statement of a write: it passes the fence of the saga in whose name the write is made, if it is made
// in one's, and takes the lock.
func newWrite(ctx context.Context, s stores.Scope, lock cypher) *query {
	q := newQuery(s).with(map[string]any{"now": stores.Now().UnixMicro()})
	if f, ok := stores.FenceOf(ctx); ok {
		q.with(map[string]any{"saga": string(f.Saga), "token": int64(f.Token)}).add(passFence)
	}
	return q.add(lock)
}

// refs are nodes that must exist, by noun.
type refs map[stores.Kind][]stores.ID

// absent finds the first of the nodes in $p.episodes, $p.entities and $p.procedures that does not exist, as missing: a list of
// its noun and id, or null.
var absent = func() cypher {
	var parts []cypher
	for _, kind := range stores.EndpointKinds {
		parts = append(parts, "UNWIND "+wanted[kind]+" AS id OPTIONAL MATCH (n:"+labels[kind]+" {scope: $p.scope, id: id})"+
			" WITH id, n WHERE n IS NULL RETURN ['"+labels[kind]+"', id] AS ref LIMIT 1")
	}
	return "CALL () { CALL () { " + join(parts, " UNION ALL ") + " } RETURN collect(ref)[0] AS missing } "
}()

// wanted are the parameters of absent.
var wanted = map[stores.Kind]cypher{
	stores.KindEpisode: "$p.episodes", stores.KindEntity: "$p.entities", stores.KindProcedure: "$p.procedures",
}

// Put inserts or replaces records, all or none.
func (r records[T]) Put(ctx context.Context, s stores.Scope, items []*T) error {
	if err := r.db.usable(ctx); err != nil {
		return err
	}
	if err := r.Owned(s, items); err != nil || len(items) == 0 {
		return err
	}
	q := newWrite(ctx, s, lockOrMake).with(map[string]any{"exact": false}).add("WITH s, null AS stored ")
	_, err := r.write(ctx, q, items, "true")
	return err
}

// Swap replaces the stored record if its version is one below the item's.
func (r records[T]) Swap(ctx context.Context, s stores.Scope, item *T) error {
	if err := r.db.usable(ctx); err != nil {
		return err
	}
	items := []*T{item}
	if err := r.Owned(s, items); err != nil {
		return err
	}
	h := r.Head(item)
	q := newWrite(ctx, s, lockOnly).with(map[string]any{"exact": true, "id": string(*h.ID), "expected": int64(*h.Version) - 1})
	q.add("MATCH ", r.one, " WHERE t.scope = $p.scope AND t.id = $p.id WITH s, t.version AS stored ")
	stored, err := r.write(ctx, q, items, "stored = $p.expected")
	switch {
	case stored != nil && *stored != *h.Version-1:
		return stores.Conflict("the stored version is %d, and this edit was made on version %d; read it again and repeat the edit",
			*stored, *h.Version-1)
	case err == nil && stored == nil:
		return stores.Missing(r.spec.Kind, *h.ID)
	}
	return err
}

// write ends a statement that locks the scope and knows the stored version: when the condition holds and no node is
// missing, it saves the rows one after the other. It gives the stored version, nil when there is none.
func (r records[T]) write(ctx context.Context, q *query, items []*T, condition cypher) (*int, error) {
	need := refs{}
	find := cypher("WITH *, null AS missing ")
	if r.check != nil {
		var err error
		if need, err = r.check(items); err != nil {
			return nil, err
		}
		find = absent
	}
	rows, err := r.rows(items, r.db.namespace)
	if err != nil {
		return nil, err
	}
	q.with(map[string]any{
		"rows": rows, "episodes": texts(unique(need[stores.KindEpisode])),
		"entities": texts(unique(need[stores.KindEntity])), "procedures": texts(unique(need[stores.KindProcedure])),
	})
	q.add(find, "CALL (stored, missing) { UNWIND CASE WHEN missing IS NULL AND ", condition, " THEN $p.rows ELSE [] END AS row ",
		"CALL (row) { ", r.save(items), " AS answer } RETURN collect([row.n, answer]) AS saved } RETURN stored, missing, saved")
	answer, err := r.db.write(ctx, q)
	if err != nil {
		return nil, r.refusal(err, items)
	}
	return r.written(answer, items)
}

// refusal words a conflict in terms of the noun.
func (n *noun[T]) refusal(err error, items []*T) error {
	if n.taken != nil && len(items) == 1 && errors.Is(err, stores.ErrConflict) && !errors.Is(err, stores.ErrFenced) {
		return n.taken(items[0])
	}
	return err
}

// rows are the parameters of the records.
func (n *noun[T]) rows(items []*T, namespace string) ([]any, error) {
	names := n.Written()
	out := make([]any, len(items))
	for i, item := range items {
		list, err := n.Values(item)
		if err != nil {
			return nil, err
		}
		values := make(map[string]any, len(names)+1)
		for k, name := range names {
			if list[k] != nil {
				values[name] = list[k]
			}
		}
		values["scope"] = namespace + n.Head(item).Scope.Key()
		row := map[string]any{"n": int64(i), "id": string(*n.Head(item).ID), "values": values}
		if n.row != nil {
			n.row(item, row)
		}
		out[i] = row
	}
	return out, nil
}

// written reads the answer of a write.
func (n *noun[T]) written(answer [][]any, items []*T) (stored *int, err error) {
	if len(answer) == 0 {
		return nil, nil
	}
	if v, ok := answer[0][0].(int64); ok {
		stored = new(int(v))
	}
	if ref, ok := answer[0][1].([]any); ok && len(ref) == 2 {
		kind, _ := ref[0].(string)
		id, _ := ref[1].(string)
		return stored, stores.Missing(stores.Kind(kind), stores.ID(id))
	}
	saved, _ := answer[0][2].([]any)
	for _, s := range saved {
		pair, _ := s.([]any)
		if len(pair) != 2 {
			return stored, unexpected(s, "what was saved")
		}
		i, _ := pair[0].(int64)
		values, _ := pair[1].([]any)
		if n.took == nil {
			continue
		}
		if err := n.took(items[i], values); err != nil {
			return stored, err
		}
	}
	return stored, nil
}

// held says that a scope holds a node of any noun.
func held(key cypher) cypher {
	var any []cypher
	for _, kind := range stores.EndpointKinds {
		any = append(any, "EXISTS { MATCH (t:"+labels[kind]+") WHERE t.scope = "+key+" AND t.id IS NOT NULL }")
	}
	return join(any, " OR ")
}

// Delete removes records with all that hangs on them and says how many there were.
func (r records[T]) Delete(ctx context.Context, s stores.Scope, ids []stores.ID) (int, error) {
	if err := r.db.usable(ctx); err != nil || len(ids) == 0 {
		return 0, err
	}
	q := newWrite(ctx, s, lockOnly).with(map[string]any{"ids": texts(unique(ids))})
	q.add("CALL () { MATCH ", r.one, " WHERE t.scope = $p.scope AND t.id IN $p.ids ", r.drop,
		" RETURN count(*) AS n } ",
		// A scope that holds nothing any more leaves nothing behind.
		"FOREACH (gone IN CASE WHEN ", held("$p.scope"), " THEN [] ELSE [s] END | DELETE gone) RETURN n")
	return count(r.db.write(ctx, q))
}
