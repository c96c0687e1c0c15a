package saga

import (
	"context"
	"slices"

	"thalamus/stores"
)

func (w *Writer) episodes() contract[stores.Episode] {
	c := w.set.Episodes
	return contract[stores.Episode]{
		role: stores.RoleGraph, kind: stores.KindEpisode, name: "episodes", id: func(e *stores.Episode) stores.ID { return e.ID },
		byID: c.ByID, put: c.Put, swap: c.Swap, remove: c.Delete, version: (*stores.Episode).Revision,
		hanging: w.edgesOf, attach: w.attach, pointing: w.mentioning, mentions: func(e *stores.Episode) int { return len(e.Mentions) },
	}
}

func (w *Writer) entities() contract[stores.Entity] {
	c := w.set.Entities
	return contract[stores.Entity]{
		role: stores.RoleGraph, kind: stores.KindEntity, name: "entities", id: func(e *stores.Entity) stores.ID { return e.ID },
		byID: c.ByID, put: c.Put, swap: c.Swap, remove: c.Delete, version: (*stores.Entity).Revision,
		hanging: w.edgesAndMentionsOf, attach: w.attach,
	}
}

func (w *Writer) procedures() contract[stores.Procedure] {
	c := w.set.Procedures
	return contract[stores.Procedure]{
		role: stores.RoleGraph, kind: stores.KindProcedure, name: "procedures", id: func(p *stores.Procedure) stores.ID { return p.ID },
		byID: c.ByID, put: c.Put, swap: c.Swap, remove: c.Delete, version: (*stores.Procedure).Revision,
		hanging: w.edgesOf, attach: w.attach,
	}
}

func (w *Writer) relationships() contract[stores.Relationship] {
	c := w.set.Relationships
	return contract[stores.Relationship]{
		role: stores.RoleGraph, kind: stores.KindRelationship, name: "relationships", id: func(r *stores.Relationship) stores.ID { return r.ID },
		byID: c.ByID, put: c.Put, swap: c.Swap, remove: c.Delete, version: (*stores.Relationship).Revision,
		pointing: w.joined,
	}
}

func (w *Writer) entityRecords() contract[stores.EntityRecord] {
	c := w.set.EntityRecords
	return contract[stores.EntityRecord]{
		role: stores.RoleRecords, kind: stores.KindEntity, name: "entityRecords", id: func(r *stores.EntityRecord) stores.ID { return r.ID },
		byID: c.ByID, put: w.putRecords, remove: c.Delete, version: func(r *stores.EntityRecord) int { return r.Version },
	}
}

func (w *Writer) profiles() contract[stores.Profile] {
	c := w.set.Profiles
	return contract[stores.Profile]{
		role: stores.RoleRecords, kind: stores.KindProfile, name: "profiles", id: func(p *stores.Profile) stores.ID { return p.ID },
		byID: c.ByID, put: c.Put, swap: c.Swap, remove: c.Delete, version: (*stores.Profile).Revision,
	}
}

func (w *Writer) todos() contract[stores.Todo] {
	c := w.set.Todos
	return contract[stores.Todo]{
		role: stores.RoleRecords, kind: stores.KindTodo, name: "todos", id: func(t *stores.Todo) stores.ID { return t.ID },
		byID: c.ByID, put: c.Put, swap: c.Swap, remove: c.Delete, version: (*stores.Todo).Revision,
	}
}

// hanging is what a node takes along when it is deleted.
type hanging struct {
	Edges      []*stores.Relationship `json:",omitempty"`
	Mentioning []*stores.Episode      `json:",omitempty"` // episodes that mention it
}

// receipts compares what hung on nodes with what does now.
func (h hanging) receipts(c interface {
	about() (stores.Role, stores.Kind, bool)
}, now hanging) []stores.Receipt {
	role, kind, mentioned := c.about()
	out := []stores.Receipt{{Store: role, Kind: kind, Name: "edges", Deleted: len(h.Edges) - len(now.Edges), Left: len(now.Edges)}}
	if mentioned {
		out = append(out, stores.Receipt{Store: role, Kind: kind, Name: "mentions",
			Deleted: len(h.Mentioning) - len(now.Mentioning), Left: len(now.Mentioning)})
	}
	return out
}

// about is what receipts say of a noun: its store, its kind, and whether it is mentioned.
func (c contract[T]) about() (stores.Role, stores.Kind, bool) {
	return c.role, c.kind, c.kind == stores.KindEntity
}

// everything is more than anything hangs on one node.
const everything = 1 << 20

// edgesOf reads the edges of nodes.
func (w *Writer) edgesOf(ctx context.Context, s stores.Scope, ids []stores.ID) (hanging, error) {
	pages, err := w.set.Relationships.ByNode(ctx, s, ids, stores.FlowBoth, stores.Query{Page: stores.Page{First: everything}})
	if err != nil {
		return hanging{}, err
	}
	found := map[stores.ID]*stores.Relationship{}
	for _, page := range pages {
		for _, e := range page.Items {
			found[e.ID] = e
		}
	}
	return hanging{Edges: sorted(found)}, nil
}

// edgesAndMentionsOf reads the edges of entities and the episodes that mention them.
func (w *Writer) edgesAndMentionsOf(ctx context.Context, s stores.Scope, ids []stores.ID) (hanging, error) {
	h, err := w.edgesOf(ctx, s, ids)
	if err != nil {
		return h, err
	}
	pages, err := w.set.Episodes.ByEntity(ctx, s, ids, stores.Query{Page: stores.Page{First: everything}})
	if err != nil {
		return h, err
	}
	found := map[stores.ID]*stores.Episode{}
	for _, page := range pages {
		for _, e := range page.Items {
			found[e.ID] = e
		}
	}
	h.Mentioning = sorted(found)
	return h, nil
}

// sorted gives what was found in the order of ids.
func sorted[T any](found map[stores.ID]*T) []*T {
	ids := make([]stores.ID, 0, len(found))
	for id := range found {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return inOrder(ids, found)
}

// attach brings back the edges that are missing, and the mentions of episodes that were not edited since.
func (w *Writer) attach(ctx context.Context, s stores.Scope, h hanging) error {
	edges := w.relationships()
	there, err := edges.byID(ctx, s, edges.ids(h.Edges), []stores.Field{})
	if err != nil {
		return err
	}
	if err := edges.restore(ctx, s, slices.DeleteFunc(slices.Clone(h.Edges), func(e *stores.Relationship) bool { return there[e.ID] != nil })); err != nil {
		return err
	}
	episodes := w.episodes()
	now, err := episodes.byID(ctx, s, episodes.ids(h.Mentioning), nil)
	if err != nil {
		return err
	}
	return episodes.restore(ctx, s, slices.DeleteFunc(slices.Clone(h.Mentioning), func(e *stores.Episode) bool {
		return now[e.ID] == nil || now[e.ID].Version != e.Version
	}))
}

// mentioning takes mentions of entities that are gone out of episodes.
func (w *Writer) mentioning(ctx context.Context, s stores.Scope, episodes []*stores.Episode) ([]*stores.Episode, error) {
	var ids []stores.ID
	for _, e := range episodes {
		ids = append(ids, e.Mentions...)
	}
	there, err := w.set.Entities.ByID(ctx, s, ids, []stores.Field{})
	if err != nil {
		return nil, err
	}
	for _, e := range episodes {
		e.Mentions = slices.DeleteFunc(slices.Clone(e.Mentions), func(id stores.ID) bool { return there[id] == nil })
	}
	return episodes, nil
}

// joined leaves out edges of which an end is gone.
func (w *Writer) joined(ctx context.Context, s stores.Scope, edges []*stores.Relationship) ([]*stores.Relationship, error) {
	ends := map[stores.Kind][]stores.ID{}
	for _, e := range edges {
		ends[e.Source.Kind] = append(ends[e.Source.Kind], e.Source.ID)
		ends[e.Target.Kind] = append(ends[e.Target.Kind], e.Target.ID)
	}
	there := map[stores.Ref]bool{}
	for kind, ids := range ends {
		if err := w.present(ctx, s, kind, ids, there); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(slices.Clone(edges), func(e *stores.Relationship) bool { return !there[e.Source] || !there[e.Target] }), nil
}

// present notes which nodes there are.
func (w *Writer) present(ctx context.Context, s stores.Scope, kind stores.Kind, ids []stores.ID, there map[stores.Ref]bool) error {
	switch kind {
	case stores.KindEpisode:
		return presentIn(ctx, s, kind, ids, there, w.set.Episodes.ByID)
	case stores.KindEntity:
		return presentIn(ctx, s, kind, ids, there, w.set.Entities.ByID)
	case stores.KindProcedure:
		return presentIn(ctx, s, kind, ids, there, w.set.Procedures.ByID)
	case stores.KindRelationship:
		return presentIn(ctx, s, kind, ids, there, w.set.Relationships.ByID)
	case stores.KindProfile:
		return presentIn(ctx, s, kind, ids, there, w.set.Profiles.ByID)
	case stores.KindTodo:
		return presentIn(ctx, s, kind, ids, there, w.set.Todos.ByID)
	}
	return nil
}

func presentIn[T any](ctx context.Context, s stores.Scope, kind stores.Kind, ids []stores.ID, there map[stores.Ref]bool,
	read func(context.Context, stores.Scope, []stores.ID, []stores.Field) (map[stores.ID]T, error),
) error {
	found, err := read(ctx, s, ids, []stores.Field{})
	for id := range found {
		there[stores.Ref{Kind: kind, ID: id}] = true
	}
	return err
}
