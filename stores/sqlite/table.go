package sqlite

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"thalamus/stores"
)

// table is everything that tells one noun from another: its columns, and the few things that are more than columns.
type table[T any] struct {
	shape
	columns []column[T]
	head    func(*T) head

	// natural is the key that identifies a record besides its id, if there is one: a put that meets a record with the same
	// key replaces that and gives the item its id and creation time.
	natural []string

	upsert string // INSERT … ON CONFLICT …
	update string // UPDATE … WHERE scope, id

	// Hooks; nil when the noun needs none. They run inside the transaction of the write.
	check    func(ctx context.Context, q querier, s stores.Scope, items []*T) error      // before a write
	complete func(ctx context.Context, q querier, s stores.Scope, item *T) error         // before each record
	attach   func(ctx context.Context, q querier, s stores.Scope, items []*T) error      // after a write
	detach   func(ctx context.Context, q querier, s stores.Scope, ids []stores.ID) error // before a deletion
	conflict func(item *T) error                                                         // says what a unique key stood for
}

// head points at what every noun has. Version is nil for nouns without one.
type head struct {
	id      *stores.ID
	scope   *stores.Scope
	version *int
	created *time.Time // needed with a natural key
}

// newTable completes a table: the spelling of fields and its statements.
func newTable[T any](name string, spec stores.Spec, t table[T]) *table[T] {
	t.shape = shape{name: name, spec: spec, terms: map[stores.Field]term{}}
	for i := range t.columns {
		c := &t.columns[i]
		if c.expr == "" {
			c.expr = "t." + c.name
		}
		if c.field != "" {
			t.terms[c.field] = term{expr: c.expr, null: c.null, kind: spec.Fields[c.field]}
		}
	}
	t.upsert, t.update = t.upsertSQL(), t.updateSQL()
	return &t
}

func (t *table[T]) written() []string {
	var names []string
	for _, c := range t.columns {
		if c.bind != nil {
			names = append(names, c.name)
		}
	}
	return names
}

func (t *table[T]) upsertSQL() string {
	names := t.written()
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
	b.WriteString("INSERT INTO " + t.name + " (scope, " + strings.Join(names, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(names)) + ")")
	if t.natural != nil {
		b.WriteString(" ON CONFLICT (" + strings.Join(t.natural, ", ") + ") DO UPDATE SET " + strings.Join(kept, ", "))
	}
	b.WriteString(" ON CONFLICT (scope, id) DO UPDATE SET " + strings.Join(replaced, ", "))
	if t.natural != nil {
		b.WriteString(" RETURNING id, created_at")
	}
	return b.String()
}

func (t *table[T]) updateSQL() string {
	return "UPDATE " + t.name + " SET " + strings.Join(t.written(), " = ?, ") + " = ? WHERE scope = ? AND id = ?"
}

// values are what a record writes, in the order of its columns.
func (t *table[T]) values(item *T) ([]any, error) {
	var out []any
	for _, c := range t.columns {
		if c.bind == nil {
			continue
		}
		v, err := c.bind(item)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// selection is the columns that a read brings along.
func (t *table[T]) selection(fields []stores.Field) []column[T] {
	var out []column[T]
	for _, c := range t.columns {
		if c.scan != nil && t.spec.Wants(fields, c.field) {
			out = append(out, c)
		}
	}
	return out
}

// selectColumns adds "SELECT a, b, …".
func selectColumns[T any](st *statement, columns []column[T]) {
	st.add("SELECT ")
	for i, c := range columns {
		if i > 0 {
			st.add(", ")
		}
		st.add(c.expr)
	}
}

// scan reads one row into a new record of the scope; more receives the columns that follow.
func (t *table[T]) scan(rows *sql.Rows, s stores.Scope, columns []column[T], more ...any) (*T, error) {
	item := new(T)
	to := make([]any, 0, len(columns)+len(more))
	for _, c := range columns {
		to = append(to, c.scan(item))
	}
	if err := rows.Scan(append(to, more...)...); err != nil {
		return nil, err
	}
	*t.head(item).scope = s
	return item, nil
}

// owned refuses records that cannot be written to this scope.
func (t *table[T]) owned(s stores.Scope, items []*T) error {
	for _, item := range items {
		h := t.head(item)
		if *h.id == "" {
			return stores.Invalid("id", "must not be empty")
		}
		if *h.scope != s {
			return stores.Invalid("scope", "the record belongs to another scope than the call")
		}
	}
	return nil
}
