package neo4j

import (
	"context"
	"errors"
	"fmt"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// noun is everything that tells one noun from another: its layout, and the few things that are more than properties.
type noun[T any] struct {
	flat.Layout[T]
	shape

	linked *flat.Column[T] // read first, with every record, in the way that links says; nil when there is none
	links  cypher

	check func(items []*T) (refs, error)    // the nodes that must exist for the records to be written
	row   func(item *T, row map[string]any) // adds to what save knows as row: n, id, values
	save  func(items []*T) cypher           // writes one row of them and ends by returning a list, the answer
	took  func(item *T, answer []any) error // takes what the write gave to the record
	drop  cypher                            // deletes the records t with what hangs on them
	taken func(item *T) error               // says what a unique key stood for
}

// always is a way to save that is the same for all records.
func always[T any](c cypher) func([]*T) cypher { return func([]*T) cypher { return c } }

// records reads and writes one noun: the part of its contract that all nouns share.
type records[T any] struct {
	db *DB
	*noun[T]
}

// ByID reads many records by id.
func (r records[T]) ByID(ctx context.Context, s stores.Scope, ids []stores.ID, fields []stores.Field) (map[stores.ID]*T, error) {
	return whole(ctx, func() (map[stores.ID]*T, error) { return r.byID(ctx, s, ids, fields) })
}

func (r records[T]) byID(ctx context.Context, s stores.Scope, ids []stores.ID, fields []stores.Field) (map[stores.ID]*T, error) {
	out := make(map[stores.ID]*T, len(ids))
	if len(ids) == 0 {
		return out, r.db.usable(ctx)
	}
	columns := r.selection(fields)
	q := newQuery(s).with(map[string]any{"ids": texts(unique(ids))})
	q.add("MATCH ", r.one, " WHERE t.scope = $p.scope AND t.id IN $p.ids RETURN ", r.read(q, columns))
	rows, err := r.db.read(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		item, err := r.scan(row[0], s, columns)
		if err != nil {
			return nil, err
		}
		out[*r.Head(item).ID] = item
	}
	return out, nil
}

// Count counts the matches of a filter.
func (r records[T]) Count(ctx context.Context, s stores.Scope, where stores.Filter) (int, error) {
	if err := r.db.usable(ctx); err != nil {
		return 0, err
	}
	where, err := r.spec.Check(where)
	if err != nil {
		return 0, err
	}
	q, from := newQuery(s), r.all(where)
	q.add("MATCH ", from.match, " WHERE ", from.where)
	if !where.Empty() {
		q.add(" AND ", r.where(q, where, false))
	}
	q.add(" RETURN count(*)")
	rows, err := r.db.read(ctx, q)
	return count(rows, err)
}

// count is the one number of an answer; no answer counts nothing.
func count(rows [][]any, err error) (int, error) {
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	n, ok := rows[0][0].(int64)
	if !ok {
		return 0, unexpected(rows[0][0], "a number")
	}
	return int(n), nil
}

// List reads one page.
func (r records[T]) List(ctx context.Context, s stores.Scope, query stores.Query) (stores.Slice[*T], error) {
	return whole(ctx, func() (stores.Slice[*T], error) { return r.list(ctx, s, query) })
}

func (r records[T]) list(ctx context.Context, s stores.Scope, query stores.Query) (page stores.Slice[*T], err error) {
	if err := r.db.usable(ctx); err != nil {
		return page, err
	}
	p, err := flat.NewPlan(r.spec, query)
	if err != nil {
		return page, err
	}
	q, columns := newQuery(s), r.selection(query.Fields)
	from := r.all(p.Filter)
	q.add("CALL () { ", r.pick(q, p, from), " RETURN collect(", r.read(q, columns, p.Order...), ") AS page }",
		" RETURN page, ", r.beside(q, p, from, true), " AS earlier, ", r.beside(q, p, from, false), " AS later")
	rows, err := r.db.read(ctx, q)
	if err != nil || len(rows) == 0 {
		return page, err
	}
	return r.page(rows[0], s, p, columns)
}

// read is the version of a record t, whether it is of the scope, its columns, and then what more is asked of it, as one list. The names are a parameter: a plan that
// reads each by its name is the same for every choice of them, and takes three times as long to make.
func (n *noun[T]) read(q *query, columns []flat.Column[T], more ...stores.Order) cypher {
	var names []any
	for _, c := range columns {
		names = append(names, c.Name)
	}
	if n.linked != nil {
		names = names[1:]
	}
	for _, o := range more {
		names = append(names, n.terms[o.Field].column)
	}
	q.params["columns"] = names
	const list cypher = "[c IN $p.columns | t[c]]"
	if n.linked != nil {
		return "[t.version, t.scope = $p.scope, " + n.links + "] + " + list
	}
	return "[t.version, t.scope = $p.scope] + " + list
}

// page reads what [records.List] asks for: the entries, and whether records lie on either side.
func (n *noun[T]) page(row []any, s stores.Scope, p flat.Plan, columns []flat.Column[T]) (page stores.Slice[*T], err error) {
	entries, ok := row[0].([]any)
	earlier, ok1 := row[1].(bool)
	later, ok2 := row[2].(bool)
	if !ok || !ok1 || !ok2 {
		return page, unexpected(row[0], "a page")
	}
	items, cursors := make([]*T, len(entries)), make([]stores.Cursor, len(entries))
	for i, e := range entries {
		values, _ := e.([]any)
		size := len(columns) + 2
		if len(values) < size {
			return page, unexpected(e, "a record")
		}
		if items[i], err = n.scan(values[:size], s, columns); err != nil {
			return page, err
		}
		cursors[i] = stores.NewCursor(p.Order, values[size:], *n.Head(items[i]).ID)
	}
	return flat.Slice(p, items, cursors, earlier, later), nil
}

// selection is the columns that a read brings along.
func (n *noun[T]) selection(fields []stores.Field) []flat.Column[T] {
	if n.linked == nil {
		return n.Selection(fields)
	}
	return append([]flat.Column[T]{*n.linked}, n.Selection(fields)...)
}

// scan makes a record of a version, whether it is of the scope, and a list of column values. One of another scope is nobody's. What was written or deleted meanwhile is
// errTorn: its version, which is read first and as one of the columns, differs, or a column is gone that is never null.
func (n *noun[T]) scan(list any, s stores.Scope, columns []flat.Column[T]) (*T, error) {
	values, _ := list.([]any)
	if len(values) != len(columns)+2 {
		return nil, unexpected(list, "a record")
	}
	item, properties := new(T), values[2:]
	for i, c := range columns {
		if properties[i] == nil && !c.Null && c.Bind != nil {
			return nil, errTorn
		}
		if err := flat.Assign(c.Scan(item), properties[i]); err != nil {
			return nil, fmt.Errorf("property %s: %w", c.Name, err)
		}
	}
	h := n.Head(item)
	if version, ok := values[0].(int64); !ok || int(version) != *h.Version {
		return nil, errTorn
	}
	switch values[1] {
	case true:
		*h.Scope = s
	case nil:
		return nil, errTorn
	}
	return item, nil
}

// errTorn says that a record was not read as it was at any one time.
var errTorn = errors.New("a record was written or deleted while it was read")

// whole repeats a read until no record in it is torn. Neo4j reads property by property, and shows those of a transaction one
// by one as they are committed.
func whole[V any](ctx context.Context, read func() (V, error)) (V, error) {
	for pause := firstPause; ; pause *= 2 {
		v, err := read()
		if !errors.Is(err, errTorn) {
			return v, err
		}
		if pause > maxPause {
			return v, stores.Unavailable(backend, err)
		}
		if !sleep(ctx, pause) {
			return v, ctx.Err()
		}
	}
}

func unexpected(v any, want string) error {
	return fmt.Errorf("the database gave a %T where %s belongs", v, want)
}
