package model

import "thalamus/stores"

// Change writes the input into a profile.
func (in UpsertProfileInput) Change(p *stores.Profile) error {
	p.Content = in.Content
	set(&p.Summary, in.Summary)
	setAny(&p.Keywords, in.Keywords)
	setAny(&p.Entities, in.EntityNames)
	set(&p.Importance, in.Importance)
	setAny(&p.Metadata, in.Metadata)
	return nil
}

// Change writes the input into a profile.
func (in UpdateProfileInput) Change(p *stores.Profile) error {
	set(&p.Content, in.Content)
	set(&p.Summary, in.Summary)
	setAny(&p.Keywords, in.Keywords)
	setAny(&p.Entities, in.EntityNames)
	set(&p.Importance, in.Importance)
	setAny(&p.Metadata, in.Metadata)
	return nil
}
