package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// table is everything that tells one noun from another: its layout, and the few things that are more than columns.
type table[T any] struct {
	shape
	flat.Layout[T]
	read  map[string]string // how to read a column when it is not simply that, by its name
	write map[string]string // how to write a column when it is not simply a parameter, by its name
	links *flat.Column[T]   // read last, with every record; nil when there is none

	upsert string // INSERT … ON CONFLICT …
	update string // UPDATE … WHERE scope, id

	// Hooks; nil when the noun needs none. They run inside the transaction of the write.
	check    func(ctx context.Context, q querier, s stores.Scope, items []*T) error      // before a write
	complete func(ctx context.Context, q querier, s stores.Scope, item *T) error         // before each record
	attach   func(ctx context.Context, q querier, s stores.Scope, items []*T) error      // after a write
	detach   func(ctx context.Context, q querier, s stores.Scope, ids []stores.ID) error // before a deletion
	conflict func(item *T) error                                                         // says what a unique key stood for
}

// newTable completes a table: the spelling of fields and its statements.
func newTable[T any](name string, layout flat.Layout[T], t table[T]) *table[T] {
	t.Layout = layout
	t.shape = shape{name: name, spec: layout.Spec, terms: map[stores.Field]term{}}
	for _, c := range layout.Columns {
		if c.Field != "" {
			expr := t.expr(c.Name)
			t.terms[c.Field] = term{expr: expr, null: c.Null, kind: t.spec.Fields[c.Field]}
		}
	}
	t.upsert, t.update = t.upsertSQL(), t.updateSQL()
	return &t
}

// expr is how a column is read.
func (t *table[T]) expr(column string) string {
	if x, ok := t.read[column]; ok {
		return x
	}
	return "t." + column
}

func (t *table[T]) upsertSQL() string {
	names := t.Written()
	var replaced, kept []string
	for _, n := range names {
		replaced = append(replaced, n+" = excluded."+n)
		switch n {
		case "id":
		case "created_at":
			kept = append(kept, "created_at = iif(id = excluded.id, excluded.created_at, created_at)")
		default:
			kept = append(kept, n+" = excluded."+n)
		}
	}
	var b strings.Builder
	b.WriteString("INSERT INTO " + t.name + " (scope, " + strings.Join(names, ", ") + ") VALUES (?")
	for _, n := range names {
		b.WriteString(", " + t.parameter(n))
	}
	b.WriteString(")")
	if t.Natural != nil {
		b.WriteString(" ON CONFLICT (" + strings.Join(append([]string{"scope"}, t.Natural...), ", ") + ") DO UPDATE SET " + strings.Join(kept, ", "))
	}
	b.WriteString(" ON CONFLICT (scope, id) DO UPDATE SET " + strings.Join(replaced, ", "))
	if t.Natural != nil {
		b.WriteString(" RETURNING id, created_at")
	}
	return b.String()
}

func (t *table[T]) updateSQL() string {
	var sets []string
	for _, n := range t.Written() {
		sets = append(sets, n+" = "+t.parameter(n))
	}
	return "UPDATE " + t.name + " SET " + strings.Join(sets, ", ") + " WHERE scope = ? AND id = ?"
}

// parameter is how a column is written.
func (t *table[T]) parameter(column string) string {
	if x, ok := t.write[column]; ok {
		return x
	}
	return "?"
}

// selection is the columns that a read brings along.
func (t *table[T]) selection(fields []stores.Field) []flat.Column[T] {
	columns := t.Selection(fields)
	if t.links != nil {
		columns = append(columns, *t.links)
	}
	return columns
}

// selectColumns adds "SELECT a, b, …".
func (t *table[T]) selectColumns(st *statement, columns []flat.Column[T]) {
	st.add("SELECT ")
	for i, c := range columns {
		if i > 0 {
			st.add(", ")
		}
		st.add(t.expr(c.Name))
	}
}

// scan reads one row into a new record of the scope; more receives the columns that follow.
func (t *table[T]) scan(rows *sql.Rows, s stores.Scope, columns []flat.Column[T], more ...any) (*T, error) {
	item := new(T)
	to := make([]any, 0, len(columns)+len(more))
	for _, c := range columns {
		to = append(to, c.Scan(item))
	}
	if err := rows.Scan(append(to, more...)...); err != nil {
		return nil, err
	}
	*t.Head(item).Scope = s
	return item, nil
}
