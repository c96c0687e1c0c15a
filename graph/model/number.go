package model

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"thalamus/stores"
)

// The scalars below are gqlgen's own, except that what they refuse is an error a client may read.

// MarshalInt writes a whole number of 32 bits.
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
func MarshalLong(n int64) graphql.Marshaler { return graphql.MarshalInt64(n) }

// UnmarshalLong reads a whole number of 64 bits.
func UnmarshalLong(v any) (int64, error) {
	n, err := graphql.UnmarshalInt64(v)
	return n, refuse(err, "must be a whole number of 64 bits")
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

// UnmarshalDuration reads a span of time as ISO 8601.
func UnmarshalDuration(v any) (time.Duration, error) {
	d, err := graphql.UnmarshalDuration(v)
	return d, refuse(err, "must be a span of time like P30D or PT1H30M")
}

func refuse(err error, message string) error {
	if err == nil {
		return nil
	}
	return stores.Invalid("", "%s", message)
}
