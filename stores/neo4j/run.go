package neo4j

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"thalamus/stores"
)

// How long a statement is tried again that the server refused for the moment (a deadlock, a change of leader), and the
// first pause, which doubles.
const (
	maxRetryTime = 5 * time.Second
	firstPause   = 5 * time.Millisecond
	maxPause     = 500 * time.Millisecond
)

// read runs a statement that changes nothing.
func (db *DB) read(ctx context.Context, q *query) ([][]any, error) {
	return db.run(ctx, neo4j.AccessModeRead, q)
}

// write runs a statement in a transaction of its own: all of it happens or nothing. One that leaves a fence behind is an
// occasion to delete old ones.
func (db *DB) write(ctx context.Context, q *query) ([][]any, error) {
	if f, ok := stores.FenceOf(ctx); ok && f.Token > 1 {
		if err := db.pruneFences(ctx); err != nil {
			return nil, err
		}
	}
	return db.run(ctx, neo4j.AccessModeWrite, q)
}

// run sends a statement and reads its whole answer, in one round trip. It is sent again when the server says that it did
// nothing and may succeed later; a read also once after a connection broke. A write after which the connection broke may
// have happened or not, and is left to the caller.
func (db *DB) run(ctx context.Context, mode neo4j.AccessMode, q *query) ([][]any, error) {
	if err := db.usable(ctx); err != nil {
		return nil, err
	}
	release, err := db.pool.take(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if scope, ok := q.params["scope"].(string); ok {
		q.params["scope"] = db.namespace + scope
	}
	start, pause, broken := time.Now(), firstPause, false
	for {
		rows, err := db.send(ctx, mode, q)
		if err == nil {
			return rows, nil
		}
		again := transient(err)
		if !again && mode == neo4j.AccessModeRead && !broken && disconnected(err) {
			again, broken = true, true
		}
		if !again || time.Since(start) > maxRetryTime || !sleep(ctx, pause) {
			return nil, translate(ctx, err)
		}
		pause = min(2*pause, maxPause)
	}
}

// sleep waits for up to d, at least half of it, and says whether the context lasted.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d/2 + rand.N(d/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// send runs a statement once, as a transaction of its own that ends with its answer.
func (db *DB) send(ctx context.Context, mode neo4j.AccessMode, q *query) (rows [][]any, err error) {
	session := db.driver.NewSession(ctx, neo4j.SessionConfig{
		AccessMode: mode, DatabaseName: db.database, BookmarkManager: db.bookmarks, FetchSize: neo4j.FetchAll,
	})
	defer session.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the answer was read, or the error is known
	text := q.text.String()
	if db.observe != nil {
		db.observe(mode, text, q.params)
	}
	result, err := session.Run(ctx, text, map[string]any{"p": q.params}, deadline(ctx))
	if err != nil {
		return nil, err
	}
	records, err := result.Collect(ctx)
	if err != nil {
		return nil, err
	}
	rows = make([][]any, len(records))
	for i, r := range records {
		rows[i] = r.Values
	}
	return rows, nil
}

// slack lets the caller's own deadline strike before the server's.
const slack = 100 * time.Millisecond

// deadline has the server give up when the caller has.
func deadline(ctx context.Context) func(*neo4j.TransactionConfig) {
	end, ok := ctx.Deadline()
	if !ok {
		return func(*neo4j.TransactionConfig) {}
	}
	return neo4j.WithTxTimeout(max(time.Until(end), 0) + slack)
}
