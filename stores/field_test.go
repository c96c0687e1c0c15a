package stores_test

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"thalamus/stores"
)

var specs = map[string]stores.Spec{
	"Episode": stores.EpisodeSpec, "Entity": stores.EntitySpec, "EntityRecord": stores.EntityRecordSpec, "Procedure": stores.ProcedureSpec,
	"Relationship": stores.RelationshipSpec, "Profile": stores.ProfileSpec, "Todo": stores.TodoSpec, "Point": stores.PointSpec,
}

// TestSpecs wants every spec to be consistent in itself.
func TestSpecs(t *testing.T) {
	for name, s := range specs {
		for _, f := range s.Heavy {
			if s.Fields[f] == 0 {
				t.Errorf("%s: the heavy field %q does not exist", name, f)
			}
		}
		if _, err := s.Sorted(nil); err != nil {
			t.Errorf("%s: the default order is refused: %v", name, err)
		}
		if name != "Point" && (s.Fields["id"] != stores.Text || len(s.Default) == 0 || s.Kind == "") {
			t.Errorf("%s has no id, kind or default order", name)
		}
	}
}

func TestSorted(t *testing.T) {
	s := stores.TodoSpec
	asc, desc := stores.Ascending, stores.Descending
	for _, c := range []struct{ in, want []stores.Order }{
		{nil, []stores.Order{{"urgency", desc}, {"createdAt", desc}, {"id", asc}}},
		{[]stores.Order{{Field: "assignee"}}, []stores.Order{{"assignee", asc}, {"id", asc}}},
		{[]stores.Order{{"id", desc}}, []stores.Order{{"id", desc}}},
		{[]stores.Order{{"id", desc}, {"status", ""}}, []stores.Order{{"id", desc}, {"status", asc}}},
	} {
		before := slices.Clone(c.in)
		got, err := s.Sorted(c.in)
		if err != nil || !slices.Equal(c.want, got) {
			t.Errorf("Sorted(%v) = %v, %v; want %v", c.in, got, err, c.want)
		}
		if !slices.Equal(before, c.in) {
			t.Errorf("Sorted changed its argument to %v", c.in)
		}
	}
	if again, _ := s.Sorted(nil); !slices.Equal(s.Default, stores.TodoSpec.Default) || len(again) != 3 {
		t.Errorf("Sorted changed the default order to %v", stores.TodoSpec.Default)
	}
	for _, f := range []stores.Field{"nosuchfield", "", "entities", "Status", "content"} {
		_, err := s.Sorted([]stores.Order{{Field: f}})
		refusedAt(t, err, "orderBy")
	}
	_, err := stores.EpisodeSpec.Sorted([]stores.Order{{Field: "context"}})
	refusedAt(t, err, "orderBy")
}

func TestWants(t *testing.T) {
	s := stores.TodoSpec
	for _, c := range []struct {
		fields []stores.Field
		field  stores.Field
		want   bool
	}{
		{nil, "content", true}, {nil, "status", true},
		{[]stores.Field{}, "content", false}, {[]stores.Field{}, "status", true},
		{[]stores.Field{"reason"}, "content", false}, {[]stores.Field{"reason"}, "reason", true}, {[]stores.Field{"reason"}, "status", true},
	} {
		if got := s.Wants(c.fields, c.field); got != c.want {
			t.Errorf("Wants(%v, %q) = %v", c.fields, c.field, got)
		}
	}
}

func TestAll(t *testing.T) {
	a, b := stores.Where("id", stores.Eq, "a"), stores.Where("id", stores.Eq, "b")
	terms := []stores.Filter{{}, a, {}, b}
	for _, c := range []struct {
		terms []stores.Filter
		want  stores.Filter
	}{
		{nil, stores.Filter{}}, {[]stores.Filter{{}, {}}, stores.Filter{}}, {[]stores.Filter{{}, a}, a},
		{terms, stores.Filter{Op: stores.And, Terms: []stores.Filter{a, b}}},
	} {
		if d := cmp.Diff(c.want, stores.All(c.terms...)); d != "" {
			t.Errorf("All(%v):\n%s", c.terms, d)
		}
	}
	if !terms[0].Empty() || terms[1].Empty() {
		t.Error("All changed its arguments")
	}
}

func TestCheckNormalises(t *testing.T) {
	at := time.Date(2024, 1, 2, 3, 4, 5, 123_456_789, time.FixedZone("", 3600))
	utc := time.Date(2024, 1, 2, 2, 4, 5, 123_456_000, time.UTC)
	for _, c := range []struct{ in, want stores.Filter }{
		{stores.Filter{}, stores.Filter{}},
		{stores.Where("urgency", stores.Eq, 2), stores.Where("urgency", stores.Eq, 2.0)},
		{stores.Where("urgency", stores.In, []any{int32(1), int64(2), float32(0.5), 3.0}), stores.Where("urgency", stores.In, []any{1.0, 2.0, 0.5, 3.0})},
		{stores.Where("endTime", stores.Lt, at), stores.Where("endTime", stores.Lt, utc)},
		{stores.Where("endTime", stores.In, []any{at}), stores.Where("endTime", stores.In, []any{utc})},
		{stores.Where("entities", stores.Has, "x"), stores.Where("entities", stores.Has, "x")},
		{stores.Where("endTime", stores.IsNull, true), stores.Where("endTime", stores.IsNull, true)},
	} {
		for _, wrap := range []func(stores.Filter) stores.Filter{
			func(f stores.Filter) stores.Filter { return f },
			func(f stores.Filter) stores.Filter { return stores.Filter{Op: stores.Not, Terms: []stores.Filter{f}} },
		} {
			in, before := wrap(c.in), wrap(c.in)
			got, err := stores.TodoSpec.Check(in)
			if d := cmp.Diff(wrap(c.want), got); err != nil || d != "" {
				t.Errorf("Check(%v): %v\n%s", in, err, d)
			}
			if d := cmp.Diff(before, in); d != "" {
				t.Errorf("Check changed its argument:\n%s", d)
			}
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	now := time.Now()
	many := make([]any, 1001)
	for i := range many {
		many[i] = "x"
	}
	if _, err := stores.TodoSpec.Check(stores.Where("content", stores.In, many[:1000])); err != nil {
		t.Errorf("a list of 1000: %v", err)
	}
	if _, err := stores.TodoSpec.Check(stores.Filter{Op: stores.Or, Terms: make([]stores.Filter, 199)}); err != nil {
		t.Errorf("200 terms: %v", err)
	}
	for _, f := range []stores.Filter{
		stores.Where("nosuchfield", stores.Eq, "x"), stores.Where("", stores.Eq, "x"), stores.Where("content", "like", "x"),
		stores.Where("content", stores.Eq, 1), stores.Where("content", stores.Eq, nil), stores.Where("content", stores.Eq, []any{"x"}),
		stores.Where("content", stores.In, "x"), stores.Where("content", stores.In, []string{"x"}), stores.Where("content", stores.In, many),
		stores.Where("content", stores.In, []any{"x", 1}), stores.Where("content", stores.IsNull, "yes"), stores.Where("content", stores.IsNull, nil),
		stores.Where("urgency", stores.Contains, "1"), stores.Where("urgency", stores.Eq, "1"), stores.Where("urgency", stores.Eq, math.NaN()),
		stores.Where("urgency", stores.Lt, math.Inf(1)), stores.Where("urgency", stores.In, []any{math.Inf(-1)}), stores.Where("endTime", stores.Eq, now.Format(time.RFC3339)),
		stores.Where("endTime", stores.StartsWith, now), stores.Where("entities", stores.Eq, "x"), stores.Where("entities", stores.Has, 1),
		{Op: stores.Or, Terms: make([]stores.Filter, 200)},
		{Op: stores.And, Terms: []stores.Filter{{}, {Op: stores.Not, Terms: []stores.Filter{stores.Where("nosuchfield", stores.Eq, "x")}}}},
	} {
		if _, err := stores.TodoSpec.Check(f); !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("Check(%v): %v, want it refused", f, err)
		}
	}
	for _, f := range []stores.Filter{
		stores.Where("context", stores.IsNull, true), stores.Where("context.nosuchfield", stores.Eq, "x"), stores.Where("Context.project", stores.Eq, "x"),
	} {
		if _, err := stores.EpisodeSpec.Check(f); !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("Check(%v): %v, want it refused", f, err)
		}
	}
	for _, f := range []stores.Filter{stores.Where("deprecated", stores.Gt, true), stores.Where("deprecated", stores.Eq, 1), stores.Where("deprecated", stores.In, []any{"true"})} {
		if _, err := stores.ProcedureSpec.Check(f); !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("Check(%v): %v, want it refused", f, err)
		}
	}
}

func TestMatch(t *testing.T) {
	at := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	record := map[stores.Field]any{
		"content": "Ab%", "urgency": 2.0, "version": 7, "createdAt": at.In(time.FixedZone("", 7200)), "entities": []string{"x", "y"}, "status": "",
		"yes": true, "no": false,
	}
	value := func(f stores.Field) any { return record[f] }
	not := func(terms ...stores.Filter) stores.Filter { return stores.Filter{Op: stores.Not, Terms: terms} }
	yes, no := stores.Filter{}, not(stores.Filter{})
	for _, c := range []struct {
		f    stores.Filter
		want bool
	}{
		{yes, true}, {no, false},
		{stores.Where("content", stores.Eq, "Ab%"), true}, {stores.Where("content", stores.Eq, "ab%"), false},
		{stores.Where("content", stores.Contains, "b%"), true}, {stores.Where("content", stores.Contains, "%b"), false}, {stores.Where("content", stores.Contains, ""), true},
		{stores.Where("content", stores.StartsWith, "Ab"), true}, {stores.Where("content", stores.StartsWith, "b"), false},
		{stores.Where("content", stores.Gt, "AZ"), true}, {stores.Where("content", stores.Lt, "a"), true}, {stores.Where("content", stores.Gte, "Ab%"), true},
		{stores.Where("content", stores.In, []any{"x", "Ab%"}), true}, {stores.Where("content", stores.In, []any{}), false},
		{stores.Where("urgency", stores.Eq, 2.0), true}, {stores.Where("urgency", stores.Gt, 2.0), false}, {stores.Where("urgency", stores.Gte, 2.0), true},
		{stores.Where("urgency", stores.Lt, 2.5), true}, {stores.Where("urgency", stores.Lte, 1.5), false}, {stores.Where("version", stores.Eq, 7.0), true},
		{stores.Where("createdAt", stores.Eq, at), true}, {stores.Where("createdAt", stores.Lt, at.Add(1)), true}, {stores.Where("createdAt", stores.Gt, at), false},
		{stores.Where("entities", stores.Has, "y"), true}, {stores.Where("entities", stores.Has, "z"), false},
		{stores.Where("yes", stores.Eq, true), true}, {stores.Where("yes", stores.Eq, false), false}, {stores.Where("no", stores.In, []any{false}), true},
		// What is there is not null, even when it is empty; what is not there is equal to nothing, so that Not of it holds.
		{stores.Where("status", stores.IsNull, false), true}, {stores.Where("status", stores.IsNull, true), false}, {stores.Where("status", stores.Eq, ""), true},
		{stores.Where("absent", stores.IsNull, true), true}, {stores.Where("absent", stores.IsNull, false), false},
		{stores.Where("absent", stores.Eq, ""), false}, {stores.Where("absent", stores.Lt, 1.0), false}, {stores.Where("absent", stores.In, []any{"x"}), false},
		{stores.Where("absent", stores.Has, "x"), false}, {stores.Where("absent", stores.Contains, ""), false}, {not(stores.Where("absent", stores.Eq, "x")), true},
		{stores.Filter{Op: stores.And}, true}, {stores.Filter{Op: stores.Or}, false}, {not(), true},
		{stores.Filter{Op: stores.And, Terms: []stores.Filter{yes, no}}, false}, {stores.Filter{Op: stores.Or, Terms: []stores.Filter{no, yes}}, true},
		{not(no, no), true}, {not(no, yes), false}, {not(not(yes)), true},
	} {
		if got := c.f.Match(value); got != c.want {
			t.Errorf("%v matches: %v, want %v", c.f, got, c.want)
		}
	}
}
