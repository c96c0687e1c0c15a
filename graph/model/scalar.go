// Package model holds the shapes that exist only in GraphQL: scalars, connections, payloads, and the conversion of inputs
// into nouns, filters and orders.
package model

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"thalamus/stores"
)

// MarshalID writes a global id: the noun and the key, base64url. It names no store.
func MarshalID(r stores.Ref) graphql.Marshaler { return graphql.MarshalString(GlobalID(r)) }

// UnmarshalID reads a global id.
func UnmarshalID(v any) (stores.Ref, error) {
	s, ok := v.(string)
	if !ok {
		return stores.Ref{}, stores.Invalid("", "must be a string")
	}
	return ParseGlobalID(s)
}

// GlobalID is the id of a node as clients see it.
func GlobalID(r stores.Ref) string {
	return base64.RawURLEncoding.EncodeToString([]byte(string(r.Kind) + ":" + string(r.ID)))
}

// ParseGlobalID reads what [GlobalID] wrote.
func ParseGlobalID(s string) (stores.Ref, error) {
	refuse := stores.Invalid("", "is not an id of this gateway; use the value of an `id` field as it is")
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return stores.Ref{}, refuse
	}
	kind, key, _ := strings.Cut(string(b), ":")
	id, err := stores.ParseID(key)
	if err != nil {
		return stores.Ref{}, refuse
	}
	r := stores.Ref{Kind: stores.Kind(kind), ID: id}
	if GlobalID(r) != s || !known(r.Kind) {
		return stores.Ref{}, refuse
	}
	return r, nil
}

func known(k stores.Kind) bool { return k == stores.KindSaga || slices.Contains(stores.Kinds, k) }

// MarshalString writes a text; the empty text of an optional field is null.
func MarshalString(s string) graphql.Marshaler {
	if s == "" {
		return graphql.Null
	}
	return graphql.MarshalString(s)
}

// UnmarshalString reads a text.
func UnmarshalString(v any) (string, error) { return graphql.UnmarshalString(v) }

// MarshalDateTime writes an instant as RFC 3339 in UTC.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	return graphql.MarshalString(t.UTC().Format(time.RFC3339Nano))
}

// UnmarshalDateTime reads an RFC 3339 instant and brings it to UTC and microseconds.
func UnmarshalDateTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, stores.Invalid("", "an instant must be a string like 2026-11-20T09:30:00Z")
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, stores.Invalid("", "%q is not an instant like 2026-11-20T09:30:00Z", s)
	}
	return t.UTC().Truncate(time.Microsecond), nil
}

// MarshalJSON writes an object; nil is null.
func MarshalJSON(m map[string]any) graphql.Marshaler {
	if m == nil {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) {
		b, err := json.Marshal(m)
		if err != nil {
			b = []byte("null") // maps come out of JSON, so they go back into it
		}
		_, _ = w.Write(b)
	})
}

// UnmarshalJSON reads an object.
func UnmarshalJSON(v any) (map[string]any, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, stores.Invalid("", "must be a JSON object, not %T", v)
	}
	b, err := json.Marshal(m) // brings numbers of every make to float64
	if err != nil {
		return nil, stores.Invalid("", "must be a JSON object")
	}
	var out map[string]any
	return out, json.Unmarshal(b, &out)
}

// MarshalVector writes a vector.
func MarshalVector(v []float32) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		b, err := json.Marshal(v)
		if err != nil {
			b = []byte("null") // stores refuse NaN and infinities
		}
		_, _ = w.Write(b)
	})
}

// UnmarshalVector reads a vector.
func UnmarshalVector(v any) ([]float32, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, stores.Invalid("", "a vector must be a list of numbers")
	}
	out := make([]float32, len(list))
	for i, e := range list {
		f, err := graphql.UnmarshalFloat(e)
		if err != nil {
			return nil, stores.Invalid("", "a vector must be a list of numbers")
		}
		out[i] = float32(f)
	}
	return out, nil
}

var urgencies = []string{"LOW", "MEDIUM", "HIGH", "URGENT"}

// MarshalUrgency writes the name of an urgency.
func MarshalUrgency(u stores.Urgency) graphql.Marshaler {
	if u < 0 || int(u) >= len(urgencies) {
		return graphql.Null
	}
	return graphql.MarshalString(urgencies[u])
}

// UnmarshalUrgency reads the name of an urgency.
func UnmarshalUrgency(v any) (stores.Urgency, error) {
	for i, name := range urgencies {
		if name == v {
			return stores.Urgency(i), nil
		}
	}
	return 0, fmt.Errorf("%v is not an urgency", v)
}
