package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"thalamus/stores"
)

func (v vectors) Scroll(ctx context.Context, s stores.Scope, c stores.Collection, where stores.Filter, after stores.ID, limit int) ([]stores.ID, error) {
	if limit < 1 {
		return nil, stores.Invalid("limit", "must be at least 1")
	}
	var ids []stores.ID
	err := v.each(ctx, s, c, where, after, func(id stores.ID) bool {
		ids = append(ids, id)
		return len(ids) < limit
	})
	return ids, err
}

func (v vectors) Count(ctx context.Context, s stores.Scope, c stores.Collection, where stores.Filter) (n int, err error) {
	if where.Empty() {
		at := cornerOf(s, c)
		err = v.db.snapshot(ctx, func(q querier) error {
			return q.QueryRowContext(ctx, "SELECT count(*) FROM points WHERE scope = ? AND collection = ?", at.scope, at.collection).Scan(&n)
		})
		return n, err
	}
	err = v.each(ctx, s, c, where, "", func(stores.ID) bool { n++; return true })
	return n, err
}

// each calls fn with the ids of matching points in id order until it returns false.
func (v vectors) each(ctx context.Context, s stores.Scope, c stores.Collection, where stores.Filter, after stores.ID, fn func(stores.ID) bool) error {
	where, err := stores.PointSpec.Check(where)
	if err != nil {
		return err
	}
	at := cornerOf(s, c)
	return v.db.snapshot(ctx, func(q querier) error {
		list, err := q.QueryContext(ctx, "SELECT id, payload FROM points WHERE scope = ? AND collection = ? AND id > ? ORDER BY id",
			at.scope, at.collection, after)
		if err != nil {
			return err
		}
		defer list.Close()
		for list.Next() {
			var id stores.ID
			var payload sql.RawBytes
			if err := list.Scan(&id, &payload); err != nil {
				return err
			}
			matches, err := matchPayload(where, payload)
			if err != nil {
				return err
			}
			if matches && !fn(id) {
				return nil
			}
		}
		return list.Err()
	})
}

func matchPayload(where stores.Filter, payload []byte) (bool, error) {
	if where.Empty() {
		return true, nil
	}
	fields, err := decodePayload(payload)
	return err == nil && where.Match(func(f stores.Field) any { return fields[f] }), err
}

// mergePayloads changes payloads by JSON Merge Patch (RFC 7396): a null deletes its key. The patches are looked up once,
// by id; a plain join would go through all of them for every point.
const mergePayloads = `
	WITH patch AS MATERIALIZED (
		SELECT points.row, change.value AS change FROM json_each(?1) AS change
		CROSS JOIN points ON points.scope = ?2 AND points.collection = ?3 AND points.id = change.key
	)
	UPDATE points SET payload = json_patch(payload, patch.change) FROM patch WHERE points.row = patch.row`

func (v vectors) SetPayload(ctx context.Context, s stores.Scope, c stores.Collection, payload map[stores.ID]map[stores.Field]any) error {
	if len(payload) == 0 {
		return nil
	}
	patches := make(map[stores.ID]json.RawMessage, len(payload))
	ids := make([]stores.ID, 0, len(payload))
	for id, fields := range payload {
		var err error
		if patches[id], err = encodePayload(fields, true); err != nil {
			return err
		}
		ids = append(ids, id)
	}
	merge, err := json.Marshal(patches)
	if err != nil {
		return fmt.Errorf("encoding payloads: %w", err)
	}
	at := cornerOf(s, c)
	return v.db.write(ctx, func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, mergePayloads, string(merge), at.scope, at.collection)
		if err != nil {
			return err
		}
		v.db.afterCommit(ctx, func() { v.db.vectors.changed(at, ids) })
		return nil
	})
}

func (v vectors) SetVectors(ctx context.Context, s stores.Scope, c stores.Collection, change map[stores.ID][]float32) error {
	if len(change) == 0 {
		return nil
	}
	for _, vector := range change {
		if err := stores.CheckVector(vector); err != nil {
			return err
		}
	}
	at := cornerOf(s, c)
	return v.db.write(ctx, func(ctx context.Context, q querier) error {
		m, err := readModel(ctx, q)
		if err != nil || m.Dimension == 0 { // then there are no points
			return err
		}
		for id, vector := range change {
			if err := m.CheckDimension(vector); err != nil {
				return err
			}
			_, err := q.ExecContext(ctx, "UPDATE points SET vector = ? WHERE scope = ? AND collection = ? AND id = ?",
				encodeVector(vector), at.scope, at.collection, id)
			if err != nil {
				return err
			}
		}
		v.db.afterCommit(ctx, func() { v.db.vectors.changed(at, slices.Collect(maps.Keys(change))) })
		return nil
	})
}

func (v vectors) Delete(ctx context.Context, s stores.Scope, c stores.Collection, ids []stores.ID) (n int, err error) {
	if len(ids) == 0 {
		return 0, nil
	}
	err = v.db.write(ctx, func(ctx context.Context, q querier) error {
		n, err = v.remove(ctx, q, cornerOf(s, c), ids)
		return err
	})
	return n, err
}

func (v vectors) DeleteWhere(ctx context.Context, s stores.Scope, c stores.Collection, where stores.Filter) (n int, err error) {
	err = v.db.write(ctx, func(ctx context.Context, q querier) error {
		var ids []stores.ID
		err := v.each(ctx, s, c, where, "", func(id stores.ID) bool { ids = append(ids, id); return true })
		if err != nil || len(ids) == 0 {
			return err
		}
		n, err = v.remove(ctx, q, cornerOf(s, c), ids)
		return err
	})
	return n, err
}

// remove deletes points and their words, and says how many there were.
func (v vectors) remove(ctx context.Context, q querier, at corner, ids []stores.ID) (int, error) {
	const those = "(SELECT row FROM points WHERE scope = ? AND collection = ? AND id IN (SELECT value FROM json_each(?)))"
	args := []any{at.scope, at.collection, jsonList(ids)}
	if _, err := q.ExecContext(ctx, "DELETE FROM points_text WHERE rowid IN "+those, args...); err != nil {
		return 0, err
	}
	result, err := q.ExecContext(ctx, "DELETE FROM points WHERE row IN "+those, args...)
	if err != nil {
		return 0, err
	}
	v.db.afterCommit(ctx, func() { v.db.vectors.changed(at, ids) })
	n, err := result.RowsAffected()
	return int(n), err
}
