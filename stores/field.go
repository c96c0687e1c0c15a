package stores

import (
	"math"
	"slices"
	"strings"
	"time"
)

// Field names a field of a noun, spelled as in GraphQL; "context.project" is a field of a nested object.
type Field string

// Type is what a field holds, for filters and orders.
type Type int

// Field types. Texts are compared by their bytes: case and accents count, whatever the backend's collation.
const (
	Text     Type = iota + 1 // string, enum or id
	Number                   // integer or float
	Time                     // UTC instant
	Bool                     // true or false
	TextList                 // list of strings
	Object                   // nested values; neither filtered nor sorted
)

// Spec is the shape of a noun: its fields, which of them are heavy, and how its lists are ordered by default.
// Heavy fields (long texts, free maps) leave a store only when they are asked for.
type Spec struct {
	Kind    Kind
	Fields  map[Field]Type
	Heavy   []Field
	Default []Order
}

// Sorted completes an order: the noun's default when empty, the id as the last tie-break always.
// It refuses fields that the noun does not have or that cannot be sorted: lists, objects, and heavy fields, which would
// make heavy cursors, and more than ten of them.
func (s Spec) Sorted(order []Order) ([]Order, error) {
	if len(order) > maxOrders {
		return nil, Invalid("orderBy", "names %d fields; the limit is %d", len(order), maxOrders)
	}
	if len(order) == 0 {
		order = s.Default
	}
	out := slices.Clone(order)
	for i, o := range out {
		t, ok := s.Fields[o.Field]
		if !ok || t == TextList || t == Object || slices.Contains(s.Heavy, o.Field) {
			return nil, Invalid("orderBy", "%ss cannot be ordered by %q", s.Kind, o.Field)
		}
		if o.Direction == "" {
			out[i].Direction = Ascending
		}
	}
	if !slices.ContainsFunc(out, func(o Order) bool { return o.Field == "id" }) {
		out = append(out, Order{Field: "id", Direction: Ascending})
	}
	return out, nil
}

// Wants says whether a read that asks for the given fields must bring field f. Nil asks for everything.
func (s Spec) Wants(fields []Field, f Field) bool {
	return fields == nil || !slices.Contains(s.Heavy, f) || slices.Contains(fields, f)
}

// Op is a comparison or a connective of a [Filter].
type Op string

// The operators. A comparison with a null field is false, so Not of it is true.
const (
	And        Op = "and"
	Or         Op = "or"
	Not        Op = "not"
	Eq         Op = "eq"
	In         Op = "in"
	Gt         Op = "gt"
	Gte        Op = "gte"
	Lt         Op = "lt"
	Lte        Op = "lte"
	Contains   Op = "contains"   // substring of a text
	StartsWith Op = "startsWith" // prefix of a text
	Has        Op = "has"        // member of a list
	IsNull     Op = "isNull"     // Value is a bool
)

// Filter is a condition on the fields of a noun. The zero value matches everything.
// Value is a string, float64, bool or time.Time, or a slice of them ([]any) for In.
type Filter struct {
	Op    Op
	Field Field
	Value any
	Terms []Filter // of And, Or and Not
}

// Where makes one comparison.
func Where(field Field, op Op, value any) Filter { return Filter{Op: op, Field: field, Value: value} }

// All joins conditions by And, leaving out empty ones.
func All(terms ...Filter) Filter {
	terms = slices.DeleteFunc(slices.Clone(terms), Filter.Empty)
	if len(terms) == 1 {
		return terms[0]
	}
	if len(terms) == 0 {
		return Filter{}
	}
	return Filter{Op: And, Terms: terms}
}

// Empty says that the filter matches everything.
func (f Filter) Empty() bool { return f.Op == "" }

// Limits on filters: an In list, the whole tree, and the bytes of a text. And on orders: how many fields there are.
const (
	maxInList      = 1000
	maxFilterTerms = 200
	maxFilterText  = 50_000
	maxOrders      = 10
)

// Check normalises a filter for a noun and refuses what it cannot mean: unknown fields, operators that do not fit the
// field's type, values of another type, texts over 50,000 bytes, lists over 1000 items, more than 200 terms.
func (s Spec) Check(f Filter) (Filter, error) {
	n := 0
	return s.check(f, &n)
}

func (s Spec) check(f Filter, n *int) (Filter, error) {
	if *n++; *n > maxFilterTerms {
		return f, Invalid("where", "has more than %d conditions", maxFilterTerms)
	}
	switch f.Op {
	case "":
		return f, nil
	case And, Or, Not:
		terms := make([]Filter, len(f.Terms))
		for i, t := range f.Terms {
			var err error
			if terms[i], err = s.check(t, n); err != nil {
				return f, err
			}
		}
		f.Terms = terms
		return f, nil
	}
	path := "where." + string(f.Field)
	t, ok := s.Fields[f.Field]
	if !ok || t == Object {
		return f, Invalid("where", "%ss cannot be filtered by %q", s.Kind, f.Field)
	}
	if !slices.Contains(operators[t], f.Op) {
		return f, Invalid(path, "%q does not apply to this field", f.Op)
	}
	if f.Op == IsNull {
		_, ok := f.Value.(bool)
		return f, wantType(ok, path, "true or false")
	}
	if f.Op == In {
		list, ok := f.Value.([]any)
		if !ok || len(list) > maxInList {
			return f, Invalid(path+".in", "must be a list of at most %d values", maxInList)
		}
		out := make([]any, len(list))
		for i, v := range list {
			if out[i], ok = normal(t, v); !ok {
				return f, wantType(false, path, typeNames[t])
			}
		}
		f.Value = out
		return f, nil
	}
	f.Value, ok = normal(t, f.Value)
	if text, _ := f.Value.(string); len(text) > maxFilterText {
		return f, Invalid(path, "is compared with %d bytes; the limit is %d", len(text), maxFilterText)
	}
	return f, wantType(ok, path, typeNames[t])
}

var operators = map[Type][]Op{
	Text:     {Eq, In, Gt, Gte, Lt, Lte, Contains, StartsWith, IsNull},
	Number:   {Eq, In, Gt, Gte, Lt, Lte, IsNull},
	Time:     {Eq, In, Gt, Gte, Lt, Lte, IsNull},
	Bool:     {Eq, In, IsNull},
	TextList: {Has, IsNull},
}

var typeNames = map[Type]string{
	Text: "a text", TextList: "a text", Number: "a finite number", Time: "an instant", Bool: "true or false",
}

func wantType(ok bool, path, what string) error {
	if ok {
		return nil
	}
	return Invalid(path, "must be %s", what)
}

// normal brings a value to the one Go type that stands for its field type.
func normal(t Type, v any) (any, bool) {
	switch t {
	case Text, TextList:
		s, ok := v.(string)
		return s, ok
	case Number:
		n, ok := number(v)
		return n, ok
	case Time:
		at, ok := v.(time.Time)
		return at.UTC().Truncate(time.Microsecond), ok
	case Bool:
		b, ok := v.(bool)
		return b, ok
	}
	return nil, false
}

func number(v any) (float64, bool) {
	var n float64
	switch v := v.(type) {
	case int:
		n = float64(v)
	case int32:
		n = float64(v)
	case int64:
		n = float64(v)
	case float32:
		n = float64(v)
	case float64:
		n = v
	default:
		return 0, false
	}
	return n, !math.IsNaN(n) && !math.IsInf(n, 0)
}

// Match evaluates a checked filter in memory. value gives a field as nil, string, a number, time.Time, bool or
// []string. It is the meaning that every backend's own filter language has to reproduce.
func (f Filter) Match(value func(Field) any) bool {
	switch f.Op {
	case "":
		return true
	case And:
		return !slices.ContainsFunc(f.Terms, func(t Filter) bool { return !t.Match(value) })
	case Or:
		return slices.ContainsFunc(f.Terms, func(t Filter) bool { return t.Match(value) })
	case Not:
		return !slices.ContainsFunc(f.Terms, func(t Filter) bool { return t.Match(value) })
	}
	v := value(f.Field)
	if f.Op == IsNull {
		return (v == nil) == f.Value.(bool)
	}
	if v == nil {
		return false
	}
	switch f.Op {
	case In:
		return slices.ContainsFunc(f.Value.([]any), func(w any) bool { c, ok := compare(v, w); return ok && c == 0 })
	case Has:
		list, _ := v.([]string)
		return slices.Contains(list, f.Value.(string))
	case Contains:
		s, _ := v.(string)
		return strings.Contains(s, f.Value.(string))
	case StartsWith:
		s, _ := v.(string)
		return strings.HasPrefix(s, f.Value.(string))
	}
	c, ok := compare(v, f.Value)
	if !ok {
		return false
	}
	switch f.Op {
	case Eq:
		return c == 0
	case Gt:
		return c > 0
	case Gte:
		return c >= 0
	case Lt:
		return c < 0
	default: // Lte
		return c <= 0
	}
}

// compare orders two values of one type; ok is false when the types differ.
func compare(a, b any) (c int, ok bool) {
	switch b := b.(type) {
	case string:
		s, ok := a.(string)
		return strings.Compare(s, b), ok
	case float64:
		n, ok := number(a)
		switch {
		case n < b:
			return -1, ok
		case n > b:
			return 1, ok
		}
		return 0, ok
	case time.Time:
		t, ok := a.(time.Time)
		return t.Compare(b), ok
	case bool:
		v, ok := a.(bool)
		if v == b {
			return 0, ok
		}
		return 1, ok
	}
	return 0, false
}
