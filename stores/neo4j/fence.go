package neo4j

import (
	"context"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"thalamus/stores"
)

// passFence fails the statement when the saga has a fence with a higher token, by a division by zero: plain Cypher has no
// other way to take a transaction back. Otherwise it leaves the fence with a token of more than 1, and no trace of another.
//
// The fence is locked before its token is read, and until the transaction ends; one that is made and deleted again, too.
// So of two writes of a saga the second one sees what the first one left, whether their scope has a node or not.
const passFence cypher = "MERGE (f:" + labelFence + " {saga: $p.saga}) SET f.at = $p.now" +
	" WITH f WHERE 1 / CASE WHEN f.token > $p.token THEN 0 ELSE 1 END = 1" +
	" SET f.token = $p.token" +
	" FOREACH (trace IN CASE WHEN $p.token > 1 THEN [] ELSE [f] END | DELETE trace)" +
	" WITH 1 AS passed "

// pruneEvery is the least time between two looks for old fences.
const pruneEvery = time.Hour

// pruneFences deletes the fences that were kept for long enough, when it is time for that. One may be raised meanwhile, so
// its age counts once it is locked.
func (db *DB) pruneFences(ctx context.Context) error {
	now, last := stores.Now(), db.pruned.Load()
	if now.Sub(time.Unix(last, 0)) < pruneEvery || !db.pruned.CompareAndSwap(last, now.Unix()) {
		return nil
	}
	q := bare().with(map[string]any{"until": now.Add(-stores.FenceKept).UnixMicro()})
	_, err := db.run(ctx, neo4j.AccessModeWrite, q.add("MATCH (f:", labelFence, ") WHERE f.at < $p.until SET f.token = f.token",
		" WITH f WHERE f.at < $p.until DELETE f"))
	return err
}
