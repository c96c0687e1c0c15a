package saga

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"thalamus/stores"
)

// contract is what the steps need of the contract of a noun.
type contract[T any] struct {
	role   stores.Role
	kind   stores.Kind
	name   string
	id     func(*T) stores.ID
	byID   func(context.Context, stores.Scope, []stores.ID, []stores.Field) (map[stores.ID]*T, error)
	put    func(context.Context, stores.Scope, []*T) error
	swap   func(context.Context, stores.Scope, *T) error // nil for nouns without a version
	remove func(context.Context, stores.Scope, []stores.ID) (int, error)
	// version of a record; nil for nouns without one.
	version func(*T) int
	// hanging reads what a deletion takes along; nil when it takes nothing.
	hanging func(context.Context, stores.Scope, []stores.ID) (hanging, error)
	// attach brings back what hung on records, as far as both ends are there.
	attach func(context.Context, stores.Scope, hanging) error
	// mentions counts what a record points at and takes along; nil when it points at nothing.
	mentions func(*T) int
	// pointing leaves out of records what points at nodes that are gone; nil when that is allowed to be.
	pointing func(context.Context, stores.Scope, []*T) ([]*T, error)
}

// Put is a step that inserts or replaces records.
func (c contract[T]) Put(items ...*T) step {
	return step{c.role, c.name + ".put", &put[T]{c: c, Items: items}}
}

// Create is a step that inserts records under new ids.
func (c contract[T]) Create(items ...*T) step {
	return step{c.role, c.name + ".put", &put[T]{c: c, Items: items, Fresh: true}}
}

// Swap is a step that replaces a record by its next version.
func (c contract[T]) Swap(item *T) step {
	return step{c.role, c.name + ".swap", &swap[T]{c: c, Item: item}}
}

// Check is a step that refuses the write unless a record has a version. It comes before what cannot refuse.
func (c contract[T]) Check(id stores.ID, version int) step {
	return step{c.role, c.name + ".check", &check[T]{c: c, ID: id, Version: version}}
}

// Delete is a step that deletes records with what hangs on them.
func (c contract[T]) Delete(ids ...stores.ID) step {
	return step{c.role, c.name + ".delete", &erase[T]{c: c, IDs: ids}}
}

type put[T any] struct {
	c      contract[T]
	Items  []*T
	Fresh  bool // none of them is there yet
	Before []*T
}

func (a *put[T]) look(ctx context.Context, s stores.Scope) error {
	if a.Fresh {
		return nil
	}
	ids := a.c.ids(a.Items)
	before, err := a.c.byID(ctx, s, ids, nil)
	a.Before = inOrder(ids, before)
	return err
}

// do refuses to replace what there is already in place of a new record, which a store tells by giving that its id. Only in a
// transaction is nothing left of it then; elsewhere, a check comes first.
func (a *put[T]) do(ctx context.Context, s stores.Scope) error {
	ids := a.c.ids(a.Items)
	err := a.c.put(ctx, s, a.Items)
	if err == nil && a.Fresh && !slices.Equal(ids, a.c.ids(a.Items)) {
		err = stores.Conflict("there is such a one by now; send it again")
	}
	return err
}

func (a *put[T]) undo(ctx context.Context, s stores.Scope) error {
	replaced := map[stores.ID]bool{}
	for _, item := range a.Before {
		replaced[a.c.id(item)] = true
	}
	created := slices.DeleteFunc(a.c.ids(a.Items), func(id stores.ID) bool { return replaced[id] })
	if len(created) > 0 {
		if _, err := a.c.remove(ctx, s, created); err != nil {
			return err
		}
	}
	return a.c.restore(ctx, s, a.Before)
}

func (a *put[T]) node() any {
	if len(a.Items) != 1 {
		return nil
	}
	return a.Items[0]
}

type swap[T any] struct {
	c      contract[T]
	Item   *T
	Before *T
}

func (a *swap[T]) look(ctx context.Context, s stores.Scope) error {
	id := a.c.id(a.Item)
	before, err := a.c.byID(ctx, s, []stores.ID{id}, nil)
	a.Before = before[id]
	return err
}

// do takes a conflict with its own outcome for success.
func (a *swap[T]) do(ctx context.Context, s stores.Scope) error {
	err := a.c.swap(ctx, s, a.Item)
	if !errors.Is(err, stores.ErrConflict) || errors.Is(err, stores.ErrFenced) {
		return err
	}
	id := a.c.id(a.Item)
	if now, failed := a.c.byID(ctx, s, []stores.ID{id}, nil); failed == nil && now[id] != nil && equal(now[id], a.Item) {
		return nil
	}
	return err
}

func (a *swap[T]) undo(ctx context.Context, s stores.Scope) error {
	if a.Before == nil {
		return nil
	}
	return a.c.restore(ctx, s, []*T{a.Before})
}

func (a *swap[T]) node() any { return a.Item }

type check[T any] struct {
	c contract[T]
	unchanging
	ID      stores.ID
	Version int
}

func (a *check[T]) do(ctx context.Context, s stores.Scope) error {
	now, err := a.c.byID(ctx, s, []stores.ID{a.ID}, []stores.Field{})
	if err != nil {
		return err
	}
	if n := now[a.ID]; n == nil || a.c.version(n) != a.Version {
		return stores.Conflict("it was changed meanwhile; read it again")
	}
	return nil
}

type erase[T any] struct {
	c       contract[T]
	IDs     []stores.ID
	Before  []*T
	Hanging hanging
}

func (a *erase[T]) look(ctx context.Context, s stores.Scope) error {
	there, err := a.c.byID(ctx, s, a.IDs, nil)
	if err != nil {
		return err
	}
	a.Before = inOrder(a.IDs, there)
	if a.c.hanging != nil {
		a.Hanging, err = a.c.hanging(ctx, s, a.IDs)
	}
	return err
}

func (a *erase[T]) do(ctx context.Context, s stores.Scope) error {
	_, err := a.c.remove(ctx, s, a.IDs)
	return err
}

func (a *erase[T]) undo(ctx context.Context, s stores.Scope) error {
	if err := a.c.restore(ctx, s, a.Before); err != nil || a.c.attach == nil {
		return err
	}
	return a.c.attach(ctx, s, a.Hanging)
}

func (a *erase[T]) receipt(ctx context.Context, s stores.Scope) ([]stores.Receipt, error) {
	left, err := a.c.byID(ctx, s, a.IDs, []stores.Field{})
	if err != nil {
		return nil, err
	}
	name := "nodes"
	if a.c.role == stores.RoleRecords {
		name = "records"
	}
	out := []stores.Receipt{{Store: a.c.role, Kind: a.c.kind, Name: name, Deleted: len(a.Before) - len(left), Left: len(left)}}
	if a.c.mentions != nil {
		out = append(out, a.mentioned(left))
	}
	if a.c.hanging == nil {
		return out, nil
	}
	hanging, err := a.c.hanging(ctx, s, a.IDs)
	return append(out, a.Hanging.receipts(a.c, hanging)...), err
}

// mentioned counts what went with the records that are not left.
func (a *erase[T]) mentioned(left map[stores.ID]*T) stores.Receipt {
	out := stores.Receipt{Store: a.c.role, Kind: a.c.kind, Name: "mentions"}
	for _, n := range a.Before {
		if left[a.c.id(n)] == nil {
			out.Deleted += a.c.mentions(n)
		} else {
			out.Left += a.c.mentions(n)
		}
	}
	return out
}

func (c contract[T]) ids(items []*T) []stores.ID {
	ids := make([]stores.ID, len(items))
	for i, item := range items {
		ids[i] = c.id(item)
	}
	return ids
}

// restore puts records back as they were. What points at nodes that went since is left out.
func (c contract[T]) restore(ctx context.Context, s stores.Scope, items []*T) error {
	if len(items) == 0 {
		return nil
	}
	if c.pointing != nil {
		var err error
		if items, err = c.pointing(ctx, s, items); err != nil {
			return err
		}
	}
	return c.put(ctx, s, items)
}

func equal(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

func inOrder[T any](ids []stores.ID, of map[stores.ID]*T) []*T {
	var out []*T
	for _, id := range ids {
		if item := of[id]; item != nil {
			out = append(out, item)
		}
	}
	return out
}
