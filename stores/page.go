package stores

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// Direction is the direction of a sort.
type Direction string

// Sort directions. Null sorts before every value when ascending, after every value when descending.
const (
	Ascending  Direction = "ASC"
	Descending Direction = "DESC"
)

// Order is one term of an ordering.
type Order struct {
	Field     Field
	Direction Direction
}

// Cursor is a position in one ordered list: opaque to callers, not signed (the edge does that).
type Cursor string

// Page says which part of a list is wanted: First items after After, or Last items before Before.
// First and Last exclude each other; one of them must be positive.
type Page struct {
	First  int
	After  Cursor
	Last   int
	Before Cursor
}

// Backward says that the page is read from the end.
func (p Page) Backward() bool { return p.Last > 0 }

// Size is the number of items wanted.
func (p Page) Size() int {
	if p.Backward() {
		return p.Last
	}
	return p.First
}

// Query selects, orders and pages one noun. The zero Where matches everything; an empty Order is the noun's default.
// Fields names the heavy fields to bring along (nil: all of them); light ones always come.
type Query struct {
	Where  Filter
	Order  []Order
	Page   Page
	Fields []Field
}

// Slice is one page of a list, in list order, with the position of each item.
type Slice[T any] struct {
	Items       []T
	Cursors     []Cursor
	HasNext     bool
	HasPrevious bool
}

// NewCursor encodes a position: the order it belongs to, the sort values of the item, and its id.
func NewCursor(order []Order, values []any, id ID) Cursor {
	b, err := json.Marshal(position{Order: orderKey(order), Values: values, ID: id})
	if err != nil {
		panic("stores: a sort value is not JSON: " + err.Error()) // sort values are strings, numbers and nulls
	}
	return Cursor(base64.RawURLEncoding.EncodeToString(b))
}

// Position decodes the cursor for a list in the given order. A cursor of another order, or of no order at all, is
// [ErrInvalid]. Numbers come back as [json.Number].
func (c Cursor) Position(order []Order) (values []any, id ID, err error) {
	refuse := Invalid("after", "the cursor does not belong to this list; start again without it")
	b, err := base64.RawURLEncoding.DecodeString(string(c))
	if err != nil {
		return nil, "", refuse
	}
	var p position
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.UseNumber()
	if dec.Decode(&p) != nil || p.Order != orderKey(order) || len(p.Values) != len(order) || p.ID == "" {
		return nil, "", refuse
	}
	return p.Values, p.ID, nil
}

type position struct {
	Order  string `json:"o"`
	Values []any  `json:"v"`
	ID     ID     `json:"i"`
}

func orderKey(order []Order) string {
	var b strings.Builder
	for _, o := range order {
		b.WriteString(string(o.Field))
		if o.Direction == Descending {
			b.WriteByte('-')
		}
		b.WriteByte(' ')
	}
	return b.String()
}
