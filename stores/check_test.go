package stores_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"thalamus/stores"
)

func TestCheckCollects(t *testing.T) {
	var c stores.Check
	if c.Err() != nil {
		t.Error("an empty check complains")
	}
	c.That(true, "a", "never")
	c.Add(nil)
	if c.Err() != nil {
		t.Error("a check complains about what is in order")
	}
	c.That(false, "a.b", "is %d", 1)
	if _, ok := c.Err().(*stores.Error); !ok {
		t.Errorf("one problem comes as %T, want it bare", c.Err())
	}
	c.Add(errors.New("another"))
	c.That(false, "c", "is wrong")
	refusedAt(t, c.Err(), "a.b", "c")
	if n := strings.Count(c.Err().Error(), "\n"); n != 2 {
		t.Errorf("three problems read %q", c.Err())
	}
}

func TestCheckText(t *testing.T) {
	for _, good := range []string{"a", "aé😀", "tab\t and\r\nlines", " a ", "\u007f"} {
		var c stores.Check
		if c.Text("t", good, 1, 20); c.Err() != nil {
			t.Errorf("%q: %v", good, c.Err())
		}
	}
	for _, bad := range []string{"", "   ", "\n", strings.Repeat("é", 21), "\xff", "a\x00", "a\x1b[0m", strings.Repeat("é", 20) + "a"} {
		var c stores.Check
		c.Text("t", bad, 1, 20)
		refusedAt(t, c.Err(), "t")
	}
	var c stores.Check
	c.Text("t", "", 0, 20)
	c.Text("t", "  ", 0, 20)
	c.Text("t", strings.Repeat("😀", 20), 0, 20)
	if c.Err() != nil {
		t.Errorf("optional texts: %v", c.Err())
	}
}

func TestCheckNumbers(t *testing.T) {
	for v, ok := range map[float64]bool{
		0: true, 1: true, 0.5: true, -1e-9: false, 1.0000001: false, math.NaN(): false, math.Inf(1): false, math.Inf(-1): false,
	} {
		var c stores.Check
		if c.Unit("n", v); (c.Err() == nil) != ok {
			t.Errorf("Unit(%v): %v", v, c.Err())
		}
	}
	var c stores.Check
	c.Least("n", 1, 1)
	if c.Err() != nil {
		t.Errorf("1 is at least 1: %v", c.Err())
	}
	c.Least("n", 0, 1)
	refusedAt(t, c.Err(), "n")
}

func TestCheckListsAndOrder(t *testing.T) {
	var c stores.Check
	c.Texts("list", []string{"a", "b"}, 2, 1)
	c.Texts("list", nil, 0, 1)
	now := time.Now()
	c.Order("to", now, nil)
	c.Order("to", now, &now)
	if c.Err() != nil {
		t.Errorf("good lists and orders: %v", c.Err())
	}
	c.Texts("list", []string{"a", "", "bb"}, 2, 1)
	refusedAt(t, c.Err(), "list", "list", "list")
	var late stores.Check
	late.Order("to", now, new(now.Add(-1)))
	refusedAt(t, late.Err(), "to")
}

// nested is a map of the given depth.
func nested(depth int) map[string]any {
	m := map[string]any{}
	for range depth - 1 {
		m = map[string]any{"m": m}
	}
	return m
}

func TestCheckMap(t *testing.T) {
	wide := map[string]any{}
	for i := range 1000 {
		wide[strings.Repeat("k", i%90+1)+string(rune('a'+i/90))] = nil
	}
	list := []any{}
	for range 2000 {
		list = append(list, 1.0)
	}
	for what, m := range map[string]map[string]any{
		"nil": nil, "values": {"a": 1.0, "b": nil, "c": true, "d": "", "e": []any{"x", map[string]any{}}}, "depth": nested(6),
		"wide": wide, "long text": {"k": strings.Repeat("é", 10_000)}, "long key": {strings.Repeat("é", 100): nil}, "long list": {"l": list},
	} {
		var c stores.Check
		if c.Map("m", m); c.Err() != nil {
			t.Errorf("%s: %v", what, c.Err())
		}
	}
	wide["one more key"] = nil
	for what, m := range map[string]map[string]any{
		"depth": nested(7), "deep list": {"a": []any{[]any{[]any{[]any{[]any{[]any{}}}}}}}, "wide": wide,
		"long text": {"k": strings.Repeat("é", 10_001)}, "long key": {strings.Repeat("é", 101): nil}, "empty key": {"": nil},
		"control character": {"k": []any{"a\x00"}}, "bad key": {"a\x1b": nil},
	} {
		var c stores.Check
		if c.Map("m", m); !errors.Is(c.Err(), stores.ErrInvalid) {
			t.Errorf("%s: %v, want it refused", what, c.Err())
		}
	}
}
