package relational

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// Journal is the contract of the journal. The tables saga_plans and saga_claims hold the plans and the claims of sagas that
// have not ended. Of a saga, lease_until is when its lease ends, 0 without one, and due_at, which the database computes,
// the later of that and not_before, null once the saga has ended.
type Journal struct {
	Records[stores.Saga]
	exclusive bool
}

// NewJournal is the contract over a database, which is exclusive when no other process can open it.
func NewJournal(db *Database, table *Table[stores.Saga], exclusive bool) Journal {
	return Journal{NewRecords(db, table), exclusive}
}

// Exclusive says that the database is open in this process only.
func (r Journal) Exclusive() bool { return r.exclusive }

// Atomic runs fn in one transaction, and again when that gave way to another.
func (r Journal) Atomic(ctx context.Context, fn func(context.Context) error) error {
	return r.db.Write(ctx, func(ctx context.Context, _ Querier) error { return fn(ctx) })
}

// unfinished is the condition that a saga has not ended: every instant is later than this one. SQLite finds such a range by
// the index, and IS NOT NULL not.
const unfinished = "due_at > -9000000000000000000"

// Begin writes a new saga with its claims and leases it to its owner.
func (r Journal) Begin(ctx context.Context, saga *stores.Saga, lease time.Duration) error {
	return r.write(ctx, []*stores.Saga{saga}, func(ctx context.Context, q Querier) error {
		var now time.Time
		if err := SQL("SELECT "+r.db.Now()).One(ctx, q, flat.Instant{To: &now}); err != nil {
			return err
		}
		for _, t := range []*time.Time{&saga.CreatedAt, &saga.UpdatedAt, &saga.NotBefore} {
			if t.IsZero() {
				*t = now
			}
		}
		saga.Fence = 1
		if err := r.claim(ctx, q, saga); err != nil {
			return err
		}
		var leased int64
		row := remaining(saga)
		if row.Owner != "" {
			leased = now.Add(lease).UnixMicro()
		}
		return r.enter(ctx, q, row, leased)
	})
}

// remaining is what is kept of a saga: one that has ended has neither owner nor plan nor claims.
func remaining(saga *stores.Saga) *stores.Saga {
	if !saga.State.Ended() {
		return saga
	}
	rest := *saga
	rest.Owner, rest.Plan, rest.Claims = "", nil, nil
	return &rest
}

// enter writes the rows of a new saga.
func (r Journal) enter(ctx context.Context, q Querier, saga *stores.Saga, leased int64) error {
	values, err := r.Values(saga)
	if err != nil {
		return err
	}
	values = slices.Concat(r.db.ScopeValues(saga.Scope), values, []any{leased})
	columns := slices.Concat(r.db.ScopeColumns(), r.Written(), []string{"lease_until"})
	err = InsertRows(ctx, q, "INSERT INTO sagas ("+strings.Join(columns, ", ")+")", len(columns), values)
	if err != nil || len(saga.Plan) == 0 {
		return err
	}
	return InsertRows(ctx, q, "INSERT INTO saga_plans (saga, plan)", 2, []any{saga.ID, saga.Plan})
}

// claim takes the claims of a saga, in an order that all sagas share, so that two do not wait for each other in a circle.
// One that waits as it was sent takes none, and one that has ended only must not come before those that wait.
func (r Journal) claim(ctx context.Context, q Querier, saga *stores.Saga) error {
	if len(saga.Claims) == 0 || saga.State == stores.SagaQueued && len(saga.Steps) == 0 {
		return nil
	}
	if !saga.Turn {
		waiting := map[string]stores.ID{}
		if err := r.waiting(ctx, q, saga.Scope, saga.Claims, waiting); err != nil {
			return err
		}
		if len(waiting) > 0 {
			return taken(saga.Claims, waiting)
		}
	}
	if saga.State.Ended() {
		return nil
	}
	var values []any
	for _, claim := range slices.Compact(slices.Sorted(slices.Values(saga.Claims))) {
		values = append(values, r.db.ScopeValues(saga.Scope)[0], claim, saga.ID)
	}
	err := InsertRows(ctx, q, "INSERT INTO saga_claims (scope, claim, saga)", 3, values)
	if err = r.db.driver.Translate(err); !errors.Is(err, stores.ErrConflict) {
		return err
	}
	holders, err := r.holders(ctx, q, saga.Scope, saga.Claims)
	if err != nil {
		return err
	}
	return taken(saga.Claims, holders)
}

// waiting adds which sagas that wait as they were sent will touch one of these claims, of several the one that waits longest.
// Few sagas have not ended, and many may have of one scope, so these are found by the former.
func (r Journal) waiting(ctx context.Context, q Querier, s stores.Scope, claims []string, to map[string]stores.ID) error {
	var all []*stores.Saga
	err := SQL("SELECT id, created_at, claims FROM sagas WHERE "+unfinished+" AND CONCAT(scope, '') = ? AND state = ? AND steps IS NULL",
		r.db.ScopeValues(s)[0], stores.SagaQueued).Each(ctx, q, func(rows *sql.Rows) error {
		var saga stores.Saga
		all = append(all, &saga)
		return rows.Scan(&saga.ID, flat.Instant{To: &saga.CreatedAt}, flat.JSON[[]string]{To: &saga.Claims})
	})
	slices.SortFunc(all, func(a, b *stores.Saga) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	for _, saga := range all {
		for _, claim := range saga.Claims {
			if slices.Contains(claims, claim) && to[claim] == "" {
				to[claim] = saga.ID
			}
		}
	}
	return err
}

// taken is the conflict of claims of which others hold some.
func taken(claims []string, holders map[string]stores.ID) error {
	e := &stores.Error{Kind: stores.ErrConflict, Message: "another write of the same thing was not finished; try again"}
	cause := &stores.Claimed{Claim: claims[0]}
	for _, claim := range claims {
		if saga, ok := holders[claim]; ok {
			cause = &stores.Claimed{Claim: claim, Saga: saga}
			e.Message = "another write of the same thing is not finished; see the saga " + string(saga) + ", or try again"
			e.Node = stores.Ref{Kind: stores.KindSaga, ID: saga}
			break
		}
	}
	e.Cause = cause
	return e
}

// Holding answers which unfinished saga holds each of these claims.
func (r Journal) Holding(ctx context.Context, s stores.Scope, claims []string) (map[string]stores.ID, error) {
	if err := r.db.Usable(ctx); err != nil {
		return nil, err
	}
	q := r.db.Reader(ctx)
	out, err := r.holders(ctx, q, s, claims)
	if err == nil && len(claims) > 0 {
		err = r.waiting(ctx, q, s, claims, out)
	}
	return out, r.db.Ended(ctx, err)
}

func (r Journal) holders(ctx context.Context, q Querier, s stores.Scope, claims []string) (map[string]stores.ID, error) {
	out := map[string]stores.ID{}
	for part := range slices.Chunk(claims, r.db.Limits().Values) {
		st := SQL("SELECT claim, saga FROM saga_claims WHERE scope = ? AND ", r.db.ScopeValues(s)[0])
		r.db.In(st, "claim", Values(part))
		err := st.Each(ctx, q, func(rows *sql.Rows) error {
			var claim string
			var saga stores.ID
			err := rows.Scan(&claim, &saga)
			out[claim] = saga
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// advancing are the columns that change while a saga is worked on.
var advancing = []string{"state", "steps", "nodes", "receipts", "problem", "claims", "attempts", "not_before", "owner", "fence"}

// Advance writes what became of a saga whose stored fence is held. One that has ended stays in the state in which it ended.
func (r Journal) Advance(ctx context.Context, saga *stores.Saga, held int) error {
	return r.db.Write(ctx, func(ctx context.Context, q Querier) error {
		row, st := remaining(saga), SQL("UPDATE sagas SET updated_at = "+r.db.Now())
		for _, c := range r.Columns {
			if !slices.Contains(advancing, c.Name) || c.Name == "claims" && !row.State.Ended() {
				continue
			}
			value, err := c.Bind(row)
			if err != nil {
				return err
			}
			st.Add(", "+c.Name+" = ?", value)
		}
		if row.Owner == "" {
			st.Add(", lease_until = 0")
		}
		st.Add(" WHERE id = ? AND scope = ? AND fence = ? AND ("+unfinished+" OR state = ?)",
			saga.ID, r.db.ScopeValues(saga.Scope)[0], held, saga.State)
		n, err := st.Run(ctx, q)
		if err == nil && n == 0 {
			err = stores.FencedOff(r.db.driver.Name())
		}
		if err != nil || !row.State.Ended() {
			return err
		}
		return r.clear(ctx, q, saga.ID)
	})
}

// clear deletes the plan and the claims of a saga that has ended.
func (r Journal) clear(ctx context.Context, q Querier, saga stores.ID) error {
	for _, table := range []string{"saga_plans", "saga_claims"} {
		if _, err := SQL("DELETE FROM "+table+" WHERE saga = ?", saga).Run(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// ByID reads sagas without their plans.
func (r Journal) ByID(ctx context.Context, s stores.Scope, ids []stores.ID) (map[stores.ID]*stores.Saga, error) {
	return r.Records.ByID(ctx, s, ids, nil)
}

// Unfinished counts the sagas in each state that is not final, in all scopes.
func (r Journal) Unfinished(ctx context.Context) (map[stores.SagaState]int, error) {
	if err := r.db.Usable(ctx); err != nil {
		return nil, err
	}
	out := map[stores.SagaState]int{}
	err := SQL("SELECT state, count(*) FROM sagas WHERE "+unfinished+" GROUP BY state").
		Each(ctx, r.db.Reader(ctx), func(rows *sql.Rows) error {
			var state stores.SagaState
			var n int
			err := rows.Scan(&state, &n)
			out[state] = n
			return err
		})
	return out, r.db.Ended(ctx, err)
}

// Prune deletes sagas that ended before an instant, in every scope, and says how many there were.
func (r Journal) Prune(ctx context.Context, before time.Time) (n int, err error) {
	err = r.db.Write(ctx, func(ctx context.Context, q Querier) error {
		n, err = SQL("DELETE FROM sagas WHERE due_at IS NULL AND updated_at < ?", before.UnixMicro()).Run(ctx, q)
		return err
	})
	return n, err
}

// byAge orders sagas, the oldest first.
func byAge(a, b *stores.Saga) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
}
