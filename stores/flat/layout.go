// Package flat lays the nouns out as rows: one column per field, which every database that keeps rows or property maps
// uses, whatever its language. Times are unix microseconds; lists and nested values are JSON; optional texts, ids and
// lists are null when empty, so that filters can ask for null.
package flat

import (
	"time"

	"thalamus/stores"
)

// Layout is a noun as rows.
type Layout[T any] struct {
	Spec    stores.Spec
	Head    func(*T) Head
	Columns []Column[T]

	// Natural names the columns that, with the scope, identify a record besides its id, nil when only the id does: a put
	// that meets a record with the same key replaces that and gives the item its id and creation time.
	Natural []string
}

// Head points at what every noun has. Version is nil for nouns without one, Created for those without a natural key.
type Head struct {
	ID      *stores.ID
	Scope   *stores.Scope
	Version *int
	Created *time.Time
}

// Written names the columns that are written, in order.
func (l Layout[T]) Written() []string {
	var names []string
	for _, c := range l.Columns {
		if c.Bind != nil {
			names = append(names, c.Name)
		}
	}
	return names
}

// Values are what a record writes, in the order of [Layout.Written].
func (l Layout[T]) Values(item *T) ([]any, error) {
	var out []any
	for _, c := range l.Columns {
		if c.Bind == nil {
			continue
		}
		v, err := c.Bind(item)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// Selection is the columns that a read of the given fields brings along; see [stores.Spec.Wants].
func (l Layout[T]) Selection(fields []stores.Field) []Column[T] {
	var out []Column[T]
	for _, c := range l.Columns {
		if c.Scan != nil && l.Spec.Wants(fields, c.Field) {
			out = append(out, c)
		}
	}
	return out
}

// Owned refuses records that cannot be written to a scope.
func (l Layout[T]) Owned(s stores.Scope, items []*T) error {
	for _, item := range items {
		h := l.Head(item)
		if *h.ID == "" {
			return stores.Invalid("id", "must not be empty")
		}
		if *h.Scope != s {
			return stores.Invalid("scope", "the record belongs to another scope than the call")
		}
	}
	return nil
}

// Undoing runs a write that gives values to its items (ids, positions), and takes them back when it fails.
func Undoing[T any](items []*T, write func() error) error {
	before := make([]T, len(items))
	for i, item := range items {
		before[i] = *item
	}
	err := write()
	if err != nil {
		for i, item := range items {
			*item = before[i]
		}
	}
	return err
}
