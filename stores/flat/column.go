package flat

import (
	"encoding/json"
	"math"
	"time"

	"thalamus/stores"
)

// Column joins one column of a row to one field of its noun. Values are what databases keep: string, int64, float64, bool
// or nil.
type Column[T any] struct {
	Name  string                // in snake case
	Field stores.Field          // what filters, orders and projections call it; empty when they cannot
	Null  bool                  // whether it may be null
	Bind  func(*T) (any, error) // the value to write; nil when it is not written
	Scan  func(*T) any          // where to read it to, for [database/sql.Rows.Scan] or [Assign]; nil when it is not read
}

// text is a text that is never null.
func text[T any, S ~string](name string, f stores.Field, at func(*T) *S) Column[T] {
	return Column[T]{
		Name: name, Field: f,
		Bind: func(t *T) (any, error) { return string(*at(t)), nil },
		Scan: func(t *T) any { return textScanner[S]{at(t)} },
	}
}

// optionalText is a text or id that is null when empty.
func optionalText[T any, S ~string](name string, f stores.Field, at func(*T) *S) Column[T] {
	c := text(name, f, at)
	c.Null = true
	c.Bind = func(t *T) (any, error) {
		if *at(t) == "" {
			return nil, nil
		}
		return string(*at(t)), nil
	}
	return c
}

// integer is a whole number.
func integer[T any, N ~int](name string, f stores.Field, at func(*T) *N) Column[T] {
	return Column[T]{
		Name: name, Field: f,
		Bind: func(t *T) (any, error) { return int64(*at(t)), nil },
		Scan: func(t *T) any { return integerScanner[N]{at(t)} },
	}
}

// optionalInteger is a whole number or null.
func optionalInteger[T any](name string, f stores.Field, at func(*T) **int) Column[T] {
	return Column[T]{
		Name: name, Field: f, Null: true,
		Bind: func(t *T) (any, error) {
			if *at(t) == nil {
				return nil, nil
			}
			return int64(**at(t)), nil
		},
		Scan: func(t *T) any { return at(t) },
	}
}

// float is a finite number.
func float[T any](name string, f stores.Field, at func(*T) *float64) Column[T] {
	return Column[T]{
		Name: name, Field: f,
		Bind: func(t *T) (any, error) { return bindFinite(f, *at(t)) },
		Scan: func(t *T) any { return at(t) },
	}
}

// optionalFloat is a finite number or null.
func optionalFloat[T any](name string, f stores.Field, at func(*T) **float64) Column[T] {
	return Column[T]{
		Name: name, Field: f, Null: true,
		Bind: func(t *T) (any, error) {
			if *at(t) == nil {
				return nil, nil
			}
			return bindFinite(f, **at(t))
		},
		Scan: func(t *T) any { return at(t) },
	}
}

func bindFinite(f stores.Field, v float64) (any, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil, stores.Invalid(string(f), "must be a finite number")
	}
	return v, nil
}

// flag is true or false.
func flag[T any](name string, f stores.Field, at func(*T) *bool) Column[T] {
	return Column[T]{
		Name: name, Field: f,
		Bind: func(t *T) (any, error) { return *at(t), nil },
		Scan: func(t *T) any { return at(t) },
	}
}

// instant is a time, kept as unix microseconds.
func instant[T any](name string, f stores.Field, at func(*T) *time.Time) Column[T] {
	return Column[T]{
		Name: name, Field: f,
		Bind: func(t *T) (any, error) { return at(t).UnixMicro(), nil },
		Scan: func(t *T) any { return Instant{at(t)} },
	}
}

// optionalInstant is a time or null.
func optionalInstant[T any](name string, f stores.Field, at func(*T) **time.Time) Column[T] {
	return Column[T]{
		Name: name, Field: f, Null: true,
		Bind: func(t *T) (any, error) {
			if *at(t) == nil {
				return nil, nil
			}
			return (*at(t)).UnixMicro(), nil
		},
		Scan: func(t *T) any { return optionalTime{at(t)} },
	}
}

// list is a list of texts, kept as JSON; null when empty.
func list[T any, S ~string](name string, f stores.Field, at func(*T) *[]S) Column[T] {
	c := object(name, f, at)
	whole := c.Bind
	c.Bind = func(t *T) (any, error) {
		if len(*at(t)) == 0 {
			return nil, nil
		}
		return whole(t)
	}
	return c
}

// object is any other value, kept as JSON; null when nil.
func object[T, V any](name string, f stores.Field, at func(*T) *V) Column[T] {
	return Column[T]{
		Name: name, Field: f, Null: true,
		Bind: func(t *T) (any, error) {
			b, err := json.Marshal(at(t))
			if err != nil {
				return nil, stores.Invalid(string(f), "cannot be written as JSON: %v", err)
			}
			if string(b) == "null" {
				return nil, nil
			}
			return string(b), nil
		},
		Scan: func(t *T) any { return JSON[V]{at(t)} },
	}
}

// copied is a column that repeats a part of a nested object, so that filters and orders can reach it.
func copied[T any](name string, f stores.Field, at func(*T) *string) Column[T] {
	c := optionalText(name, f, at)
	c.Scan = nil
	return c
}
