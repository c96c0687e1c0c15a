package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// Outbox is the contract of the outbox. The table outbox_end has one row, the last position that was given away.
type Outbox struct{ db *Database }

// NewOutbox is the contract over a database.
func NewOutbox(db *Database) Outbox { return Outbox{db} }

// Append writes events. It gives them their positions right before the commit, and whoever gives away positions keeps
// others from it until then: so they become visible in their order.
func (r Outbox) Append(ctx context.Context, events []stores.Event) error {
	if err := r.db.Usable(ctx); err != nil || len(events) == 0 {
		return err
	}
	events = slices.Clone(events)
	write := func(ctx context.Context, q Querier) error { return r.write(ctx, q, events) }
	if r.db.Running(ctx) == nil {
		return r.db.Write(ctx, write)
	}
	r.db.BeforeCommit(ctx, write)
	return nil
}

func (r Outbox) write(ctx context.Context, q Querier, events []stores.Event) error {
	if _, err := SQL("UPDATE outbox_end SET position = position + ? WHERE only_one = 1", len(events)).Run(ctx, q); err != nil {
		return err
	}
	end, err := r.end(ctx, q)
	if err != nil {
		return err
	}
	columns := append(r.db.ScopeColumns(), "position", "saga", "type", "node_kind", "node", "version", "fields", "at")
	var values []any
	for i, e := range events {
		fields, err := json.Marshal(e.Fields)
		if err != nil {
			return err
		}
		values = append(values, r.db.ScopeValues(e.Scope)...)
		values = append(values, end-int64(len(events)-1-i), e.Saga, e.Type, e.Node.Kind, e.Node.ID, e.Version, string(fields), e.At.UnixMicro())
	}
	return insertRows(ctx, q, "INSERT INTO outbox ("+strings.Join(columns, ", ")+")", r.db.PassOver(), len(columns), values)
}

// After reads up to limit events of a scope that follow a position, in order. It reads the end first, and then what is
// there up to the end: MariaDB may show one statement a transaction and not another that was committed right before.
func (r Outbox) After(ctx context.Context, s stores.Scope, position int64, limit int) (events []stores.Event, err error) {
	if err := r.db.Usable(ctx); err != nil || limit <= 0 {
		return nil, err
	}
	q := r.db.Reader(ctx)
	end, err := r.end(ctx, q)
	if err != nil || end <= position {
		return nil, r.db.Ended(ctx, err)
	}
	err = SQL("SELECT position, saga, type, node_kind, node, version, fields, at FROM outbox WHERE scope = ? AND position > ? AND position <= ? ORDER BY position LIMIT ?",
		r.db.ScopeValues(s)[0], position, end, limit).Each(ctx, q, func(rows *sql.Rows) error {
		e := stores.Event{Scope: s}
		err := rows.Scan(&e.Position, &e.Saga, &e.Type, &e.Node.Kind, &e.Node.ID, &e.Version,
			flat.JSON[[]stores.Field]{To: &e.Fields}, flat.Instant{To: &e.At})
		events = append(events, e)
		return err
	})
	return events, r.db.Ended(ctx, err)
}

// end is the last position that was given away.
func (r Outbox) end(ctx context.Context, q Querier) (position int64, err error) {
	err = SQL("SELECT position FROM outbox_end WHERE only_one = 1").One(ctx, q, &position)
	return position, err
}

// Prune deletes events older than an instant, in every scope, and says how many there were.
func (r Outbox) Prune(ctx context.Context, before time.Time) (n int, err error) {
	err = r.db.Write(ctx, func(ctx context.Context, q Querier) error {
		n, err = SQL("DELETE FROM outbox WHERE at < ?", before.UnixMicro()).Run(ctx, q)
		return err
	})
	return n, err
}
