package sqlite

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"thalamus/stores"
)

// column joins one column of a table to one field of its noun.
type column[T any] struct {
	name  string
	field stores.Field          // what filters, orders and projections call it; empty when they cannot
	expr  string                // how to read it when it is not simply the column
	null  bool                  // whether it may be NULL
	bind  func(*T) (any, error) // the value to write; nil when it is not written
	scan  func(*T) any          // where to read it to; nil when it is not read
}

// text is a text that is never null.
func text[T any, S ~string](name string, f stores.Field, at func(*T) *S) column[T] {
	return column[T]{
		name: name, field: f,
		bind: func(t *T) (any, error) { return string(*at(t)), nil },
		scan: func(t *T) any { return textScanner[S]{at(t)} },
	}
}

// optionalText is a text or id that is NULL when empty.
func optionalText[T any, S ~string](name string, f stores.Field, at func(*T) *S) column[T] {
	c := text(name, f, at)
	c.null = true
	c.bind = func(t *T) (any, error) {
		if *at(t) == "" {
			return nil, nil
		}
		return string(*at(t)), nil
	}
	return c
}

// integer is a whole number.
func integer[T any, N ~int](name string, f stores.Field, at func(*T) *N) column[T] {
	return column[T]{
		name: name, field: f,
		bind: func(t *T) (any, error) { return int64(*at(t)), nil },
		scan: func(t *T) any { return integerScanner[N]{at(t)} },
	}
}

// optionalInteger is a whole number or NULL.
func optionalInteger[T any](name string, f stores.Field, at func(*T) **int) column[T] {
	return column[T]{
		name: name, field: f, null: true,
		bind: func(t *T) (any, error) {
			if *at(t) == nil {
				return nil, nil
			}
			return int64(**at(t)), nil
		},
		scan: func(t *T) any { return at(t) },
	}
}

// float is a finite number.
func float[T any](name string, f stores.Field, at func(*T) *float64) column[T] {
	return column[T]{
		name: name, field: f,
		bind: func(t *T) (any, error) { return bindFinite(f, *at(t)) },
		scan: func(t *T) any { return at(t) },
	}
}

// optionalFloat is a finite number or NULL.
func optionalFloat[T any](name string, f stores.Field, at func(*T) **float64) column[T] {
	return column[T]{
		name: name, field: f, null: true,
		bind: func(t *T) (any, error) {
			if *at(t) == nil {
				return nil, nil
			}
			return bindFinite(f, **at(t))
		},
		scan: func(t *T) any { return at(t) },
	}
}

func bindFinite(f stores.Field, v float64) (any, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil, stores.Invalid(string(f), "must be a finite number")
	}
	return v, nil
}

// flag is true or false, kept as 1 or 0.
func flag[T any](name string, f stores.Field, at func(*T) *bool) column[T] {
	return column[T]{
		name: name, field: f,
		bind: func(t *T) (any, error) { return fromBool(*at(t)), nil },
		scan: func(t *T) any { return at(t) },
	}
}

func fromBool(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// instant is a time, kept as unix microseconds.
func instant[T any](name string, f stores.Field, at func(*T) *time.Time) column[T] {
	return column[T]{
		name: name, field: f,
		bind: func(t *T) (any, error) { return at(t).UnixMicro(), nil },
		scan: func(t *T) any { return instantScanner{at(t)} },
	}
}

// optionalInstant is a time or NULL.
func optionalInstant[T any](name string, f stores.Field, at func(*T) **time.Time) column[T] {
	return column[T]{
		name: name, field: f, null: true,
		bind: func(t *T) (any, error) {
			if *at(t) == nil {
				return nil, nil
			}
			return (*at(t)).UnixMicro(), nil
		},
		scan: func(t *T) any { return optionalInstantScanner{at(t)} },
	}
}

// list is a list of texts, kept as JSON; NULL when empty.
func list[T any, S ~string](name string, f stores.Field, at func(*T) *[]S) column[T] {
	c := object(name, f, at)
	whole := c.bind
	c.bind = func(t *T) (any, error) {
		if len(*at(t)) == 0 {
			return nil, nil
		}
		return whole(t)
	}
	return c
}

// object is any other value, kept as JSON; NULL when nil.
func object[T, V any](name string, f stores.Field, at func(*T) *V) column[T] {
	return column[T]{
		name: name, field: f, null: true,
		bind: func(t *T) (any, error) {
			b, err := json.Marshal(at(t))
			if err != nil {
				return nil, stores.Invalid(string(f), "cannot be written as JSON: %v", err)
			}
			if string(b) == "null" {
				return nil, nil
			}
			return string(b), nil
		},
		scan: func(t *T) any { return jsonScanner[V]{at(t)} },
	}
}

type textScanner[S ~string] struct{ to *S }

func (s textScanner[S]) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*s.to = ""
	case string:
		*s.to = S(v)
	default:
		return unexpected(v, "a text")
	}
	return nil
}

type integerScanner[N ~int] struct{ to *N }

func (s integerScanner[N]) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return unexpected(v, "an integer")
	}
	*s.to = N(n)
	return nil
}

type instantScanner struct{ to *time.Time }

func (s instantScanner) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return unexpected(v, "a time")
	}
	*s.to = time.UnixMicro(n).UTC()
	return nil
}

type optionalInstantScanner struct{ to **time.Time }

func (s optionalInstantScanner) Scan(v any) error {
	if v == nil {
		*s.to = nil
		return nil
	}
	*s.to = new(time.Time)
	return instantScanner{*s.to}.Scan(v)
}

type jsonScanner[V any] struct{ to *V }

func (s jsonScanner[V]) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(v), s.to)
	}
	return unexpected(v, "JSON")
}

func unexpected(v any, want string) error {
	return fmt.Errorf("the database holds a %T where %s belongs", v, want)
}
