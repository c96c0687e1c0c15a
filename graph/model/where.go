package model

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

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
	if v == nil {
		return stores.Filter{}, nil
	}
	switch name {
	case "and", "or":
		var terms []stores.Filter
		for _, e := range v.([]any) {
			f, err := Where(spec, e.(map[string]any))
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
	return comparisons(spec, stores.Field(name), ops)
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

func comparisons(spec stores.Spec, field stores.Field, ops map[string]any) (stores.Filter, error) {
	var terms []stores.Filter
	for _, op := range slices.Sorted(maps.Keys(ops)) {
		if ops[op] == nil {
			continue // a null operator asks for nothing
		}
		v, err := operand(spec, field, ops[op])
		if err != nil {
			return stores.Filter{}, stores.Invalid("where."+string(field)+"."+op, "%s", message(err))
		}
		terms = append(terms, stores.Where(field, stores.Op(op), v))
	}
	return stores.All(terms...), nil
}

// references are the fields that hold ids; clients write them as global ids.
var references = []stores.Field{"id", "source", "target", "supersededBy", "supersedes", "consolidatedInto", "sourceEpisode", "entities"}

func isReference(spec stores.Spec, f stores.Field) bool {
	return slices.Contains(references, f) && !(spec.Kind == stores.KindEntity && f == "source")
}

// operand brings a value as GraphQL gives it to the type the store wants.
func operand(spec stores.Spec, field stores.Field, v any) (any, error) {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			var err error
			if out[i], err = operand(spec, field, e); err != nil {
				return nil, err
			}
		}
		return out, nil
	case []string: // how gqlparser coerces lists of enum values
		return operand(spec, field, anyList(v))
	case bool:
		return v, nil
	}
	switch spec.Fields[field] {
	case stores.Time:
		return UnmarshalDateTime(v)
	case stores.Number:
		return operandNumber(v)
	default:
		if isReference(spec, field) {
			r, err := UnmarshalID(v)
			return string(r.ID), err
		}
		return v, nil
	}
}

func operandNumber(v any) (any, error) {
	switch v := v.(type) {
	case json.Number:
		return v.Float64()
	case string:
		if u, err := UnmarshalUrgency(v); err == nil {
			return int(u), nil
		}
		f, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return nil, stores.Invalid("", "must be a number")
		}
		return f, nil
	}
	return v, nil
}

func anyList(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// OrderBy reads an order input: fields are named as enum values, INGESTED_AT for ingestedAt.
func OrderBy(spec stores.Spec, in []map[string]any) ([]stores.Order, error) {
	order := make([]stores.Order, len(in))
	for i, o := range in {
		name, _ := o["field"].(string)
		direction, _ := o["direction"].(string)
		order[i] = stores.Order{Field: camel(name), Direction: stores.Direction(direction)}
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
