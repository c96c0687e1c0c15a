package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"thalamus/stores"
)

// homeToken stands for a corner in the index of words: letters and digits that end in one the stemmer leaves alone.
func homeToken(c corner) string {
	sum := sha256.Sum256([]byte(c.scope + "\x00" + c.collection))
	return "h" + hex.EncodeToString(sum[:16]) + "x"
}

// indexBatch is how many texts one statement indexes: FTS5 writes its postings down before every statement of a
// transaction, which is what costs.
const indexBatch = 200

// indexTexts brings the index of words up to date with the texts of points, which are given by their rows.
func indexTexts(ctx context.Context, q querier, c corner, texts map[int64]string) error {
	rows := slices.Sorted(maps.Keys(texts))
	for batch := range slices.Chunk(rows, indexBatch) {
		words := make(map[int64]string, len(batch))
		for _, row := range batch {
			words[row] = spacedText(texts[row])
		}
		list, err := json.Marshal(words)
		if err != nil {
			return fmt.Errorf("encoding texts: %w", err)
		}
		_, err = q.ExecContext(ctx, "DELETE FROM points_text WHERE rowid IN (SELECT CAST(key AS INTEGER) FROM json_each(?))", string(list))
		if err != nil {
			return err
		}
		_, err = q.ExecContext(ctx, `INSERT INTO points_text (rowid, home, text)
			SELECT CAST(key AS INTEGER), ?, value FROM json_each(?) WHERE value <> ''`, homeToken(c), string(list))
		if err != nil {
			return err
		}
	}
	return nil
}

// keywordQuery ranks by BM25 (Robertson and Zaragoza 2009; k1 1.2, b 0.75), which FTS5 negates. Rows that cannot be
// among the best ?2 are cut before the points themselves are looked up.
const keywordQuery = `
	WITH found AS MATERIALIZED (
		SELECT rowid AS row, -bm25(points_text, 0, 1) AS score FROM points_text WHERE points_text MATCH ?1
	)
	SELECT points.id, points.payload, found.score FROM found CROSS JOIN points ON points.row = found.row
	WHERE points.scope = ?3 AND points.collection = ?4
	AND found.score >= max(?5, coalesce((SELECT score FROM found ORDER BY score DESC LIMIT 1 OFFSET ?2 - 1), 0))
	ORDER BY found.score DESC, points.id`

// keywords finds the points of a corner that have any word of the search's text. A word counts the more the rarer it is;
// rarity is taken over all scopes and collections, so scores compare within one answer only.
func (db *DB) keywords(ctx context.Context, c corner, s stores.Search) ([]stores.Hit, error) {
	match := matchWords(c, s.Text)
	if match == "" {
		return nil, nil
	}
	enough := s.Limit
	if !s.Where.Empty() {
		enough = 1 << 40 // which of them match is not known before they are looked up
	}
	var hits []stores.Hit
	err := db.snapshot(ctx, func(q querier) error {
		list, err := q.QueryContext(ctx, keywordQuery, match, enough, c.scope, c.collection, s.Threshold)
		if err != nil {
			return err
		}
		defer list.Close()
		for len(hits) < s.Limit && list.Next() {
			var h stores.Hit
			var payload sql.RawBytes
			if err := list.Scan(&h.ID, &payload, &h.Score); err != nil {
				return err
			}
			matches, err := matchPayload(s.Where, payload)
			if err != nil {
				return err
			}
			if matches {
				hits = append(hits, h)
			}
		}
		return list.Err()
	})
	return hits, err
}
