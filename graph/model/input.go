package model

import (
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"thalamus/stores"
)

// set writes an optional input into a field: left out, the field keeps what it holds; null, it is emptied.
func set[T any](field *T, in graphql.Omittable[*T]) {
	if !in.IsSet() {
		return
	}
	var v T
	if p := in.Value(); p != nil {
		v = *p
	}
	*field = v
}

// setValue is [set] for fields that cannot be empty: null is a mistake, not a wish.
func setValue[T any](c *stores.Check, path string, field *T, in graphql.Omittable[*T]) {
	c.That(!in.IsSet() || in.Value() != nil, path, "cannot be null; leave it out to keep what it holds")
	setGiven(field, in)
}

// setGiven is [set] for fields that cannot be empty, where null says as little as leaving them out.
func setGiven[T any](field *T, in graphql.Omittable[*T]) {
	if v := in.Value(); v != nil {
		*field = *v
	}
}

// setAny is [set] for fields that are pointers, lists or maps, of which nil is the empty value.
func setAny[T any](field *T, in graphql.Omittable[T]) {
	if in.IsSet() {
		*field = in.Value()
	}
}

// setOr is [set] for a new noun: left out, the field gets a fallback.
func setOr[T any](field *T, in graphql.Omittable[*T], fallback T) {
	*field = fallback
	setGiven(field, in)
}

// setPositive is [setOr] for numbers that must not be zero when they are given: zero is what a noun takes for its default.
func setPositive[T int | float64](c *stores.Check, path string, field *T, in graphql.Omittable[*T], fallback T) {
	setOr(field, in, fallback)
	c.That(in.Value() == nil || *in.Value() > 0, path, "must be greater than 0")
}

// setIDs reads a list of references to one noun.
func setIDs(c *stores.Check, path string, field *[]stores.ID, in graphql.Omittable[[]*stores.Ref], kind stores.Kind) {
	if !in.IsSet() {
		return
	}
	var ids []stores.ID
	for _, r := range in.Value() {
		id, err := KeyOf(path, *r, kind)
		c.Add(err)
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	*field = ids
}

// setID reads one reference to a noun.
func setID(c *stores.Check, path string, field *stores.ID, in graphql.Omittable[*stores.Ref], kind stores.Kind) {
	if !in.IsSet() {
		return
	}
	*field = ""
	if r := in.Value(); r != nil {
		id, err := KeyOf(path, *r, kind)
		c.Add(err)
		*field = id
	}
}

// KeyOf is the key in a global id that has to name a given noun.
func KeyOf(path string, r stores.Ref, kind stores.Kind) (stores.ID, error) {
	if r.Kind != kind {
		return "", stores.Invalid(path, "is an id of the type %s; the type %s is wanted", r.Kind, kind)
	}
	return r.ID, nil
}
