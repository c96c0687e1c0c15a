package relational

import (
	"context"
	"database/sql"
	"slices"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// Links adds a SELECT of (parent, row) pairs, the row named as [Dialect.Row] says: which records belong to which of the
// parents. It gets the value of the column scope.
type Links func(st *Statement, scope any, parents []stores.ID)

// Children reads one page per parent. Parents without any child are absent.
func (r Records[T]) Children(ctx context.Context, s stores.Scope, parents []stores.ID, q stores.Query, of Links) (map[stores.ID]stores.Slice[*T], error) {
	if err := r.db.Usable(ctx); err != nil {
		return nil, err
	}
	out := map[stores.ID]stores.Slice[*T]{}
	p, err := flat.NewPlan(r.spec, q)
	if err != nil || len(parents) == 0 {
		return out, err
	}
	parents = unique(parents)
	read := func(q2 Querier) error {
		for part := range slices.Chunk(parents, r.db.Limits().Values) {
			if err := r.pages(ctx, q2, s, p, q.Fields, family{r.db, s, part, of}, out); err != nil {
				return err
			}
		}
		return nil
	}
	if p.After == nil && p.Before == nil && len(parents) <= r.db.Limits().Values { // one statement is a snapshot by itself
		return out, r.db.Ended(ctx, read(r.db.Reader(ctx)))
	}
	return out, r.db.Snapshot(ctx, read)
}

// family is the parents of a children read, and their links to the children.
type family struct {
	db      *Database
	scope   stores.Scope
	parents []stores.ID
	links   Links
}

// with starts a statement that knows the links.
func (f family) with() *Statement {
	st := SQL("WITH links (parent, child) AS (")
	f.links(st, f.db.ScopeValues(f.scope)[0], f.parents)
	return st.Add(") ")
}

// children adds the table of the children of pairs, as t.
func (f family) children(st *Statement, pairs, table string) *Statement {
	return st.Add(" FROM "+pairs+" "+f.db.Join()+" "+table+" AS t ON t.scope = ? AND t."+f.db.Row()+" = "+pairs+".child WHERE ",
		f.db.ScopeValues(f.scope)[0])
}

// pages reads one page for each parent of a family into out.
func (r Records[T]) pages(ctx context.Context, q Querier, s stores.Scope, p flat.Plan, fields []stores.Field, f family, out map[stores.ID]stores.Slice[*T]) error {
	read := map[stores.ID]*reading[T]{}
	columns := r.Projection(fields)
	err := r.pagesSQL(p, columns, f).Each(ctx, q, func(rows *sql.Rows) error {
		var parent stores.ID
		one := &reading[T]{}
		if err := one.row(r.Table, rows, s, p, columns, &parent); err != nil {
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
		return err
	}
	earlier, err := r.parentsRemaining(ctx, q, p, f, true)
	if err != nil {
		return err
	}
	later, err := r.parentsRemaining(ctx, q, p, f, false)
	if err != nil {
		return err
	}
	for _, beyond := range []map[stores.ID]bool{earlier, later} {
		for parent := range beyond { // an empty page between others
			if read[parent] == nil {
				read[parent] = &reading[T]{}
			}
		}
	}
	for parent, g := range read {
		out[parent] = flat.Slice(p, g.items, g.cursors, earlier[parent], later[parent])
	}
	return nil
}

// pagesSQL numbers the children of each parent in reading order, and reads the columns of those on the page only.
func (r Records[T]) pagesSQL(p flat.Plan, columns []flat.Column[T], f family) *Statement {
	st := f.with()
	st.Add(", ranked AS (SELECT links.parent AS parent, links.child AS child, row_number() OVER (PARTITION BY links.parent ORDER BY ")
	r.orderBy(st, p)
	st.Add(") AS place")
	f.children(st, "links", r.name)
	r.matches(st, p)
	st.Add(") ")
	r.selects(st, columns)
	r.sortValues(st, p)
	st.Add(", ranked.parent")
	return f.children(st, "ranked", r.name).Add("ranked.place <= ? ORDER BY ranked.parent, ranked.place", p.Size+1)
}

// parentsRemaining are the parents that have children beyond a bound of the page.
func (r Records[T]) parentsRemaining(ctx context.Context, q Querier, p flat.Plan, f family, earlier bool) (map[stores.ID]bool, error) {
	out := map[stores.ID]bool{}
	if !p.Bounded(earlier) {
		return out, nil
	}
	st := f.with().Add("SELECT DISTINCT links.parent")
	f.children(st, "links", r.name)
	r.outside(st, p, earlier)
	return out, st.Each(ctx, q, func(rows *sql.Rows) error {
		var parent stores.ID
		err := rows.Scan(&parent)
		out[parent] = true
		return err
	})
}

// Grouped reads all children of each parent, without paging.
func (r Records[T]) Grouped(ctx context.Context, s stores.Scope, parents []stores.ID, order []stores.Order, fields []stores.Field, of Links) (map[stores.ID][]*T, error) {
	pages, err := r.Children(ctx, s, parents, stores.Query{Order: order, Fields: fields, Page: stores.Page{First: flat.MaxPage}}, of)
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
