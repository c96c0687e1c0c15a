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
	e.Record.UpdatedAt, e.Record.Version = e.Entity.UpdatedAt, e.Entity.Version
	if e.Record.CreatedAt.IsZero() {
		e.Record.CreatedAt = e.Entity.CreatedAt
	}
}

func (e EntityParts) document() document { return entityDocument(e.Entity, e.Record) }

// UpsertEntity writes the current entity of a name: records, which may refuse the name, then vectors, then graph.
// change is given the entity as it is, or a new one with its name. expected 0: there must be none yet.
func (w *Writer) UpsertEntity(ctx context.Context, s stores.Scope, r Request, name string, expected *int, change func(EntityParts) error) (*stores.Entity, error) {
	return run(ctx, w, s, r.about(nameClaim(name)), func(ctx context.Context) (plan[*stores.Entity], error) {
		records, err := w.set.EntityRecords.ByName(ctx, s, []string{name})
		if err != nil {
			return plan[*stores.Entity]{}, err
		}
		if rec := records[name]; rec != nil {
			p, err := w.changeEntity(ctx, s, rec.ID, expected, change)
			if errors.Is(err, stores.ErrNotFound) {
				err = w.nameUnderWay(ctx, s, rec)
			}
			return p, err
		}
		if err := expect(expected, 0); err != nil {
			return plan[*stores.Entity]{}, err
		}
		return w.newEntity(ctx, s, EntityParts{&stores.Entity{Name: name}, &stores.EntityRecord{}}, change)
	})
}

// nameUnderWay is the conflict with the write that put a record whose entity is not there.
func (w *Writer) nameUnderWay(ctx context.Context, s stores.Scope, rec *stores.EntityRecord) error {
	claims := []string{nameClaim(rec.Name), string(rec.ID)}
	holders, err := w.set.Journal.Holding(ctx, s, claims)
	if err != nil {
		return err
	}
	e := &stores.Error{Kind: stores.ErrConflict, Cause: errUnderWay, Message: "an entity of this name is being written or deleted right now; send it again"}
	for _, claim := range claims {
		if id, ok := holders[claim]; ok {
			e = claimedBy(id, claim, "an entity of this name is being written or deleted")
		}
	}
	e.Path = []string{"name"}
	return e
}

// UpdateEntity changes an entity: records, then vectors, then graph. The record keeps what it was until the graph has the
// new version, so that whoever reads both sees what belongs together.
func (w *Writer) UpdateEntity(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int, change func(EntityParts) error) (*stores.Entity, error) {
	return run(ctx, w, s, r.about(string(id)), func(ctx context.Context) (plan[*stores.Entity], error) {
		return w.changeEntity(ctx, s, id, expected, change)
	})
}

// SupersedeEntity closes an entity and opens its next version: the old one's record gives up the name, and the new one's takes it;
// then the new node, a SUPERSEDES edge between both, and the vectors. change is given the new version.
func (w *Writer) SupersedeEntity(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int, change func(EntityParts) error) (*stores.Entity, error) {
	return run(ctx, w, s, r.about(string(id)), func(ctx context.Context) (plan[*stores.Entity], error) {
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
		return w.close(ctx, s, old, next, p)
	})
}

// close completes the plan of a new version with what it takes to end the old one.
func (w *Writer) close(ctx context.Context, s stores.Scope, old, next EntityParts, p plan[*stores.Entity]) (plan[*stores.Entity], error) {
	before, record, at := old.document(), *old.Record, next.Entity.ValidFrom
	old.Entity.ValidTo, old.Entity.SupersededBy = &at, next.Entity.ID
	old.Entity.Touch(stores.Now())
	old.join(s)
	if err := old.Entity.Validate(); err != nil {
		return p, stores.Invalid("validFrom", "must not lie before the start of the old version")
	}
	index, err := w.reindex(ctx, before, old.document())
	edge := supersedes(s, next.Entity, old.Entity)
	steps := slices.Insert(p.steps, len(p.steps)-1, index) // before the new node, which readers see
	p.steps = w.turned(&record, old.Record, append(steps, w.entities().Swap(old.Entity), w.relationships().Create(edge))...)
	p.nodes = append(p.nodes, old.Entity.Ref(), edge.Ref())
	p.claims = append(p.claims, string(old.Entity.ID), nameClaim(old.Entity.Name))
	p.events = append(p.events, updated(old.Entity, []stores.Field{"validTo", "supersededBy"}), created(edge))
	return p, err
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
	ref := stores.Ref{Kind: stores.KindEntity, ID: id}
	return remove(ctx, w, s, r, ref, expected, w.entities())
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
	rec := records[id].At(e.Version)
	switch {
	case rec == nil:
		rec = &stores.EntityRecord{}
	case rec.Version > e.Version: // between the two reads another write was committed
		return EntityParts{}, &stores.Error{Kind: stores.ErrConflict, Cause: errUnderWay, Message: "the entity was changed meanwhile; send it again"}
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
	if err := validate(e); err != nil {
		return none, err
	}
	points, err := w.embed(ctx, []document{e.document()})
	p := creation(e.Entity, w.entityRecords().Create(e.Record), w.createPoints(stores.KindEntity, points), w.entities().Create(e.Entity))
	p.claims = append(p.claims, nameClaim(e.Entity.Name))
	return p, err
}

func (w *Writer) changeEntity(ctx context.Context, s stores.Scope, id stores.ID, expected *int, change func(EntityParts) error) (plan[*stores.Entity], error) {
	none := plan[*stores.Entity]{}
	e, err := w.entity(ctx, s, id, expected)
	if err != nil {
		return none, err
	}
	before, record, name := e.document(), *e.Record, e.Entity.Name
	fields, err := edit(&wholeEntity{e.Entity, e.Record}, func(*wholeEntity) error { return change(e) })
	if err != nil || fields == nil {
		p := still(e.Entity)
		p.claims = append(p.claims, nameClaim(name))
		return p, err
	}
	e.join(s)
	index, err := w.reindex(ctx, before, e.document())
	p := alteration(e.Entity, ofParts(fields), w.turned(&record, e.Record, index, w.entities().Swap(e.Entity))...)
	p.claims = append(p.claims, nameClaim(name), nameClaim(e.Entity.Name))
	return p, err
}

// nameClaim is what a write claims that gives or takes a name.
func nameClaim(name string) string { return "name " + name }

// wholeEntity lets a change to either part make the next version of the entity.
type wholeEntity struct {
	*stores.Entity
	Record *stores.EntityRecord
}

func (e *wholeEntity) Validate() error { return validate(EntityParts{e.Entity, e.Record}) }

// validate wants both parts valid. The record takes its name from the entity, so that it is not said twice.
func validate(e EntityParts) error {
	if err := e.Entity.Validate(); err != nil {
		return err
	}
	rec := *e.Record
	rec.Scope, rec.Name = e.Entity.Scope, e.Entity.Name
	return rec.Validate()
}

// ofParts names the fields of an entity by the fields of its parts.
func ofParts(fields []stores.Field) []stores.Field {
	i := slices.Index(fields, "Record")
	if i < 0 {
		return fields
	}
	return append(slices.Delete(fields, i, i+1), "content", "keywords", "aliases", "metadata")
}
