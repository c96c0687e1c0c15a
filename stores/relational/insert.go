package relational

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// insert upserts the items, as many by one statement as the product likes.
func (r Records[T]) insert(ctx context.Context, q Querier, s stores.Scope, items []*T) error {
	if r.db.Limits().Rows == 1 || r.Complete != nil {
		return r.insertEach(ctx, q, s, items)
	}
	return r.insertTogether(ctx, q, s, items)
}

// insertEach writes each item in turn.
func (r Records[T]) insertEach(ctx context.Context, q Querier, s stores.Scope, items []*T) error {
	prepared, err := q.PrepareContext(ctx, r.head+r.tuple+r.tail)
	if err != nil {
		return err
	}
	defer prepared.Close() //nolint:errcheck // it was only read
	scope := r.db.ScopeValues(s)
	for i, item := range items {
		if r.Complete != nil {
			if err := r.Complete(ctx, q, s, item); err != nil {
				return err
			}
		}
		values, err := r.Values(item)
		if err != nil {
			return err
		}
		values = append(slices.Clip(scope), values...)
		if r.Natural == nil {
			_, err = prepared.ExecContext(ctx, values...)
		} else {
			h := r.Head(item)
			err = prepared.QueryRowContext(ctx, values...).Scan(h.ID, flat.Instant{To: h.Created})
		}
		if err != nil {
			return r.refusal(ctx, q, s, err, items[i:i+1])
		}
	}
	return nil
}

// insertTogether writes many items by one statement. Those of a noun without natural key are written in the order of
// their ids, so that writers of the same records lock them in the same order and do not wait for each other in a circle.
func (r Records[T]) insertTogether(ctx context.Context, q Querier, s stores.Scope, items []*T) error {
	if r.Natural == nil {
		items = r.latest(items)
	}
	rows := make([][]any, len(items))
	for i, item := range items {
		values, err := r.Values(item)
		if err != nil {
			return err
		}
		rows[i] = append(r.db.ScopeValues(s), values...)
	}
	for from := 0; from < len(rows); {
		n := r.db.Limits().fit(rows[from:])
		st := SQL(r.head + strings.Repeat(r.tuple+", ", n-1) + r.tuple + r.tail)
		for _, row := range rows[from : from+n] {
			st.args = append(st.args, row...)
		}
		if _, err := st.Run(ctx, q); err != nil {
			return r.refusal(ctx, q, s, err, items[from:from+n])
		}
		from += n
	}
	if r.Natural == nil {
		return nil
	}
	return r.identified(ctx, q, items, rows)
}

// latest leaves the last item of each id, ordered by id.
func (r Records[T]) latest(items []*T) []*T {
	byID := make(map[stores.ID]*T, len(items))
	for _, item := range items {
		byID[*r.Head(item).ID] = item
	}
	return slices.SortedFunc(maps.Values(byID), func(a, b *T) int { return cmp.Compare(*r.Head(a).ID, *r.Head(b).ID) })
}

// identified gives each item the id and the creation time under which its natural key is stored.
func (r Records[T]) identified(ctx context.Context, q Querier, items []*T, rows [][]any) error {
	scoping, names := len(r.db.ScopeColumns()), r.Written()
	for i, item := range items {
		st := SQL(r.identify, rows[i][0])
		for _, n := range r.Natural {
			st.args = append(st.args, rows[i][scoping+slices.Index(names, n)])
		}
		h := r.Head(item)
		if err := st.One(ctx, q, h.ID, flat.Instant{To: h.Created}); err != nil {
			return err
		}
	}
	return nil
}

// fit says how many of the rows one statement takes, one at least.
func (l Limits) fit(rows [][]any) int {
	size := 0
	for i, row := range rows {
		for _, v := range row {
			switch v := v.(type) {
			case string:
				size += len(v)
			case []byte:
				size += len(v)
			}
			size += 10 // a number, or quotes and commas
		}
		if i > 0 && (i == l.Rows || size > l.Bytes) {
			return i
		}
	}
	return len(rows)
}
