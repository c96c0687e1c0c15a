package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// Put inserts or replaces records, all or none.
func (r records[T]) Put(ctx context.Context, s stores.Scope, items []*T) error {
	if err := r.db.usable(ctx); err != nil {
		return err
	}
	if err := r.Owned(s, items); err != nil || len(items) == 0 {
		return err
	}
	return flat.Undoing(items, func() error {
		return r.db.write(ctx, func(ctx context.Context, q querier) error {
			if r.check != nil {
				if err := r.check(ctx, q, s, items); err != nil {
					return err
				}
			}
			if err := r.insert(ctx, q, s, items); err != nil || r.attach == nil {
				return err
			}
			return r.attach(ctx, q, s, items)
		})
	})
}

// insert writes each item in turn.
func (r records[T]) insert(ctx context.Context, q querier, s stores.Scope, items []*T) error {
	prepared, err := q.PrepareContext(ctx, r.upsert)
	if err != nil {
		return err
	}
	defer prepared.Close() //nolint:errcheck // it was only read
	scope := s.Key()
	for _, item := range items {
		if r.complete != nil {
			if err := r.complete(ctx, q, s, item); err != nil {
				return err
			}
		}
		values, err := r.Values(item)
		if err != nil {
			return err
		}
		values = append([]any{scope}, values...)
		if r.Natural == nil {
			_, err = prepared.ExecContext(ctx, values...)
		} else {
			h := r.Head(item)
			err = prepared.QueryRowContext(ctx, values...).Scan(h.ID, flat.Instant{To: h.Created})
		}
		if err != nil {
			return r.refusal(err, item)
		}
	}
	return nil
}

// refusal words a conflict in terms of the noun.
func (r records[T]) refusal(err error, item *T) error {
	if err = translate(err); r.conflict != nil && errors.Is(err, stores.ErrConflict) {
		return r.conflict(item)
	}
	return err
}

// Swap replaces the stored record if its version is one below the item's.
func (r records[T]) Swap(ctx context.Context, s stores.Scope, item *T) error {
	if err := r.db.usable(ctx); err != nil {
		return err
	}
	items := []*T{item}
	if err := r.Owned(s, items); err != nil {
		return err
	}
	return flat.Undoing(items, func() error {
		return r.db.write(ctx, func(ctx context.Context, q querier) error {
			if err := r.replaceable(ctx, q, s, item); err != nil {
				return err
			}
			if r.check != nil {
				if err := r.check(ctx, q, s, items); err != nil {
					return err
				}
			}
			if err := r.replace(ctx, q, s, item); err != nil || r.attach == nil {
				return err
			}
			return r.attach(ctx, q, s, items)
		})
	})
}

// replaceable wants the stored record to have the version before the item's.
func (r records[T]) replaceable(ctx context.Context, q querier, s stores.Scope, item *T) error {
	h := r.Head(item)
	var version int
	err := q.QueryRowContext(ctx, "SELECT version FROM "+r.name+" WHERE scope = ? AND id = ?", s.Key(), *h.ID).Scan(&version)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return stores.Missing(r.spec.Kind, *h.ID)
	case err == nil && version != *h.Version-1:
		return stores.Conflict("the stored version is %d, and this edit was made on version %d; read it again and repeat the edit",
			version, *h.Version-1)
	}
	return err
}

func (r records[T]) replace(ctx context.Context, q querier, s stores.Scope, item *T) error {
	if r.complete != nil {
		if err := r.complete(ctx, q, s, item); err != nil {
			return err
		}
	}
	values, err := r.Values(item)
	if err != nil {
		return err
	}
	_, err = q.ExecContext(ctx, r.update, append(values, s.Key(), *r.Head(item).ID)...)
	if err != nil {
		return r.refusal(err, item)
	}
	return nil
}

// Delete removes records with all that hangs on them and says how many there were.
func (r records[T]) Delete(ctx context.Context, s stores.Scope, ids []stores.ID) (n int, err error) {
	if err := r.db.usable(ctx); err != nil || len(ids) == 0 {
		return 0, err
	}
	err = r.db.write(ctx, func(ctx context.Context, q querier) error {
		if r.detach != nil {
			if err := r.detach(ctx, q, s, ids); err != nil {
				return err
			}
		}
		st := (&statement{}).add("DELETE FROM "+r.name+" WHERE scope = ? AND id IN (SELECT value FROM json_each(?))", s.Key(), array(ids))
		n, err = st.run(ctx, q)
		return err
	})
	return n, err
}
