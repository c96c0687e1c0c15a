package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// Outbox is the contract of the outbox. The table outbox_end has one row, the last position that was given away.
type Outbox struct {
	db *Database

	mu       sync.Mutex
	notified []func(stores.Scope)
}

// NewOutbox is the contract over a database.
func NewOutbox(db *Database) *Outbox { return &Outbox{db: db} }

// Notify has f called with their scope whenever events that this process appended have been committed.
func (r *Outbox) Notify(f func(stores.Scope)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notified = append(r.notified, f)
}

// Append writes events. It gives them their positions right before the commit, and whoever gives away positions keeps
// others from it until then: so they become visible in their order.
func (r *Outbox) Append(ctx context.Context, events []stores.Event) error {
	if err := r.db.Usable(ctx); err != nil || len(events) == 0 {
		return err
	}
	events = slices.Clone(events)
	write := func(ctx context.Context, q Querier) error {
		r.db.AfterCommit(ctx, func() { r.notify(events) })
		return r.write(ctx, q, events)
	}
	if r.db.Running(ctx) == nil {
		return r.db.Write(ctx, write)
	}
	r.db.BeforeCommit(ctx, write)
	return nil
}

// notify tells whose events were committed.
func (r *Outbox) notify(events []stores.Event) {
	r.mu.Lock()
	notified := r.notified[:len(r.notified):len(r.notified)]
	r.mu.Unlock()
	told := map[stores.Scope]bool{}
	for _, e := range events {
		if told[e.Scope] {
			continue
		}
		told[e.Scope] = true
		for _, f := range notified {
			f(e.Scope)
		}
	}
}

func (r *Outbox) write(ctx context.Context, q Querier, events []stores.Event) error {
	if _, err := SQL("UPDATE outbox_end SET position = position + ? WHERE only_one = 1", len(events)).Run(ctx, q); err != nil {
		return err
	}
	extent, err := r.extent(ctx, q)
	if err != nil {
		return err
	}
	columns := append(r.db.ScopeColumns(), "position", "saga", "type", "node_kind", "node", "version", "fields", "state", "turn", "at")
	var values []any
	for i, e := range events {
		fields, err := json.Marshal(e.Fields)
		if err != nil {
			return err
		}
		values = append(values, r.db.ScopeValues(e.Scope)...)
		values = append(values, extent.End-int64(len(events)-1-i), e.Saga, e.Type, e.Node.Kind, e.Node.ID, e.Version, string(fields), e.State, turn(e), e.At.UnixMicro())
	}
	return insertRows(ctx, q, "INSERT INTO outbox ("+strings.Join(columns, ", ")+")", r.db.PassOver(), len(columns), values)
}

// turn tells the events of a saga about itself apart; it has one of each node.
func turn(e stores.Event) int {
	if e.Type == stores.SagaMoved {
		return e.Version
	}
	return 0
}

// After reads up to limit events of a scope that follow a position, in order. It reads the end first, and then what is
// there up to the end: MariaDB may show one statement a transaction and not another that was committed right before.
func (r *Outbox) After(ctx context.Context, s stores.Scope, position int64, limit int) (events []stores.Event, err error) {
	if err := r.db.Usable(ctx); err != nil || limit <= 0 {
		return nil, err
	}
	q := r.db.Reader(ctx)
	extent, err := r.extent(ctx, q)
	if err != nil || extent.End <= position {
		return nil, r.db.Ended(ctx, err)
	}
	events, err = r.read(ctx, q, s, "AND position > ? AND position <= ? ORDER BY position LIMIT ?", position, extent.End, limit)
	return events, r.db.Ended(ctx, err)
}

// Latest reads the latest event of a scope, nil if there is none.
func (r *Outbox) Latest(ctx context.Context, s stores.Scope) (*stores.Event, error) {
	if err := r.db.Usable(ctx); err != nil {
		return nil, err
	}
	events, err := r.read(ctx, r.db.Reader(ctx), s, "AND position = (SELECT MAX(position) FROM outbox WHERE scope = ?)", r.db.ScopeValues(s)[0])
	if err != nil || len(events) == 0 {
		return nil, r.db.Ended(ctx, err)
	}
	return &events[0], nil
}

// read reads events of a scope; which says which, and in which order.
func (r *Outbox) read(ctx context.Context, q Querier, s stores.Scope, which string, values ...any) (events []stores.Event, err error) {
	columns := r.db.ScopeColumns()
	err = SQL("SELECT "+columns[len(columns)-1]+", position, saga, type, node_kind, node, version, fields, state, at FROM outbox WHERE scope = ? "+which,
		append([]any{r.db.ScopeValues(s)[0]}, values...)...).Each(ctx, q, func(rows *sql.Rows) error {
		var key string
		var e stores.Event
		err := rows.Scan(&key, &e.Position, &e.Saga, &e.Type, &e.Node.Kind, &e.Node.ID, &e.Version,
			flat.JSON[[]stores.Field]{To: &e.Fields}, &e.State, flat.Instant{To: &e.At})
		if err == nil {
			e.Scope, err = flat.OwnerOf(key, s)
		}
		events = append(events, e)
		return err
	})
	return events, err
}

// Extent says which events are held.
func (r *Outbox) Extent(ctx context.Context) (stores.Extent, error) {
	if err := r.db.Usable(ctx); err != nil {
		return stores.Extent{}, err
	}
	x, err := r.extent(ctx, r.db.Reader(ctx))
	return x, r.db.Ended(ctx, err)
}

func (r *Outbox) extent(ctx context.Context, q Querier) (x stores.Extent, err error) {
	err = SQL("SELECT pruned, position FROM outbox_end WHERE only_one = 1").One(ctx, q, &x.After, &x.End)
	return x, err
}

// Prune deletes events older than an instant and says how many there were. Of each scope it keeps the latest of these, and
// what came before that goes with it: so what is left of a scope has no gaps, though instants only nearly follow commits.
func (r *Outbox) Prune(ctx context.Context, before time.Time) (n int, err error) {
	var ends map[string]int64
	err = r.db.Write(ctx, func(ctx context.Context, q Querier) error {
		if ends, err = oldEnds(ctx, q, before); err != nil || len(ends) == 0 {
			return err
		}
		last := slices.Max(slices.Collect(maps.Values(ends)))
		_, err := SQL("UPDATE outbox_end SET pruned = ? WHERE only_one = 1 AND pruned < ?", last, last).Run(ctx, q)
		return err
	})
	for scope, end := range ends {
		if err != nil {
			break
		}
		err = r.db.Write(ctx, func(ctx context.Context, q Querier) error {
			deleted, err := SQL("DELETE FROM outbox WHERE scope = ? AND position < ?", scope, end).Run(ctx, q)
			n += deleted
			return err
		})
	}
	return n, err
}

// oldEnds finds where the old events of each scope end that has more than one.
func oldEnds(ctx context.Context, q Querier, before time.Time) (map[string]int64, error) {
	ends, alone := map[string]int64{}, map[string]bool{}
	err := SQL("SELECT scope, position FROM outbox WHERE at < ?", before.UnixMicro()).Each(ctx, q, func(rows *sql.Rows) error {
		var scope string
		var position int64
		err := rows.Scan(&scope, &position)
		_, more := ends[scope]
		ends[scope], alone[scope] = max(ends[scope], position), !more
		return err
	})
	maps.DeleteFunc(ends, func(scope string, _ int64) bool { return alone[scope] })
	return ends, err
}
