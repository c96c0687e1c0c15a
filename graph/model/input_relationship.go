package model

import (
	"time"

	"thalamus/resilience/saga"
	"thalamus/stores"
)

// Edge is what tells the edge from others.
func (in RelateInput) Edge() stores.Relationship {
	e := stores.Relationship{Type: in.Type, Source: in.Source, Target: in.Target}
	set(&e.Label, in.Label)
	return e
}

// Change writes the rest of the input into an edge.
func (in RelateInput) Change(e *stores.Relationship) error {
	setGiven(&e.Weight, in.Weight)
	setGiven(&e.ValidFrom, in.ValidFrom)
	setAny(&e.ValidTo, in.ValidTo)
	setAny(&e.Metadata, in.Metadata)
	return nil
}

// Change writes the input into an edge.
func (in UpdateRelationshipInput) Change(e *stores.Relationship) error {
	var c stores.Check
	setValue(&c, "weight", &e.Weight, in.Weight)
	setValue(&c, "validFrom", &e.ValidFrom, in.ValidFrom)
	setAny(&e.ValidTo, in.ValidTo)
	setAny(&e.Metadata, in.Metadata)
	return c.Err()
}

// Named says which edges are meant.
func (in EdgesBy) Named() (saga.Edges, error) {
	b := in.Between.Value()
	if r := in.ID.Value(); r != nil && b == nil {
		id, err := KeyOf("edges.id", *r, stores.KindRelationship)
		return saga.Edges{ID: id}, err
	}
	if b == nil || in.ID.Value() != nil {
		return saga.Edges{}, stores.Invalid("edges", "needs an id, or a source and a target, and not both")
	}
	e := saga.Edges{Source: b.Source.ID, Target: b.Target.ID}
	set(&e.Type, b.Type)
	return e, nil
}

// Decay says how edges fade.
func (in DecayRelationshipsInput) Decay(now time.Time) (stores.Decay, error) {
	where, err := Where(stores.RelationshipSpec, in.Where.Value())
	if in.StaleAfter < 0 {
		return stores.Decay{}, stores.Invalid("staleAfter", "must not be negative")
	}
	return stores.Decay{StaleBefore: now.Add(-in.StaleAfter), Rate: in.Rate, MinWeight: in.MinWeight, Where: where}, err
}
