package neo4j

import (
	"context"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// family says how children t belong to a parent. The parent's id is known as parent.
type family struct {
	parents cypher  // clauses that find the parents that exist; empty when ids stand for them
	of      pattern // matches the children of one parent
	uses    cypher  // what of the above it needs: parent, or a node that parents found
}

// children reads one page per parent. Parents without any child are absent.
func (r records[T]) children(ctx context.Context, s stores.Scope, parents []stores.ID, query stores.Query, f family) (map[stores.ID]stores.Slice[*T], error) {
	return whole(ctx, func() (map[stores.ID]stores.Slice[*T], error) { return r.pages(ctx, s, parents, query, f) })
}

func (r records[T]) pages(ctx context.Context, s stores.Scope, parents []stores.ID, query stores.Query, f family) (map[stores.ID]stores.Slice[*T], error) {
	if err := r.db.usable(ctx); err != nil {
		return nil, err
	}
	p, err := flat.NewPlan(r.spec, query)
	out := map[stores.ID]stores.Slice[*T]{}
	if err != nil || len(parents) == 0 {
		return out, err
	}
	columns := r.selection(query.Fields)
	q := newQuery(s).with(map[string]any{"parents": texts(unique(parents))})
	q.add("UNWIND $p.parents AS parent ", f.parents,
		" CALL (", f.uses, ") { ", r.pick(q, p, f.of), " RETURN collect(", r.read(q, columns, p.Order...), ") AS page }",
		" WITH *, ", r.beside(q, p, f.of, true), " AS earlier, ", r.beside(q, p, f.of, false), " AS later",
		" WHERE earlier OR later OR size(page) > 0 RETURN page, earlier, later, parent")
	rows, err := r.db.read(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		parent, ok := row[3].(string)
		if !ok {
			return nil, unexpected(row[3], "an id")
		}
		if out[stores.ID(parent)], err = r.page(row, s, p, columns); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// grouped reads all children of each parent, without paging.
func (r records[T]) grouped(ctx context.Context, s stores.Scope, parents []stores.ID, order []stores.Order, fields []stores.Field, f family) (map[stores.ID][]*T, error) {
	pages, err := r.children(ctx, s, parents, stores.Query{Order: order, Fields: fields, Page: stores.Page{First: flat.MaxPage}}, f)
	if err != nil {
		return nil, err
	}
	out := make(map[stores.ID][]*T, len(pages))
	for parent, page := range pages {
		out[parent] = page.Items
	}
	return out, nil
}
