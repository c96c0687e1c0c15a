package relational

import (
	"context"
	"database/sql"
	"strings"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// Table is everything that tells one noun from another: its layout, and the few things that are more than columns.
type Table[T any] struct {
	shape
	flat.Layout[T]
	Extras[T]

	head, tuple, tail string // of an upsert: INSERT … VALUES, (?, …), ON CONFLICT …
	update            string // UPDATE … WHERE scope, id
	identify          string // SELECT id, created_at … WHERE scope, natural key
}

// Extras are what a noun has beside its columns; the zero value is right for a noun that has nothing.
type Extras[T any] struct {
	Read  map[string]string // how to read a column when it is not simply that, by its name; the row is t
	Write map[string]string // how to write a column when it is not simply a parameter, by its name
	Links *flat.Column[T]   // read last, with every record

	// These run inside the transaction of the write.
	Check    func(ctx context.Context, q Querier, s stores.Scope, items []*T) error      // before a write
	Complete func(ctx context.Context, q Querier, s stores.Scope, item *T) error         // before each record
	Attach   func(ctx context.Context, q Querier, s stores.Scope, items []*T) error      // after a write
	Detach   func(ctx context.Context, q Querier, s stores.Scope, ids []stores.ID) error // before a deletion
	// Conflict says what stood against the items of a refused statement; nil leaves it at the words of the driver.
	Conflict func(ctx context.Context, q Querier, s stores.Scope, items []*T) error
}

// NewTable makes the table of a noun.
func NewTable[T any](d Dialect, name string, layout flat.Layout[T], extras Extras[T]) *Table[T] {
	t := &Table[T]{Layout: layout, Extras: extras}
	t.shape = shape{dialect: d, name: name, spec: layout.Spec, terms: map[stores.Field]term{}}
	for _, c := range layout.Columns {
		if c.Field != "" {
			t.terms[c.Field] = term{expr: t.expr(c.Name), null: c.Null, kind: t.spec.Fields[c.Field]}
		}
	}
	t.spell()
	return t
}

// spell prepares the statements that write.
func (t *Table[T]) spell() {
	names, scope := t.Written(), t.dialect.ScopeColumns()
	var values, sets []string
	for range scope {
		values = append(values, "?")
	}
	for _, n := range names {
		values = append(values, t.parameter(n))
		sets = append(sets, n+" = "+t.parameter(n))
	}
	t.head = "INSERT INTO " + t.name + " (" + strings.Join(append(scope, names...), ", ") + ") VALUES "
	t.tuple = "(" + strings.Join(values, ", ") + ")"
	t.tail = t.dialect.OnConflict(Upsert{Columns: names, Natural: t.Natural})
	t.update = "UPDATE " + t.name + " SET " + strings.Join(sets, ", ") + " WHERE scope = ? AND id = ?"
	t.identify = "SELECT id, created_at FROM " + t.name + " WHERE scope = ?"
	for _, n := range t.Natural {
		t.identify += " AND " + n + " = " + t.parameter(n)
	}
}

// expr is how a column is read.
func (t *Table[T]) expr(column string) string {
	if x, ok := t.Read[column]; ok {
		return x
	}
	return "t." + column
}

// parameter is how a column is written.
func (t *Table[T]) parameter(column string) string {
	if x, ok := t.Write[column]; ok {
		return x
	}
	return "?"
}

// Projection is the columns that a read of the given fields brings along.
func (t *Table[T]) Projection(fields []stores.Field) []flat.Column[T] {
	columns := t.Selection(fields)
	if t.Links != nil {
		columns = append(columns, *t.Links)
	}
	return columns
}

// Select starts a statement by "SELECT scope, a, b, …", where the row is t.
func (t *Table[T]) Select(columns []flat.Column[T]) *Statement {
	st := &Statement{}
	t.selects(st, columns)
	return st
}

func (t *Table[T]) selects(st *Statement, columns []flat.Column[T]) {
	scope := t.dialect.ScopeColumns()
	st.Add("SELECT t." + scope[len(scope)-1])
	for _, c := range columns {
		st.Add(", " + t.expr(c.Name))
	}
}

// Scan reads one row into a new record. It belongs to the scope that the row names, most likely the one that was asked
// about; more receives the columns that follow.
func (t *Table[T]) Scan(rows *sql.Rows, s stores.Scope, columns []flat.Column[T], more ...any) (*T, error) {
	item := new(T)
	var key string
	to := append(make([]any, 0, 1+len(columns)+len(more)), &key)
	for _, c := range columns {
		to = append(to, c.Scan(item))
	}
	if err := rows.Scan(append(to, more...)...); err != nil {
		return nil, err
	}
	var err error
	*t.Head(item).Scope, err = flat.OwnerOf(key, s)
	return item, err
}
