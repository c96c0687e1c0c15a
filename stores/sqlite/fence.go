package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"thalamus/stores"
)

// pass refuses a write in the name of a saga that was fenced off, and remembers the fence of one that may be the first
// after a takeover.
func pass(ctx context.Context, q querier, f stores.Fence) error {
	var seen int
	err := q.QueryRowContext(ctx, "SELECT token FROM fences WHERE saga = ?", f.Saga).Scan(&seen)
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return err
	case seen > f.Token:
		return stores.FencedOff(backend)
	case f.Token <= 1:
		return nil
	}
	now := time.Now()
	_, err = q.ExecContext(ctx, "INSERT INTO fences (saga, token, at) VALUES (?, ?, ?) ON CONFLICT (saga) DO UPDATE SET token = excluded.token, at = excluded.at",
		f.Saga, f.Token, now.UnixMicro())
	if err == nil && seen == 0 {
		_, err = q.ExecContext(ctx, "DELETE FROM fences WHERE at < ?", now.Add(-stores.FenceKept).UnixMicro())
	}
	return err
}
