package flat

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"thalamus/stores"
)

// OwnerOf is the scope of a row by the key that it holds, most likely the one that was asked about.
func OwnerOf(key string, asked stores.Scope) (stores.Scope, error) {
	if key == asked.Key() {
		return asked, nil
	}
	return stores.ParseScope(key)
}

type textScanner[S ~string] struct{ to *S }

func (s textScanner[S]) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*s.to = ""
	case string:
		*s.to = S(v)
	case []byte:
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

// Instant reads a time that is kept as unix microseconds.
type Instant struct{ To *time.Time }

// Scan implements [database/sql.Scanner].
func (s Instant) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return unexpected(v, "a time")
	}
	*s.To = time.UnixMicro(n).UTC()
	return nil
}

type optionalTime struct{ to **time.Time }

func (s optionalTime) Scan(v any) error {
	if v == nil {
		*s.to = nil
		return nil
	}
	*s.to = new(time.Time)
	return Instant{*s.to}.Scan(v)
}

// JSON reads a value that is kept as JSON; null leaves it as it is.
type JSON[V any] struct{ To *V }

// Scan implements [database/sql.Scanner].
func (s JSON[V]) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(v), s.To)
	case []byte:
		return json.Unmarshal(v, s.To)
	}
	return unexpected(v, "JSON")
}

func unexpected(v any, want string) error {
	return fmt.Errorf("the database holds a %T where %s belongs", v, want)
}

// Assign writes a value that a driver gave (nil, bool, int64, float64, string, []byte) to a destination that a [Column]
// named, for drivers that are not of database/sql.
func Assign(to, v any) error {
	switch to := to.(type) {
	case sql.Scanner:
		return to.Scan(v)
	case *bool:
		b, ok := v.(bool)
		if !ok {
			return unexpected(v, "true or false")
		}
		*to = b
	case *float64:
		f, err := float64Of(v)
		*to = f
		return err
	case **float64:
		if v == nil {
			*to = nil
			return nil
		}
		f, err := float64Of(v)
		*to = &f
		return err
	case **int:
		if v == nil {
			*to = nil
			return nil
		}
		n, ok := v.(int64)
		if !ok {
			return unexpected(v, "an integer")
		}
		i := int(n)
		*to = &i
	default:
		return fmt.Errorf("nothing can be read into a %T", to)
	}
	return nil
}

func float64Of(v any) (float64, error) {
	switch v := v.(type) {
	case float64:
		return v, nil
	case int64:
		return float64(v), nil
	}
	return 0, unexpected(v, "a number")
}
