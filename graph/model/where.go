package model

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"thalamus/stores"
)

// Where reads a filter input for a noun. Keys are fields, or `and`, `or`, `not`; values are operator objects.
func Where(spec stores.Spec, in map[string]any) (stores.Filter, error) {
	var terms []stores.Filter
	for _, name := range slices.Sorted(maps.Keys(in)) {
		f, err := condition(spec, name, in[name])
		if err != nil {
			return f, err
		}
		terms = append(terms, f)
	}
	return spec.Check(stores.All(terms...))
}

func condition(spec stores.Spec, name string, v any) (stores.Filter, error) {
	if isNil(v) {
		return stores.Filter{}, nil
	}
	switch name {
	case "and", "or":
		var terms []stores.Filter
		for _, e := range v.([]map[string]any) {
			f, err := Where(spec, e)
			if err != nil {
				return f, err
			}
			terms = append(terms, f)
		}
		if name == "or" {
			return stores.Filter{Op: stores.Or, Terms: terms}, nil
		}
		return stores.All(terms...), nil
	case "not":
		f, err := Where(spec, v.(map[string]any))
		return stores.Filter{Op: stores.Not, Terms: []stores.Filter{f}}, err
	}
	ops := v.(map[string]any)
	if spec.Fields[stores.Field(name)] == stores.Object {
		return nested(spec, name, ops)
	}
	return comparisons(stores.Field(name), ops), nil
}

// nested reads conditions on the parts of an object field.
func nested(spec stores.Spec, name string, parts map[string]any) (stores.Filter, error) {
	var terms []stores.Filter
	for _, part := range slices.Sorted(maps.Keys(parts)) {
		f, err := condition(spec, name+"."+part, parts[part])
		if err != nil {
			return f, err
		}
		terms = append(terms, f)
	}
	return stores.All(terms...), nil
}

func comparisons(field stores.Field, ops map[string]any) stores.Filter {
	var terms []stores.Filter
	for _, op := range slices.Sorted(maps.Keys(ops)) {
		if isNil(ops[op]) {
			continue // a null operator asks for nothing
		}
		terms = append(terms, stores.Where(field, stores.Op(op), operand(ops[op])))
	}
	return stores.All(terms...)
}

// operand brings a value, as gqlgen unmarshalled it, to the plain type that filters hold: a string, a number, a bool, an
// instant, or a list of these. A global id becomes the key in it.
func operand(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v
	case stores.Ref:
		return string(v.ID)
	}
	r := reflect.ValueOf(v)
	switch {
	case r.Kind() == reflect.Pointer:
		return operand(r.Elem().Interface())
	case r.Kind() == reflect.Slice:
		list := make([]any, r.Len())
		for i := range list {
			list[i] = operand(r.Index(i).Interface())
		}
		return list
	case r.Kind() == reflect.String:
		return r.String()
	case r.CanInt():
		return r.Int()
	}
	return v
}

func isNil(v any) bool {
	r := reflect.ValueOf(v)
	return v == nil || (r.Kind() == reflect.Pointer || r.Kind() == reflect.Map || r.Kind() == reflect.Slice) && r.IsNil()
}

// OrderBy reads an order input: fields are named as enum values, INGESTED_AT for ingestedAt.
func OrderBy(spec stores.Spec, in []map[string]any) ([]stores.Order, error) {
	order := make([]stores.Order, len(in))
	for i, o := range in {
		order[i] = stores.Order{Field: camel(fmt.Sprint(o["field"])), Direction: stores.Ascending}
		if d, ok := o["direction"].(stores.Direction); ok {
			order[i].Direction = d
		}
	}
	return spec.Sorted(order)
}

func camel(enum string) stores.Field {
	words := strings.Split(strings.ToLower(enum), "_")
	for i, w := range words[1:] {
		words[i+1] = strings.ToUpper(w[:1]) + w[1:]
	}
	return stores.Field(strings.Join(words, ""))
}

// Distinct leaves out what a list names again: clients may name a value of an enum any number of times. Nil stays nil.
func Distinct[T comparable](list []T) []T {
	out := slices.Clone(list[:0])
	for _, v := range list {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}
