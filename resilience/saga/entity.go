package saga

import (
	"context"
	"errors"
	"slices"

	"thalamus/stores"
)

// EntityParts is an entity whole: what the graph knows and what is written about it.
type EntityParts struct {
	Entity *stores.Entity
	Record *stores.EntityRecord
}

// join makes the record follow the entity in what both hold.
func (e EntityParts) join(s stores.Scope) {
	e.Entity.Scope, e.Record.Scope = s, s
	e.Record.ID, e.Record.Name = e.Entity.ID, e.Entity.Name
	e.Record.Current = e.Entity.SupersededBy == ""
	e.Record.UpdatedAt = e.Entity.UpdatedAt
	if e.Record.CreatedAt.IsZero() {
		e.Record.CreatedAt = e.Entity.CreatedAt
	}
}

func (e EntityParts) document() document { return entityDocument(e.Entity, e.Record) }

// UpsertEntity writes the current entity of a name: records, which may refuse the name, then graph, then vectors.
// change is given the entity as it is, or a new one with its name. expected 0: there must be none yet.
func (w *Writer) UpsertEntity(ctx context.Context, s stores.Scope, r Request, name string, expected *int, change func(EntityParts) error) (*stores.Entity, error) {
	return run(ctx, w, s, r, func(ctx context.Context) (plan[*stores.Entity], error) {
		records, err := w.set.EntityRecords.ByName(ctx, s, []string{name})
		if err != nil {
			return plan[*stores.Entity]{}, err
		}
		if rec := records[name]; rec != nil {
			p, err := w.changeEntity(ctx, s, rec.ID, expected, change)
			if errors.Is(err, stores.ErrNotFound) {
				err = &stores.Error{Kind: stores.ErrConflict, Path: []string{"name"}, Cause: errUnderWay,
					Message: "an entity of this name is being written or deleted right now; send it again"}
			}
			return p, err
		}
		if err := expect(expected, 0); err != nil {
			return plan[*stores.Entity]{}, err
		}
		return w.newEntity(ctx, s, EntityParts{&stores.Entity{Name: name}, &stores.EntityRecord{}}, change)
	})
}

// UpdateEntity changes an entity: records, then graph, then vectors. The graph carries the version: whoever sees the new one
// sees the new record, too.
func (w *Writer) UpdateEntity(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int, change func(EntityParts) error) (*stores.Entity, error) {
	return run(ctx, w, s, r, func(ctx context.Context) (plan[*stores.Entity], error) {
		return w.changeEntity(ctx, s, id, expected, change)
	})
}

// SupersedeEntity closes an entity and opens its next version: the old one's record gives up the name, and the new one's takes it;
// then the new node, a SUPERSEDES edge between both, and the vectors. change is given the new version.
func (w *Writer) SupersedeEntity(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int, change func(EntityParts) error) (*stores.Entity, error) {
	return run(ctx, w, s, r, func(ctx context.Context) (plan[*stores.Entity], error) {
		none := plan[*stores.Entity]{}
		old, err := w.entity(ctx, s, id, expected)
		if err != nil {
			return none, err
		}
		if old.Entity.SupersededBy != "" {
			return none, &stores.Error{Kind: stores.ErrConflict, Path: []string{"id"}, Message: "this version was superseded before; supersede the current one"}
		}
		next := successor(old)
		p, err := w.newEntity(ctx, s, next, change)
		if err != nil {
			return none, err
		}
		before := old.document()
		at := next.Entity.ValidFrom
		old.Entity.ValidTo, old.Entity.SupersededBy = &at, next.Entity.ID
		old.Entity.Touch(stores.Now())
		old.join(s)
		if err := old.Entity.Validate(); err != nil {
			return none, stores.Invalid("validFrom", "must not lie before the start of the old version")
		}
		index, err := w.reindex(ctx, s, before, old.document())
		closing := append(w.guarded(s, id, old.Entity.Version-1), w.entityRecords().Put(s, old.Record), w.entities().Swap(s, old.Entity))
		linking := []step{w.relationships().Put(s, supersedes(s, next.Entity, old.Entity)), index}
		p.steps = slices.Concat(closing, p.steps, linking)
		return p, err
	})
}

// successor takes over what the new version does not say itself.
func successor(old EntityParts) EntityParts {
	return EntityParts{
		&stores.Entity{
			Name: old.Entity.Name, Type: old.Entity.Type, Label: old.Entity.Label, Source: old.Entity.Source,
			Details: old.Entity.Details, Lineage: old.Entity.Lineage, Supersedes: old.Entity.ID, Stability: old.Entity.Stability,
		},
		&stores.EntityRecord{
			Content: old.Record.Content, Keywords: old.Record.Keywords, Aliases: old.Record.Aliases, Metadata: old.Record.Metadata,
		},
	}
}

func supersedes(s stores.Scope, next, old *stores.Entity) *stores.Relationship {
	e := &stores.Relationship{Scope: s, Type: "SUPERSEDES", Weight: 1, Source: next.Ref(), Target: old.Ref(), ValidFrom: next.ValidFrom}
	e.SetDefaults(stores.Now())
	return e
}

// DeleteEntity removes an entity with its record, its mentions and edges, and its vector. It says whether there was one.
func (w *Writer) DeleteEntity(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int) (bool, error) {
	return remove(ctx, w, s, r, stores.Ref{Kind: stores.KindEntity, ID: id}, expected, w.set.Entities.ByID,
		w.entityRecords().Delete(s, id), w.entities().Delete(s, id), w.pointsDelete(s, stores.KindEntity, id))
}

// entity reads both parts.
func (w *Writer) entity(ctx context.Context, s stores.Scope, id stores.ID, expected *int) (EntityParts, error) {
	e, err := current(ctx, s, stores.Ref{Kind: stores.KindEntity, ID: id}, expected, w.set.Entities.ByID)
	if err != nil {
		return EntityParts{}, err
	}
	records, err := w.set.EntityRecords.ByID(ctx, s, []stores.ID{id}, nil)
	if err != nil {
		return EntityParts{}, err
	}
	rec := records[id]
	if rec == nil {
		rec = &stores.EntityRecord{}
	}
	return EntityParts{e, rec}, nil
}

func (w *Writer) newEntity(ctx context.Context, s stores.Scope, e EntityParts, change func(EntityParts) error) (plan[*stores.Entity], error) {
	none := plan[*stores.Entity]{}
	if err := change(e); err != nil {
		return none, err
	}
	e.Entity.Scope = s
	e.Entity.SetDefaults(stores.Now())
	e.join(s)
	if err := check(e); err != nil {
		return none, err
	}
	points, err := w.embed(ctx, []document{e.document()})
	return plan[*stores.Entity]{e.Entity, []stores.ID{e.Entity.ID}, []step{
		w.putRecord(s, e.Record), w.entities().Put(s, e.Entity), w.pointsPut(s, stores.KindEntity, points),
	}}, err
}

func (w *Writer) changeEntity(ctx context.Context, s stores.Scope, id stores.ID, expected *int, change func(EntityParts) error) (plan[*stores.Entity], error) {
	none := plan[*stores.Entity]{}
	e, err := w.entity(ctx, s, id, expected)
	if err != nil {
		return none, err
	}
	before, version := e.document(), e.Entity.Version
	p := plan[*stores.Entity]{answer: e.Entity, nodes: []stores.ID{id}}
	whole := &wholeEntity{e.Entity, e.Record}
	if changed, err := edit(whole, func(*wholeEntity) error { return change(e) }); err != nil || !changed {
		p.steps = []step{w.still(s, id, version)}
		return p, err
	}
	e.join(s)
	index, err := w.reindex(ctx, s, before, e.document())
	p.steps = append(w.guarded(s, id, version), w.putRecord(s, e.Record), w.entities().Swap(s, e.Entity), index)
	return p, err
}

// still refuses a change unless the entity has the version that was read: its two parts are read one after the other, so
// that the record may be a newer one.
func (w *Writer) still(s stores.Scope, id stores.ID, version int) step {
	return step{role: stores.RoleGraph, name: "entities.check", do: func(ctx context.Context) error {
		now, err := w.set.Entities.ByID(ctx, s, []stores.ID{id}, []stores.Field{})
		if e := now[id]; err == nil && (e == nil || e.Version != version) {
			return stores.Conflict("the entity was changed meanwhile; read it again")
		}
		return err
	}}
}

// guarded begins the steps of a change: where no transaction takes the record back that was put before the graph refused,
// the graph is asked first.
func (w *Writer) guarded(s stores.Scope, id stores.ID, version int) []step {
	if w.set.Atomic != nil {
		return nil
	}
	return []step{w.still(s, id, version)}
}

// putRecord writes a record, which refuses a name that is taken.
func (w *Writer) putRecord(s stores.Scope, r *stores.EntityRecord) step {
	st := w.entityRecords().Put(s, r)
	put := st.do
	st.do = func(ctx context.Context) error {
		err := put(ctx)
		if e, ok := errors.AsType[*stores.Error](err); ok && errors.Is(e.Kind, stores.ErrConflict) && e.Path == nil {
			named := *e
			named.Path = []string{"name"}
			return &named
		}
		return err
	}
	return st
}

// wholeEntity lets a change to either part make the next version of the entity.
type wholeEntity struct {
	*stores.Entity
	Record *stores.EntityRecord
}

func (e *wholeEntity) Validate() error { return check(EntityParts{e.Entity, e.Record}) }

// check wants both parts valid. The record takes its name from the entity, so that it is not said twice.
func check(e EntityParts) error {
	if err := e.Entity.Validate(); err != nil {
		return err
	}
	rec := *e.Record
	rec.Scope, rec.Name = e.Entity.Scope, e.Entity.Name
	return rec.Validate()
}
