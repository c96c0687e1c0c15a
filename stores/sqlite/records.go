package sqlite

import (
	"context"
	"database/sql"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// records reads and lists one noun: the part of its contract that all nouns share.
type records[T any] struct {
	db *DB
	*table[T]
}

// ByID reads many records by id.
func (r records[T]) ByID(ctx context.Context, s stores.Scope, ids []stores.ID, fields []stores.Field) (map[stores.ID]*T, error) {
	if err := r.db.usable(ctx); err != nil {
		return nil, err
	}
	out, err := r.byID(ctx, r.db.reader(ctx), s, ids, fields)
	return out, ended(ctx, err)
}

func (r records[T]) byID(ctx context.Context, q querier, s stores.Scope, ids []stores.ID, fields []stores.Field) (map[stores.ID]*T, error) {
	out := make(map[stores.ID]*T, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	columns := r.selection(fields)
	st := &statement{}
	r.selectColumns(st, columns)
	// CROSS JOIN keeps the list of ids the outer loop.
	st.add(" FROM json_each(?) AS asked CROSS JOIN "+r.name+" AS t ON t.scope = ? AND t.id = asked.value", array(ids), s.Key())
	return out, st.each(ctx, q, func(rows *sql.Rows) error {
		item, err := r.scan(rows, s, columns)
		if err == nil {
			out[*r.Head(item).ID] = item
		}
		return err
	})
}

// Count counts the matches of a filter.
func (r records[T]) Count(ctx context.Context, s stores.Scope, where stores.Filter) (n int, err error) {
	if err := r.db.usable(ctx); err != nil {
		return 0, err
	}
	where, err = r.spec.Check(where)
	if err != nil {
		return 0, err
	}
	st := (&statement{}).add("SELECT count(*) FROM "+r.name+" AS t WHERE t.scope = ? AND ", s.Key())
	r.where(st, where)
	err = r.db.reader(ctx).QueryRowContext(ctx, st.sql.String(), st.args...).Scan(&n)
	return n, ended(ctx, err)
}

// List reads one page.
func (r records[T]) List(ctx context.Context, s stores.Scope, q stores.Query) (page stores.Slice[*T], err error) {
	if err := r.db.usable(ctx); err != nil {
		return page, err
	}
	p, err := flat.NewPlan(r.spec, q)
	if err != nil {
		return page, err
	}
	if p.After == nil && p.Before == nil { // one statement is a snapshot by itself
		page, err = r.page(ctx, r.db.reader(ctx), s, p, q.Fields)
		return page, ended(ctx, err)
	}
	err = r.db.snapshot(ctx, func(q2 querier) error {
		page, err = r.page(ctx, q2, s, p, q.Fields)
		return err
	})
	return page, err
}

func (r records[T]) page(ctx context.Context, q querier, s stores.Scope, p flat.Plan, fields []stores.Field) (stores.Slice[*T], error) {
	columns := r.selection(fields)
	st := &statement{}
	r.selectColumns(st, columns)
	r.sortValues(st, p)
	st.add(" FROM "+r.name+" AS t WHERE t.scope = ? AND ", s.Key())
	r.matches(st, p)
	st.add(" ORDER BY ")
	r.orderBy(st, p)
	st.add(" LIMIT ?", p.Size+1)

	var read reading[T]
	err := st.each(ctx, q, func(rows *sql.Rows) error { return read.row(r.table, rows, s, p, columns) })
	if err != nil {
		return stores.Slice[*T]{}, err
	}
	earlier, err := r.remains(ctx, q, s, p, true)
	if err != nil {
		return stores.Slice[*T]{}, err
	}
	later, err := r.remains(ctx, q, s, p, false)
	return flat.Slice(p, read.items, read.cursors, earlier, later), err
}

// remains says whether rows lie beyond a bound of the page.
func (r records[T]) remains(ctx context.Context, q querier, s stores.Scope, p flat.Plan, earlier bool) (yes bool, err error) {
	if !p.Bounded(earlier) {
		return false, nil
	}
	st := (&statement{}).add("SELECT EXISTS (SELECT 1 FROM "+r.name+" AS t WHERE t.scope = ? AND ", s.Key())
	r.outside(st, p, earlier)
	st.add(")")
	err = q.QueryRowContext(ctx, st.sql.String(), st.args...).Scan(&yes)
	return yes, err
}

// reading collects the rows of a page with their cursors.
type reading[T any] struct {
	items   []*T
	cursors []stores.Cursor
}

// row reads one row: the columns of the record, the sort values, and what more there is.
func (g *reading[T]) row(t *table[T], rows *sql.Rows, s stores.Scope, p flat.Plan, columns []flat.Column[T], more ...any) error {
	values := make([]any, len(p.Order))
	to := make([]any, 0, len(values)+len(more))
	for i := range values {
		to = append(to, &values[i])
	}
	item, err := t.scan(rows, s, columns, append(to, more...)...)
	if err != nil {
		return err
	}
	g.items = append(g.items, item)
	g.cursors = append(g.cursors, stores.NewCursor(p.Order, values, *t.Head(item).ID))
	return nil
}
