package model

import (
	"thalamus/resilience/saga"
	"thalamus/stores"
)

// Change writes the input into an entity.
func (in UpsertEntityInput) Change(e saga.EntityParts) error {
	var c stores.Check
	setGiven(&e.Entity.Type, in.Type)
	set(&e.Entity.Label, in.Label)
	setGiven(&e.Entity.Summary, in.Summary)
	set(&e.Entity.Details, in.Details)
	set(&e.Entity.Source, in.Source)
	setGiven(&e.Entity.ValidFrom, in.ValidFrom)
	setAny(&e.Entity.ValidTo, in.ValidTo)
	setGiven(&e.Entity.Stability, in.Stability)
	set(&e.Record.Content, in.Content)
	setAny(&e.Record.Keywords, in.Keywords)
	setAny(&e.Record.Aliases, in.Aliases)
	setAny(&e.Record.Metadata, in.Metadata)
	return c.Err()
}

// Change writes the input into an entity.
func (in UpdateEntityInput) Change(e saga.EntityParts) error {
	var c stores.Check
	setValue(&c, "name", &e.Entity.Name, in.Name)
	setValue(&c, "type", &e.Entity.Type, in.Type)
	set(&e.Entity.Label, in.Label)
	setValue(&c, "summary", &e.Entity.Summary, in.Summary)
	set(&e.Entity.Details, in.Details)
	set(&e.Entity.Source, in.Source)
	setValue(&c, "validFrom", &e.Entity.ValidFrom, in.ValidFrom)
	setAny(&e.Entity.ValidTo, in.ValidTo)
	setValue(&c, "stability", &e.Entity.Stability, in.Stability)
	setValue(&c, "accessCount", &e.Entity.AccessCount, in.AccessCount)
	setValue(&c, "lastAccessedAt", &e.Entity.LastAccessedAt, in.LastAccessedAt)
	set(&e.Record.Content, in.Content)
	setAny(&e.Record.Keywords, in.Keywords)
	setAny(&e.Record.Aliases, in.Aliases)
	setAny(&e.Record.Metadata, in.Metadata)
	return c.Err()
}

// Change writes the input into the next version of an entity.
func (in SupersedeEntityInput) Change(e saga.EntityParts) error {
	e.Entity.ValidFrom = stores.Now()
	if at := in.ValidFrom.Value(); at != nil {
		e.Entity.ValidFrom = *at
	}
	e.Entity.Summary = in.Summary
	set(&e.Entity.Details, in.Details)
	set(&e.Entity.Source, in.Source)
	set(&e.Record.Content, in.Content)
	return nil
}
