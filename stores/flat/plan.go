package flat

import (
	"encoding/json"
	"slices"

	"thalamus/stores"
)

// Plan is a checked query: what to select, in which order, and the bounds of the page.
type Plan struct {
	Filter   stores.Filter
	Order    []stores.Order // complete: the id comes last
	Size     int            // items on a page; read one more to see whether there are more
	Backward bool           // the page is read from its end
	After    *Bound
	Before   *Bound
}

// Bound is the position of a cursor: the value of each term of the order, as columns hold it.
type Bound struct{ Values []any }

// MaxPage keeps size+1 a sane number; no list is that long.
const MaxPage = 1 << 30

// NewPlan checks a query on a noun.
func NewPlan(spec stores.Spec, q stores.Query) (Plan, error) {
	p := Plan{Size: min(q.Page.Size(), MaxPage), Backward: q.Page.Backward()}
	switch {
	case q.Page.First < 0 || q.Page.Last < 0:
		return p, stores.Invalid("first", "must be a positive number")
	case q.Page.First > 0 && q.Page.Last > 0:
		return p, stores.Invalid("first", "cannot be combined with last; ask for one of them")
	case p.Size <= 0:
		return p, stores.Invalid("first", "either first or last must be a positive number")
	}
	var err error
	if p.Filter, err = spec.Check(q.Where); err != nil {
		return p, err
	}
	if p.Order, err = spec.Sorted(q.Order); err != nil {
		return p, err
	}
	if p.After, err = newBound(spec, q.Page.After, p.Order); err != nil {
		return p, err
	}
	p.Before, err = newBound(spec, q.Page.Before, p.Order)
	return p, err
}

// newBound decodes a cursor; the empty cursor bounds nothing.
func newBound(spec stores.Spec, c stores.Cursor, order []stores.Order) (*Bound, error) {
	if c == "" {
		return nil, nil
	}
	values, _, err := c.Position(order)
	if err != nil {
		return nil, err
	}
	for i, v := range values {
		var ok bool
		if values[i], ok = stored(v, spec.Fields[order[i].Field]); !ok {
			return nil, stores.Invalid("after", "the cursor does not belong to this list; start again without it")
		}
	}
	return &Bound{values}, nil
}

// stored brings a value of a cursor back to what the column holds.
func stored(v any, kind stores.Type) (any, bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case bool:
		return v, kind == stores.Bool
	case string:
		return v, kind == stores.Text
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, kind != stores.Text
		}
		n, err := v.Float64()
		return n, err == nil && kind == stores.Number
	}
	return nil, false
}

// Side is one side of a position: what comes later in the list, or earlier when reversed; with the position itself when
// inclusive.
type Side struct{ Reverse, Inclusive bool }

// Falls says whether term i of the order sorts downwards on the given side.
func (p Plan) Falls(i int, on Side) bool {
	return (p.Order[i].Direction == stores.Descending) != on.Reverse
}

// Descends says whether term i of the order sorts downwards in reading direction.
func (p Plan) Descends(i int) bool { return p.Falls(i, Side{Reverse: p.Backward}) }

// Bounded says whether a cursor cuts off what is earlier, or later, than the page.
func (p Plan) Bounded(earlier bool) bool {
	if earlier {
		return p.After != nil
	}
	return p.Before != nil
}

// Outside is where the rows lie that a cursor cut off: at or before After, or at or after Before.
func (p Plan) Outside(earlier bool) (*Bound, Side) {
	if earlier {
		return p.After, Side{Reverse: true, Inclusive: true}
	}
	return p.Before, Side{Inclusive: true}
}

// Slice makes a page out of what was read in reading direction, one row more than wanted when there are more. Earlier
// and later say that rows lie beyond the bounds of the page.
func Slice[T any](p Plan, items []T, cursors []stores.Cursor, earlier, later bool) stores.Slice[T] {
	more := len(items) > p.Size
	if more {
		items, cursors = items[:p.Size], cursors[:p.Size]
	}
	if p.Backward {
		slices.Reverse(items)
		slices.Reverse(cursors)
		return stores.Slice[T]{Items: items, Cursors: cursors, HasNext: later, HasPrevious: earlier || more}
	}
	return stores.Slice[T]{Items: items, Cursors: cursors, HasNext: later || more, HasPrevious: earlier}
}
