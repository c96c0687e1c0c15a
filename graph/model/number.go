package model

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/sosodev/duration"

	"thalamus/stores"
)

// The scalars below are gqlgen's own, except that what they refuse is an error a client may read.

// MarshalInt writes a whole number of 32 bits. Nouns are checked not to hold larger ones ([stores.MaxCount]).
func MarshalInt(n int) graphql.Marshaler { return graphql.MarshalInt(n) }

// UnmarshalInt reads a whole number of 32 bits. A text of digits is none.
func UnmarshalInt(v any) (int, error) {
	if _, text := v.(string); text {
		return 0, stores.Invalid("", "must be a whole number of 32 bits")
	}
	n, err := graphql.UnmarshalInt32(v)
	return int(n), refuse(err, "must be a whole number of 32 bits")
}

// MarshalLong writes a whole number of 64 bits.
func MarshalLong(n int) graphql.Marshaler { return graphql.MarshalInt(n) }

// UnmarshalLong reads a whole number of 64 bits.
func UnmarshalLong(v any) (int, error) {
	n, err := graphql.UnmarshalInt64(v)
	if err == nil && int64(int(n)) != n {
		err = strconv.ErrRange
	}
	return int(n), refuse(err, "must be a whole number of 64 bits")
}

// MarshalFloat writes a number.
func MarshalFloat(f float64) graphql.ContextMarshaler { return graphql.MarshalFloatContext(f) }

// UnmarshalFloat reads a number. A text of digits is none.
func UnmarshalFloat(ctx context.Context, v any) (float64, error) {
	if _, text := v.(string); text {
		return 0, stores.Invalid("", "must be a finite number")
	}
	f, err := graphql.UnmarshalFloatContext(ctx, v)
	return f, refuse(err, "must be a finite number")
}

// MarshalDuration writes a span of time as ISO 8601.
func MarshalDuration(d time.Duration) graphql.Marshaler { return graphql.MarshalDuration(d) }

// maxHours is about the longest span of time that 64 bits of nanoseconds hold.
const maxHours = 290 * 365 * 24

// UnmarshalDuration reads a span of time as ISO 8601, of up to 290 years.
func UnmarshalDuration(v any) (time.Duration, error) {
	s, _ := v.(string)
	d, err := duration.Parse(s)
	if err == nil && !strings.ContainsAny(s, "0123456789") {
		err = duration.ErrUnexpectedInput // a mere P
	}
	if err != nil {
		return 0, refuse(err, "must be a span of time like P30D or PT1H30M")
	}
	if hours := d.Years*366*24 + d.Months*31*24 + d.Weeks*7*24 + d.Days*24 + d.Hours + d.Minutes/60 + d.Seconds/3600; hours > maxHours {
		return 0, stores.Invalid("", "must be shorter than 290 years")
	}
	return d.ToTimeDuration(), nil
}

func refuse(err error, message string) error {
	if err == nil {
		return nil
	}
	return stores.Invalid("", "%s", message)
}
