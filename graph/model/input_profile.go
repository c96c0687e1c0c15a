package model

import "thalamus/stores"

// Change writes the input into a profile.
func (in UpsertProfileInput) Change(p *stores.Profile) error {
	p.Content = in.Content
	set(&p.Summary, in.Summary)
	setAny(&p.Keywords, in.Keywords)
	setAny(&p.Entities, in.EntityNames)
	setGiven(&p.Importance, in.Importance)
	setAny(&p.Metadata, in.Metadata)
	return nil
}

// Change writes the input into a profile.
func (in UpdateProfileInput) Change(p *stores.Profile) error {
	var c stores.Check
	setValue(&c, "content", &p.Content, in.Content)
	set(&p.Summary, in.Summary)
	setAny(&p.Keywords, in.Keywords)
	setAny(&p.Entities, in.EntityNames)
	setValue(&c, "importance", &p.Importance, in.Importance)
	setAny(&p.Metadata, in.Metadata)
	return c.Err()
}
