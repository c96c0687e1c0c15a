package transfer

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
	"unicode"

	"thalamus/stores"
)

// refused says that an error is about a noun, so that others may fare better.
func refused(err error) bool {
	return errors.Is(err, stores.ErrInvalid) || errors.Is(err, stores.ErrNotFound) || errors.Is(err, stores.ErrConflict)
}

// reason puts an error into words for the author of the line.
func reason(err error) string {
	var (
		joined interface{ Unwrap() []error }
		known  *stores.Error
		syntax *json.SyntaxError
		kind   *json.UnmarshalTypeError
		clock  *time.ParseError
	)
	switch {
	case errors.As(err, &known) && known == err: //nolint:errorlint // a joined error is taken apart below
		if len(known.Path) == 0 {
			return known.Message
		}
		return strings.Join(known.Path, ".") + " " + known.Message
	case errors.As(err, &syntax):
		return fmt.Sprintf("is not JSON: %s at byte %d", syntax, syntax.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "is not JSON: it ends too early"
	case errors.As(err, &kind):
		return misfit(kind)
	case errors.As(err, &clock):
		return fmt.Sprintf("%s is not a time like 2026-01-31T12:00:00Z", clip(clock.Value, 60))
	case errors.As(err, &joined):
		var all []string
		for _, e := range joined.Unwrap() {
			if e != nil {
				all = append(all, reason(e))
			}
		}
		return strings.Join(all, "; ")
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// misfit says that a value is of the wrong type.
func misfit(e *json.UnmarshalTypeError) string {
	what, number, _ := strings.Cut(e.Value, " ")
	switch {
	case number != "" && e.Type != nil && e.Type.Kind() == reflect.Int:
		return fmt.Sprintf("%s must be a whole number, written like 1, not %s", field(e.Field), clip(number, 60))
	case number != "":
		return fmt.Sprintf("%s cannot be %s", field(e.Field), clip(number, 60))
	}
	articles := map[string]string{"array": "an array", "object": "an object", "bool": "true or false"}
	return fmt.Sprintf("%s cannot be %s", field(e.Field), cmp.Or(articles[what], "a "+what))
}

// field drops the names of Go structs from the path of a field; ours begin with a small letter.
func field(path string) string {
	var kept []string
	for _, p := range strings.Split(path, ".") {
		if p != "" && !unicode.IsUpper(rune(p[0])) {
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 {
		return "the line"
	}
	return strings.Join(kept, ".")
}
