package sqlite

import (
	"context"
	"database/sql"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// links adds a SELECT of (parent, rowid) pairs: which records belong to which of the parents, a JSON array.
type links func(st *statement, scope, parents string)

// children reads one page per parent. Parents without any child are absent.
func (r records[T]) children(ctx context.Context, s stores.Scope, parents []stores.ID, q stores.Query, of links) (map[stores.ID]stores.Slice[*T], error) {
	if err := r.db.usable(ctx); err != nil {
		return nil, err
	}
	p, err := flat.NewPlan(r.spec, q)
	if err != nil || len(parents) == 0 {
		return map[stores.ID]stores.Slice[*T]{}, err
	}
	var out map[stores.ID]stores.Slice[*T]
	err = r.db.snapshot(ctx, func(tx querier) error {
		out, err = r.pages(ctx, tx, s, p, q.Fields, family{array(unique(parents)), of})
		return err
	})
	return out, err
}

// family is the parents of a children read, as a JSON array, and their links to the children.
type family struct {
	parents string
	links   links
}

// with starts a statement that knows the links.
func (f family) with(s stores.Scope) *statement {
	st := (&statement{}).add("WITH links (parent, child) AS (")
	f.links(st, s.Key(), f.parents)
	return st.add(") ")
}

func (r records[T]) pages(ctx context.Context, q querier, s stores.Scope, p flat.Plan, fields []stores.Field, f family) (map[stores.ID]stores.Slice[*T], error) {
	read := map[stores.ID]*reading[T]{}
	columns := r.selection(fields)
	st := r.pagesSQL(s, p, columns, f)
	err := st.each(ctx, q, func(rows *sql.Rows) error {
		var parent stores.ID
		one := &reading[T]{}
		if err := one.row(r.table, rows, s, p, columns, &parent); err != nil {
			return err
		}
		if sofar := read[parent]; sofar != nil {
			sofar.items, sofar.cursors = append(sofar.items, one.items...), append(sofar.cursors, one.cursors...)
		} else {
			read[parent] = one
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	earlier, err := r.parentsRemaining(ctx, q, s, p, f, true)
	if err != nil {
		return nil, err
	}
	later, err := r.parentsRemaining(ctx, q, s, p, f, false)
	if err != nil {
		return nil, err
	}
	for _, beyond := range []map[stores.ID]bool{earlier, later} {
		for parent := range beyond { // an empty page between others
			if read[parent] == nil {
				read[parent] = &reading[T]{}
			}
		}
	}
	out := make(map[stores.ID]stores.Slice[*T], len(read))
	for parent, g := range read {
		out[parent] = flat.Slice(p, g.items, g.cursors, earlier[parent], later[parent])
	}
	return out, nil
}

// pagesSQL numbers the children of each parent in reading order, and reads the columns of those on the page only.
func (r records[T]) pagesSQL(s stores.Scope, p flat.Plan, columns []flat.Column[T], f family) *statement {
	st := f.with(s)
	st.add(", ranked AS (SELECT links.parent AS parent, links.child AS child, row_number() OVER (PARTITION BY links.parent ORDER BY ")
	r.orderBy(st, p)
	st.add(") AS rank FROM links CROSS JOIN " + r.name + " AS t ON t.rowid = links.child WHERE ")
	r.matches(st, p)
	st.add(") ")
	r.selectColumns(st, columns)
	r.sortValues(st, p)
	return st.add(", ranked.parent FROM ranked CROSS JOIN "+r.name+" AS t ON t.rowid = ranked.child"+
		" WHERE ranked.rank <= ? ORDER BY ranked.parent, ranked.rank", p.Size+1)
}

// parentsRemaining are the parents that have children beyond a bound of the page.
func (r records[T]) parentsRemaining(ctx context.Context, q querier, s stores.Scope, p flat.Plan, f family, earlier bool) (map[stores.ID]bool, error) {
	out := map[stores.ID]bool{}
	if !p.Bounded(earlier) {
		return out, nil
	}
	st := f.with(s).add("SELECT DISTINCT links.parent FROM links CROSS JOIN " + r.name + " AS t ON t.rowid = links.child WHERE ")
	r.outside(st, p, earlier)
	return out, st.each(ctx, q, func(rows *sql.Rows) error {
		var parent stores.ID
		err := rows.Scan(&parent)
		out[parent] = true
		return err
	})
}

// grouped reads all children of each parent, without paging.
func (r records[T]) grouped(ctx context.Context, s stores.Scope, parents []stores.ID, order []stores.Order, fields []stores.Field, of links) (map[stores.ID][]*T, error) {
	pages, err := r.children(ctx, s, parents, stores.Query{Order: order, Fields: fields, Page: stores.Page{First: flat.MaxPage}}, of)
	if err != nil {
		return nil, err
	}
	out := make(map[stores.ID][]*T, len(pages))
	for parent, page := range pages {
		out[parent] = page.Items
	}
	return out, nil
}

func unique(ids []stores.ID) []stores.ID {
	seen := make(map[stores.ID]bool, len(ids))
	out := make([]stores.ID, 0, len(ids))
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}
