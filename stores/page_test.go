package stores_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"thalamus/stores"
)

func TestPage(t *testing.T) {
	for _, c := range []struct {
		p        stores.Page
		backward bool
		size     int
	}{
		{stores.Page{}, false, 0}, {stores.Page{First: 3}, false, 3}, {stores.Page{Last: 4}, true, 4}, {stores.Page{First: -1}, false, -1},
	} {
		if c.p.Backward() != c.backward || c.p.Size() != c.size {
			t.Errorf("%+v: backward %v, size %d", c.p, c.p.Backward(), c.p.Size())
		}
	}
}

var byWeight = []stores.Order{{Field: "weight", Direction: stores.Descending}, {Field: "label", Direction: stores.Ascending}, {Field: "id", Direction: stores.Ascending}}

func TestCursor(t *testing.T) {
	id := stores.NewID()
	cursor := stores.NewCursor(byWeight, []any{0.1, nil, string(id)}, id)
	values, got, err := cursor.Position(byWeight)
	if d := cmp.Diff([]any{json.Number("0.1"), nil, string(id)}, values); err != nil || got != id || d != "" {
		t.Errorf("position %q, %v\n%s", got, err, d)
	}
	big, _, err := stores.NewCursor(byWeight[2:], []any{int64(math.MaxInt64)}, id).Position(byWeight[2:])
	if d := cmp.Diff([]any{json.Number("9223372036854775807")}, big); err != nil || d != "" {
		t.Errorf("a large number comes back changed: %v\n%s", err, d)
	}
	text := "\"'\\ <é> \u2028 \U0001f600"
	same, _, err := stores.NewCursor(byWeight[2:], []any{text}, id).Position(byWeight[2:])
	if d := cmp.Diff([]any{text}, same); err != nil || d != "" {
		t.Errorf("a text comes back changed: %v\n%s", err, d)
	}
}

func TestCursorRefuses(t *testing.T) {
	id := stores.NewID()
	cursor := stores.NewCursor(byWeight, []any{0.1, nil, string(id)}, id)
	raw := func(s string) stores.Cursor { return stores.Cursor(base64.RawURLEncoding.EncodeToString([]byte(s))) }
	opposite := []stores.Order{{Field: "weight", Direction: stores.Ascending}, byWeight[1], byWeight[2]}
	for what, c := range map[string]struct {
		cursor stores.Cursor
		order  []stores.Order
	}{
		"opposite": {cursor, opposite}, "shorter": {cursor, byWeight[:2]}, "another": {cursor, byWeight[2:]}, "no order": {cursor, nil},
		"empty": {"", byWeight}, "not base64": {"%%%", byWeight}, "garbage": {"garbage", byWeight}, "not JSON": {raw("{"), byWeight},
		"half": {cursor[:len(cursor)/2], byWeight}, "null": {raw("null"), byWeight}, "another shape": {raw(`["a"]`), byWeight},
		"no values":      {raw(`{"o":"weight- label id ","i":"x"}`), byWeight},
		"too few values": {stores.NewCursor(byWeight, []any{0.1}, id), byWeight},
		"no id":          {stores.NewCursor(byWeight, []any{0.1, nil, ""}, ""), byWeight},
	} {
		if _, _, err := c.cursor.Position(c.order); !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("%s: %v, want it refused", what, err)
		}
	}
}

func FuzzCursorPosition(f *testing.F) {
	f.Add(string(stores.NewCursor(byWeight, []any{0.1, nil, "x"}, "x")))
	f.Add("")
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"o":"weight- label id ","v":[{},[],1e999],"i":"x"}`)))
	f.Fuzz(func(t *testing.T, s string) {
		values, id, err := stores.Cursor(s).Position(byWeight)
		if err != nil {
			if !errors.Is(err, stores.ErrInvalid) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if len(values) != len(byWeight) || id == "" {
			t.Errorf("%q is accepted with %d values and id %q", s, len(values), id)
		}
		again, sameID, err := stores.NewCursor(byWeight, values, id).Position(byWeight)
		if d := cmp.Diff(values, again); err != nil || sameID != id || d != "" {
			t.Errorf("%q does not survive a round trip: %v\n%s", s, err, d)
		}
	})
}

func FuzzCursorRoundTrip(f *testing.F) {
	f.Add("text", 0.1, "id")
	f.Add("", -5e-324, "\U0001f600")
	f.Fuzz(func(t *testing.T, text string, number float64, id string) {
		if math.IsNaN(number) || math.IsInf(number, 0) || id == "" {
			return
		}
		values, _, err := stores.NewCursor(byWeight, []any{number, text, id}, stores.ID(id)).Position(byWeight)
		if err != nil {
			t.Fatal(err)
		}
		n, err := values[0].(json.Number).Float64()
		if err != nil || n != number {
			t.Errorf("%v came back as %v", number, values[0])
		}
	})
}
