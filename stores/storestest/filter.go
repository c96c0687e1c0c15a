package storestest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"thalamus/stores"
)

// fields are the fields of a noun that pass a test, in a stable order.
func fields(spec stores.Spec, ok func(stores.Type) bool) []stores.Field {
	var out []stores.Field
	for f, t := range spec.Fields {
		if ok(t) {
			out = append(out, f)
		}
	}
	slices.Sort(out)
	return out
}

func filterable(t stores.Type) bool { return t != stores.Object }

// orders names the fields that lists can be ordered by.
func orders(spec stores.Spec) []stores.Field {
	return slices.DeleteFunc(fields(spec, func(stores.Type) bool { return true }), func(f stores.Field) bool {
		_, err := spec.Sorted([]stores.Order{{Field: f}})
		return err != nil
	})
}

var operators = map[stores.Type][]stores.Op{
	stores.Text:     {stores.Eq, stores.In, stores.Gt, stores.Gte, stores.Lt, stores.Lte, stores.Contains, stores.StartsWith, stores.IsNull},
	stores.Number:   {stores.Eq, stores.In, stores.Gt, stores.Gte, stores.Lt, stores.Lte, stores.IsNull},
	stores.Time:     {stores.Eq, stores.In, stores.Gt, stores.Gte, stores.Lt, stores.Lte, stores.IsNull},
	stores.Bool:     {stores.Eq, stores.In, stores.IsNull},
	stores.TextList: {stores.Has, stores.IsNull},
}

// conditions makes filters for one kind of record.
type conditions struct {
	*world
	spec   stores.Spec
	sample func(stores.Field) any // the field of some record, or nil
}

// operand is a value to compare a field with: that of some record, one near it, or any other.
func (c conditions) operand(f stores.Field) any {
	v := c.sample(f)
	switch c.spec.Fields[f] {
	case stores.Number:
		n, ok := v.(float64)
		if !ok || c.rand.IntN(5) == 0 {
			return pick(c.world, []any{0, 1, int64(7), float32(0.5), -0.5, 1e300})
		}
		return n
	case stores.Time:
		at, ok := v.(time.Time)
		if !ok {
			at = c.instant()
		}
		zone := time.FixedZone("", 3600*(c.rand.IntN(5)-2))
		return at.Add(time.Duration(c.rand.IntN(3)-1) * time.Microsecond).In(zone)
	case stores.Bool:
		return c.chance()
	case stores.TextList:
		if list, ok := v.([]string); ok && c.rand.IntN(4) > 0 {
			return pick(c.world, list)
		}
	default:
		if s, ok := v.(string); ok && c.rand.IntN(4) > 0 {
			return s
		}
	}
	return pick(c.world, append(words, ""))
}

// part is a piece of a text: from its start, or from anywhere.
func (c conditions) part(s string, fromStart bool) string {
	runes := []rune(s)
	if len(runes) == 0 {
		return ""
	}
	from := 0
	if !fromStart {
		from = c.rand.IntN(len(runes))
	}
	return string(runes[from : from+1+c.rand.IntN(len(runes)-from)])
}

// compare is a random comparison of a field.
func (c conditions) compare(f stores.Field, op stores.Op) stores.Filter {
	switch op {
	case stores.IsNull:
		return stores.Where(f, op, c.chance())
	case stores.In:
		list := make([]any, c.rand.IntN(4))
		for i := range list {
			list[i] = c.operand(f)
		}
		return stores.Where(f, op, list)
	case stores.Contains, stores.StartsWith:
		return stores.Where(f, op, c.part(c.operand(f).(string), op == stores.StartsWith))
	}
	return stores.Where(f, op, c.operand(f))
}

// tree is a random filter of at most the given depth.
func (c conditions) tree(depth int) stores.Filter {
	if depth == 0 || c.rand.IntN(4) == 0 {
		if c.rand.IntN(20) == 0 {
			return stores.Filter{}
		}
		f := pick(c.world, fields(c.spec, filterable))
		return c.compare(f, pick(c.world, operators[c.spec.Fields[f]]))
	}
	terms := make([]stores.Filter, c.rand.IntN(4))
	for i := range terms {
		terms[i] = c.tree(depth - 1)
	}
	return stores.Filter{Op: pick(c.world, []stores.Op{stores.And, stores.Or, stores.Not}), Terms: terms}
}

// every calls fn with filters that use each operator on each field, alone and negated.
func (c conditions) every(fn func(stores.Filter)) {
	for _, f := range fields(c.spec, filterable) {
		for _, op := range operators[c.spec.Fields[f]] {
			for range 3 {
				where := c.compare(f, op)
				fn(where)
				fn(stores.Filter{Op: stores.Not, Terms: []stores.Filter{where}})
			}
		}
		for _, yes := range []bool{true, false} {
			fn(stores.Where(f, stores.IsNull, yes))
		}
	}
}

// show prints a filter for people.
func show(f stores.Filter) string {
	switch f.Op {
	case "":
		return "anything"
	case stores.And, stores.Or, stores.Not:
		terms := make([]string, len(f.Terms))
		for i, t := range f.Terms {
			terms[i] = show(t)
		}
		return fmt.Sprintf("%s(%s)", f.Op, strings.Join(terms, ", "))
	}
	return fmt.Sprintf("%s %s %#v", f.Field, f.Op, f.Value)
}

// wrongFilters are filters that a spec refuses.
func wrongFilters(spec stores.Spec) []stores.Filter {
	f := fields(spec, func(t stores.Type) bool { return t == stores.Time })[0]
	wrong := []stores.Filter{
		stores.Where("nosuchfield", stores.Eq, "x"),
		stores.Where("id; DROP TABLE x", stores.Eq, "x"),
		stores.Where("id' OR '1'='1", stores.Eq, "x"),
		stores.Where("", stores.Eq, "x"),
		stores.Where(f, "nosuchop", stores.Now()),
		stores.Where(f, stores.Contains, "2024"),
		stores.Where(f, stores.Eq, "2024-01-02T03:04:05Z"),
		stores.Where(f, stores.Eq, nil),
		stores.Where(f, stores.In, stores.Now()),
		stores.Where(f, stores.In, make([]any, 1001)),
		stores.Where(f, stores.IsNull, "true"),
		{Op: stores.Or, Terms: make([]stores.Filter, 201)},
		{Op: stores.Not, Terms: []stores.Filter{{Op: stores.And, Terms: []stores.Filter{stores.Where("nosuchfield", stores.IsNull, true)}}}},
	}
	for _, object := range fields(spec, func(t stores.Type) bool { return t == stores.Object }) {
		wrong = append(wrong, stores.Where(object, stores.IsNull, true))
	}
	return wrong
}
