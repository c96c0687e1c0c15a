package saga

import (
	"context"
	"encoding/json"
	"slices"

	"thalamus/stores"
)

// step is one write to one store, and the way back.
type step struct {
	role stores.Role
	name string // "episodes.put"
	do   func(context.Context) error
	// look reads what do is about to overwrite and gives the way back to it. Nil: there is nothing to take back.
	look func(context.Context) (undo func(context.Context) error, err error)
}

// contract is what the steps need of the contract of a noun.
type contract[T any] struct {
	role   stores.Role
	name   string
	id     func(*T) stores.ID
	byID   func(context.Context, stores.Scope, []stores.ID, []stores.Field) (map[stores.ID]*T, error)
	put    func(context.Context, stores.Scope, []*T) error
	swap   func(context.Context, stores.Scope, *T) error // nil for nouns without a version
	remove func(context.Context, stores.Scope, []stores.ID) (int, error)
	// hanging reads what a deletion takes along, such as edges, and gives the way back to it; nil when it takes nothing.
	hanging func(context.Context, stores.Scope, []stores.ID) (undo func(context.Context) error, err error)
}

// Put is a step that inserts or replaces records.
func (c contract[T]) Put(s stores.Scope, items ...*T) step {
	return step{
		role: c.role, name: c.name + ".put",
		do:   func(ctx context.Context) error { return c.put(ctx, s, items) },
		look: func(ctx context.Context) (func(context.Context) error, error) { return c.before(ctx, s, items) },
	}
}

// Swap is a step that replaces a record by its next version.
func (c contract[T]) Swap(s stores.Scope, item *T) step {
	return step{
		role: c.role, name: c.name + ".swap",
		do:   func(ctx context.Context) error { return c.swap(ctx, s, item) },
		look: func(ctx context.Context) (func(context.Context) error, error) { return c.before(ctx, s, []*T{item}) },
	}
}

// Delete is a step that deletes records with what hangs on them.
func (c contract[T]) Delete(s stores.Scope, ids ...stores.ID) step {
	return step{
		role: c.role, name: c.name + ".delete",
		do: func(ctx context.Context) error {
			_, err := c.remove(ctx, s, ids)
			return err
		},
		look: func(ctx context.Context) (func(context.Context) error, error) {
			there, err := c.byID(ctx, s, ids, nil)
			if err != nil {
				return nil, err
			}
			attach := func(context.Context) error { return nil }
			if c.hanging != nil {
				if attach, err = c.hanging(ctx, s, ids); err != nil {
					return nil, err
				}
			}
			return func(ctx context.Context) error {
				if err := c.put(ctx, s, inOrder(ids, there)); err != nil {
					return err
				}
				return attach(ctx)
			}, nil
		},
	}
}

// before reads the records that a write replaces. Taking the write back leaves alone what was changed since: it restores
// and deletes only what is still as this write left it.
func (c contract[T]) before(ctx context.Context, s stores.Scope, items []*T) (undo func(context.Context) error, err error) {
	ids := make([]stores.ID, len(items))
	for i, item := range items {
		ids[i] = c.id(item)
	}
	before, err := c.byID(ctx, s, ids, nil)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		ids := make([]stores.ID, len(items))
		for i, item := range items {
			ids[i] = c.id(item)
		}
		now, err := c.byID(ctx, s, ids, nil)
		if err != nil {
			return err
		}
		var restore []*T
		var created []stores.ID
		for i, item := range items {
			switch stored := now[ids[i]]; {
			case stored == nil || !equal(stored, item):
			case before[ids[i]] != nil:
				restore = append(restore, before[ids[i]])
			default:
				created = append(created, ids[i])
			}
		}
		if _, err := c.remove(ctx, s, created); err != nil {
			return err
		}
		return c.put(ctx, s, restore)
	}, nil
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

func (w *Writer) episodes() contract[stores.Episode] {
	c := w.set.Episodes
	return contract[stores.Episode]{
		role: stores.RoleGraph, name: "episodes", id: func(e *stores.Episode) stores.ID { return e.ID },
		byID: c.ByID, put: c.Put, swap: c.Swap, remove: c.Delete, hanging: w.edgesOf,
	}
}

func (w *Writer) entities() contract[stores.Entity] {
	c := w.set.Entities
	return contract[stores.Entity]{
		role: stores.RoleGraph, name: "entities", id: func(e *stores.Entity) stores.ID { return e.ID },
		byID: c.ByID, put: c.Put, swap: c.Swap, remove: c.Delete, hanging: w.edgesAndMentionsOf,
	}
}

func (w *Writer) procedures() contract[stores.Procedure] {
	c := w.set.Procedures
	return contract[stores.Procedure]{
		role: stores.RoleGraph, name: "procedures", id: func(p *stores.Procedure) stores.ID { return p.ID },
		byID: c.ByID, put: c.Put, swap: c.Swap, remove: c.Delete, hanging: w.edgesOf,
	}
}

func (w *Writer) relationships() contract[stores.Relationship] {
	c := w.set.Relationships
	return contract[stores.Relationship]{
		role: stores.RoleGraph, name: "relationships", id: func(r *stores.Relationship) stores.ID { return r.ID },
		byID: c.ByID, put: c.Put, swap: c.Swap, remove: c.Delete,
	}
}

func (w *Writer) entityRecords() contract[stores.EntityRecord] {
	c := w.set.EntityRecords
	return contract[stores.EntityRecord]{
		role: stores.RoleRecords, name: "entityRecords", id: func(r *stores.EntityRecord) stores.ID { return r.ID },
		byID: c.ByID, put: c.Put, remove: c.Delete,
	}
}

func (w *Writer) profiles() contract[stores.Profile] {
	c := w.set.Profiles
	return contract[stores.Profile]{
		role: stores.RoleRecords, name: "profiles", id: func(p *stores.Profile) stores.ID { return p.ID },
		byID: c.ByID, put: c.Put, swap: c.Swap, remove: c.Delete,
	}
}

func (w *Writer) todos() contract[stores.Todo] {
	c := w.set.Todos
	return contract[stores.Todo]{
		role: stores.RoleRecords, name: "todos", id: func(t *stores.Todo) stores.ID { return t.ID },
		byID: c.ByID, put: c.Put, swap: c.Swap, remove: c.Delete,
	}
}

// everything is more than anything hangs on one node.
const everything = 1 << 20

// edgesOf reads the edges of nodes.
func (w *Writer) edgesOf(ctx context.Context, s stores.Scope, ids []stores.ID) (func(context.Context) error, error) {
	pages, err := w.set.Relationships.ByNode(ctx, s, ids, stores.FlowBoth, stores.Query{Page: stores.Page{First: everything}})
	if err != nil {
		return nil, err
	}
	found := map[stores.ID]*stores.Relationship{}
	for _, page := range pages {
		for _, e := range page.Items {
			found[e.ID] = e
		}
	}
	edges := make([]*stores.Relationship, 0, len(found))
	for _, e := range found {
		edges = append(edges, e)
	}
	return func(ctx context.Context) error { return w.set.Relationships.Put(ctx, s, edges) }, nil
}

// edgesAndMentionsOf reads the edges of entities and the episodes that mention them.
func (w *Writer) edgesAndMentionsOf(ctx context.Context, s stores.Scope, ids []stores.ID) (func(context.Context) error, error) {
	edges, err := w.edgesOf(ctx, s, ids)
	if err != nil {
		return nil, err
	}
	pages, err := w.set.Episodes.ByEntity(ctx, s, ids, stores.Query{Page: stores.Page{First: everything}})
	if err != nil {
		return nil, err
	}
	mentioning := map[stores.ID]*stores.Episode{}
	for _, page := range pages {
		for _, e := range page.Items {
			mentioning[e.ID] = e
		}
	}
	return func(ctx context.Context) error {
		if err := edges(ctx); err != nil {
			return err
		}
		return w.mentionAgain(ctx, s, mentioning)
	}, nil
}

// mentionAgain gives episodes back the mentions they had, unless they were edited since.
func (w *Writer) mentionAgain(ctx context.Context, s stores.Scope, before map[stores.ID]*stores.Episode) error {
	ids := make([]stores.ID, 0, len(before))
	for id := range before {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	now, err := w.set.Episodes.ByID(ctx, s, ids, nil)
	if err != nil {
		return err
	}
	var restore []*stores.Episode
	for _, id := range ids {
		if e := now[id]; e != nil && e.Version == before[id].Version {
			restore = append(restore, before[id])
		}
	}
	return w.set.Episodes.Put(ctx, s, restore)
}
