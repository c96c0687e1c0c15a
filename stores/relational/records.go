package relational

import (
	"context"
	"database/sql"
	"slices"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// Records reads and writes one noun: the part of its contract that all nouns share.
type Records[T any] struct {
	*Table[T]
	db *Database
}

// NewRecords joins a table to its database.
func NewRecords[T any](db *Database, table *Table[T]) Records[T] { return Records[T]{table, db} }

// ByID reads many records by id.
func (r Records[T]) ByID(ctx context.Context, s stores.Scope, ids []stores.ID, fields []stores.Field) (map[stores.ID]*T, error) {
	if err := r.db.Usable(ctx); err != nil {
		return nil, err
	}
	out, err := r.Find(ctx, r.db.Reader(ctx), s, ids, fields)
	return out, r.db.Ended(ctx, err)
}

// Find reads many records by id, as part of a call that reads more.
func (r Records[T]) Find(ctx context.Context, q Querier, s stores.Scope, ids []stores.ID, fields []stores.Field) (map[stores.ID]*T, error) {
	out := make(map[stores.ID]*T, len(ids))
	columns := r.Projection(fields)
	err := r.lookUp(ctx, q, s, columns, "t.id", Values(ids), "", func(item *T) { out[*r.Head(item).ID] = item })
	return out, err
}

// lookUp reads the records of which x is one of the values, and more holds.
func (r Records[T]) lookUp(ctx context.Context, q Querier, s stores.Scope, columns []flat.Column[T], x string, values []any, more string, found func(*T)) error {
	scope := r.db.ScopeValues(s)[0]
	for part := range slices.Chunk(values, r.db.Limits().Values) {
		st := r.Select(columns).Add(" FROM "+r.name+" AS t WHERE t.scope = ? AND ", scope)
		r.db.In(st, x, part)
		st.Add(more + r.db.lock(ctx))
		err := st.Each(ctx, q, func(rows *sql.Rows) error {
			item, err := r.Scan(rows, s, columns)
			if err == nil {
				found(item)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Count counts the matches of a filter.
func (r Records[T]) Count(ctx context.Context, s stores.Scope, where stores.Filter) (n int, err error) {
	if err := r.db.Usable(ctx); err != nil {
		return 0, err
	}
	where, err = r.spec.Check(where)
	if err != nil {
		return 0, err
	}
	st := SQL("SELECT count(*) FROM "+r.name+" AS t WHERE t.scope = ? AND ", r.db.ScopeValues(s)[0])
	r.Where(st, where)
	return n, r.db.Ended(ctx, st.One(ctx, r.db.Reader(ctx), &n))
}

// List reads one page.
func (r Records[T]) List(ctx context.Context, s stores.Scope, q stores.Query) (page stores.Slice[*T], err error) {
	if err := r.db.Usable(ctx); err != nil {
		return page, err
	}
	p, err := flat.NewPlan(r.spec, q)
	if err != nil {
		return page, err
	}
	if p.After == nil && p.Before == nil { // one statement is a snapshot by itself
		page, err = r.page(ctx, r.db.Reader(ctx), s, p, q.Fields)
		return page, r.db.Ended(ctx, err)
	}
	err = r.db.Snapshot(ctx, func(q2 Querier) error {
		page, err = r.page(ctx, q2, s, p, q.Fields)
		return err
	})
	return page, err
}

func (r Records[T]) page(ctx context.Context, q Querier, s stores.Scope, p flat.Plan, fields []stores.Field) (stores.Slice[*T], error) {
	columns := r.Projection(fields)
	st := r.Select(columns)
	r.sortValues(st, p)
	st.Add(" FROM "+r.name+" AS t WHERE t.scope = ? AND ", r.db.ScopeValues(s)[0])
	r.matches(st, p)
	st.Add(" ORDER BY ")
	r.orderBy(st, p)
	st.Add(" LIMIT ?", p.Size+1)

	var read reading[T]
	err := st.Each(ctx, q, func(rows *sql.Rows) error { return read.row(r.Table, rows, s, p, columns) })
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
func (r Records[T]) remains(ctx context.Context, q Querier, s stores.Scope, p flat.Plan, earlier bool) (yes bool, err error) {
	if !p.Bounded(earlier) {
		return false, nil
	}
	st := SQL("SELECT EXISTS (SELECT 1 FROM "+r.name+" AS t WHERE t.scope = ? AND ", r.db.ScopeValues(s)[0])
	r.outside(st, p, earlier)
	return yes, st.Add(")").One(ctx, q, &yes)
}

// reading collects the rows of a page with their cursors.
type reading[T any] struct {
	items   []*T
	cursors []stores.Cursor
}

// row reads one row: the columns of the record, the sort values, and what more there is.
func (g *reading[T]) row(t *Table[T], rows *sql.Rows, s stores.Scope, p flat.Plan, columns []flat.Column[T], more ...any) error {
	values := make([]any, len(p.Order))
	to := make([]any, 0, len(values)+len(more))
	for i := range values {
		to = append(to, &values[i])
	}
	item, err := t.Scan(rows, s, columns, append(to, more...)...)
	if err != nil {
		return err
	}
	for i, v := range values {
		if text, ok := v.([]byte); ok { // some drivers give texts as bytes
			values[i] = string(text)
		}
	}
	g.items = append(g.items, item)
	g.cursors = append(g.cursors, stores.NewCursor(p.Order, values, *t.Head(item).ID))
	return nil
}
