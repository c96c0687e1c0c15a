package relational

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"thalamus/stores"
)

// Renew extends the leases of these sagas of an owner and answers which of them it still holds: a lease that ran out is
// renewed as long as nobody took the saga over.
func (r Journal) Renew(ctx context.Context, owner string, ids []stores.ID, lease time.Duration) (held []stores.ID, err error) {
	if err := r.db.Usable(ctx); err != nil || len(ids) == 0 {
		return nil, err
	}
	err = r.db.Write(ctx, func(ctx context.Context, q Querier) error {
		held = nil
		for part := range slices.Chunk(unique(ids), r.db.Limits().Values) {
			st := SQL("SELECT id FROM sagas WHERE owner = ? AND ", owner)
			r.db.In(st, "id", Values(part))
			mine, err := read[stores.ID](ctx, q, st.Add(r.db.Lock()))
			if err == nil && len(mine) > 0 {
				st := SQL("UPDATE sagas SET lease_until = " + r.until(lease) + " WHERE ")
				r.db.In(st, "id", Values(mine))
				_, err = st.Run(ctx, q)
			}
			if err != nil {
				return err
			}
			held = append(held, mine...)
		}
		return nil
	})
	return held, err
}

// until is when a lease ends that begins now.
func (r Journal) until(lease time.Duration) string {
	return fmt.Sprintf("%s + %d", r.db.Now(), lease.Microseconds())
}

// read collects the first column of the rows.
func read[T any](ctx context.Context, q Querier, st *Statement) (out []T, err error) {
	err = st.Each(ctx, q, func(rows *sql.Rows) error {
		var v T
		err := rows.Scan(&v)
		out = append(out, v)
		return err
	})
	return out, err
}

// Due takes over up to limit sagas that have not ended, whose time has come and that nobody holds, the oldest first.
// Several that look at once may choose the same sagas. Each then waits until it has locked its choice and looks again, so
// that a saga goes to the first, and the others are left with fewer.
func (r Journal) Due(ctx context.Context, owner string, lease time.Duration, alone bool, limit int) (due []*stores.Saga, err error) {
	if err := r.db.Usable(ctx); err != nil || limit <= 0 {
		return nil, err
	}
	first := func(n int) *Statement {
		return r.free(SQL("SELECT id FROM sagas WHERE "), owner, alone).Add(" ORDER BY created_at, id LIMIT ?", n)
	}
	// Mostly there is none, and a look keeps no writer waiting.
	if some, err := read[stores.ID](ctx, r.db.Reader(ctx), first(1)); err != nil || len(some) == 0 {
		return nil, r.db.Ended(ctx, err)
	}
	err = r.db.Write(ctx, func(ctx context.Context, q Querier) error {
		due = nil
		ids, err := read[stores.ID](ctx, q, first(min(limit, r.db.Limits().Values)))
		if err != nil || len(ids) == 0 {
			return err
		}
		due, err = r.takeOver(ctx, q, ids, owner, lease, func(st *Statement) { r.free(st, owner, alone) })
		return err
	})
	return due, err
}

// Take takes over one saga that has not ended and that nobody holds, whether its time has come or not.
func (r Journal) Take(ctx context.Context, s stores.Scope, id stores.ID, owner string, lease time.Duration) (*stores.Saga, error) {
	if err := r.db.Usable(ctx); err != nil {
		return nil, err
	}
	var taken []*stores.Saga
	err := r.db.Write(ctx, func(ctx context.Context, q Querier) (err error) {
		taken, err = r.takeOver(ctx, q, []stores.ID{id}, owner, lease, func(st *Statement) {
			st.Add("t.scope = ? AND "+unfinished+" AND lease_until <= "+r.db.Now(), r.db.ScopeValues(s)[0])
		})
		return err
	})
	if err != nil || len(taken) == 0 {
		return nil, err
	}
	return taken[0], nil
}

// takeOver leases those sagas to an owner for which a condition holds.
func (r Journal) takeOver(ctx context.Context, q Querier, ids []stores.ID, owner string, lease time.Duration, free func(*Statement)) ([]*stores.Saga, error) {
	sagas, err := r.chosen(ctx, q, ids, free)
	if err != nil || len(sagas) == 0 {
		return nil, err
	}
	return sagas, r.lease(ctx, q, sagas, owner, lease)
}

// free adds the condition that an owner may take a saga over.
func (r Journal) free(st *Statement, owner string, alone bool) *Statement {
	now := r.db.Now()
	if !alone {
		return st.Add("due_at <= " + now)
	}
	return st.Add(unfinished+" AND not_before <= "+now+" AND (lease_until <= "+now+" OR owner <> ?)", owner)
}

// chosen locks and reads the sagas among some that are free, with their plans.
func (r Journal) chosen(ctx context.Context, q Querier, ids []stores.ID, free func(*Statement)) ([]*stores.Saga, error) {
	columns := r.Projection(nil)
	st := r.Select(columns).Add(", p.plan FROM sagas AS t LEFT JOIN saga_plans AS p ON p.saga = t.id WHERE ")
	r.db.In(st, "t.id", Values(ids))
	free(st.Add(" AND "))
	st.Add(r.db.Lock())
	var out []*stores.Saga
	err := st.Each(ctx, q, func(rows *sql.Rows) error {
		var plan []byte
		saga, err := r.Scan(rows, stores.Scope{}, columns, &plan)
		if err != nil {
			return err
		}
		saga.Plan = plan
		out = append(out, saga)
		return nil
	})
	slices.SortFunc(out, byAge)
	return out, err
}

// lease gives sagas to an owner.
func (r Journal) lease(ctx context.Context, q Querier, sagas []*stores.Saga, owner string, lease time.Duration) error {
	ids := make([]stores.ID, len(sagas))
	for i, saga := range sagas {
		ids[i], saga.Owner = saga.ID, owner
		saga.Fence++
	}
	st := SQL("UPDATE sagas SET fence = fence + 1, owner = ?, lease_until = "+r.until(lease)+" WHERE ", owner)
	r.db.In(st, "id", Values(ids))
	_, err := st.Run(ctx, q)
	return err
}

// Wake lets a saga that waits be due at once, and says whether there is such a one.
func (r Journal) Wake(ctx context.Context, s stores.Scope, id stores.ID) (woken bool, err error) {
	err = r.db.Write(ctx, func(ctx context.Context, q Querier) error {
		now := r.db.Now()
		n, err := SQL("UPDATE sagas SET not_before = "+now+" WHERE id = ? AND scope = ? AND "+unfinished+" AND lease_until <= "+now,
			id, r.db.ScopeValues(s)[0]).Run(ctx, q)
		woken = n > 0
		return err
	})
	return woken, err
}
