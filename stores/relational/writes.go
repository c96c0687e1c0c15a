package relational

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// Put inserts or replaces records, all or none.
func (r Records[T]) Put(ctx context.Context, s stores.Scope, items []*T) error {
	if err := r.db.Usable(ctx); err != nil {
		return err
	}
	if err := r.Owned(s, items); err != nil || len(items) == 0 {
		return err
	}
	return r.write(ctx, items, func(ctx context.Context, q Querier) error {
		return r.change(ctx, q, s, items, r.insert)
	})
}

// Swap replaces the stored record if its version is one below the item's.
func (r Records[T]) Swap(ctx context.Context, s stores.Scope, item *T) error {
	if err := r.db.Usable(ctx); err != nil {
		return err
	}
	items := []*T{item}
	if err := r.Owned(s, items); err != nil {
		return err
	}
	return r.write(ctx, items, func(ctx context.Context, q Querier) error {
		if err := r.replaceable(ctx, q, s, item); err != nil {
			return err
		}
		return r.change(ctx, q, s, items, r.replace)
	})
}

// write runs a write that gives values to its items (ids, positions). A try that failed takes them back.
func (r Records[T]) write(ctx context.Context, items []*T, fn func(ctx context.Context, q Querier) error) error {
	return flat.Undoing(items, func() error {
		return r.db.Write(ctx, func(ctx context.Context, q Querier) error {
			return flat.Undoing(items, func() error { return fn(ctx, q) })
		})
	})
}

// change writes rows, with what the noun wants done before and after.
func (r Records[T]) change(ctx context.Context, q Querier, s stores.Scope, items []*T, rows func(context.Context, Querier, stores.Scope, []*T) error) error {
	if r.Check != nil {
		if err := r.Check(ctx, q, s, items); err != nil {
			return err
		}
	}
	if err := rows(ctx, q, s, items); err != nil || r.Attach == nil {
		return err
	}
	return r.Attach(ctx, q, s, items)
}

// refusal words a conflict in terms of the noun.
func (r Records[T]) refusal(ctx context.Context, q Querier, s stores.Scope, err error, items []*T) error {
	if err = r.db.driver.Translate(err); r.Conflict != nil && errors.Is(err, stores.ErrConflict) {
		return cmp.Or(r.Conflict(ctx, q, s, items), err)
	}
	return err
}

// replaceable wants the stored record to have the version before the item's.
func (r Records[T]) replaceable(ctx context.Context, q Querier, s stores.Scope, item *T) error {
	h := r.Head(item)
	var version int
	err := SQL("SELECT version FROM "+r.name+" WHERE scope = ? AND id = ?"+r.db.Lock(), r.db.ScopeValues(s)[0], *h.ID).One(ctx, q, &version)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return stores.Missing(r.spec.Kind, *h.ID)
	case err == nil && version != *h.Version-1:
		return stores.Conflict("the stored version is %d, and this edit was made on version %d; read it again and repeat the edit",
			version, *h.Version-1)
	}
	return err
}

func (r Records[T]) replace(ctx context.Context, q Querier, s stores.Scope, items []*T) error {
	item := items[0]
	if r.Complete != nil {
		if err := r.Complete(ctx, q, s, item); err != nil {
			return err
		}
	}
	values, err := r.Values(item)
	if err != nil {
		return err
	}
	if _, err = q.ExecContext(ctx, r.update, append(values, r.db.ScopeValues(s)[0], *r.Head(item).ID)...); err != nil {
		return r.refusal(ctx, q, s, err, items)
	}
	return nil
}

// Delete removes records with all that hangs on them and says how many there were.
func (r Records[T]) Delete(ctx context.Context, s stores.Scope, ids []stores.ID) (n int, err error) {
	if err := r.db.Usable(ctx); err != nil || len(ids) == 0 {
		return 0, err
	}
	err = r.db.Write(ctx, func(ctx context.Context, q Querier) error {
		n = 0
		for part := range slices.Chunk(ids, r.db.Limits().Values) {
			if r.Detach != nil {
				if err := r.Detach(ctx, q, s, part); err != nil {
					return err
				}
			}
			st := SQL("DELETE FROM "+r.name+" WHERE scope = ? AND ", r.db.ScopeValues(s)[0])
			r.db.In(st, "id", Values(part))
			deleted, err := st.Run(ctx, q)
			if err != nil {
				return err
			}
			n += deleted
		}
		return nil
	})
	return n, err
}
