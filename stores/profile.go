package stores

import (
	"context"
	"time"
)

// Profile is what is known about the owner of a scope. There is at most one per scope.
type Profile struct {
	ID         ID             `json:"id"`
	Scope      Scope          `json:"scope"`
	Content    string         `json:"content"`
	Summary    string         `json:"summary,omitempty"`
	Keywords   []string       `json:"keywords,omitempty"`
	Entities   []string       `json:"entities,omitempty"` // names
	Importance int            `json:"importance"`         // 0..10
	Metadata   map[string]any `json:"metadata,omitempty"`
	CreatedAt  time.Time      `json:"createdAt"`
	UpdatedAt  time.Time      `json:"updatedAt"`
	Version    int            `json:"version"`
}

const maxImportance = 10

// ProfileSpec is the shape of profiles.
var ProfileSpec = Spec{
	Kind: KindProfile,
	Fields: map[Field]Type{
		"id": Text, "content": Text, "summary": Text, "keywords": TextList, "entities": TextList, "importance": Number,
		"metadata": Object, "createdAt": Time, "updatedAt": Time, "version": Number,
	},
	Heavy:   []Field{"content", "metadata"},
	Default: []Order{{Field: "updatedAt", Direction: Descending}},
}

// Ref is the profile's noun and id.
func (p *Profile) Ref() Ref { return Ref{KindProfile, p.ID} }

// Owner is the scope the profile describes.
func (p *Profile) Owner() Scope { return p.Scope }

// Revision is the stored version.
func (p *Profile) Revision() int { return p.Version }

// Touch makes the profile the next version.
func (p *Profile) Touch(at time.Time) { p.Version, p.UpdatedAt = p.Version+1, at }

// SetDefaults gives a new profile what its author left out.
func (p *Profile) SetDefaults(now time.Time) {
	setID(&p.ID)
	setTime(&p.CreatedAt, now)
	setTime(&p.UpdatedAt, now)
	setOr(&p.Version, 1)
}

// Validate says everything that is wrong with the profile.
func (p *Profile) Validate() error {
	var c Check
	c.Add(p.Scope.Validate())
	c.Least("version", p.Version, 0)
	c.Text("content", p.Content, 1, MaxContent)
	c.Text("summary", p.Summary, 0, maxSummary)
	c.Texts("keywords", p.Keywords, maxKeywords, MaxName)
	c.Texts("entities", p.Entities, maxKeywords, MaxName)
	c.That(p.Importance >= 0 && p.Importance <= maxImportance, "importance", "must be between 0 and %d", maxImportance)
	c.Map("metadata", p.Metadata)
	return c.Err()
}

// Profiles is the record of truth of profiles (role: records).
type Profiles interface {
	ByID(ctx context.Context, s Scope, ids []ID, fields []Field) (map[ID]*Profile, error)
	// Of reads the profile of the scope itself, or nil.
	Of(ctx context.Context, s Scope, fields []Field) (*Profile, error)
	List(ctx context.Context, s Scope, q Query) (Slice[*Profile], error)
	Count(ctx context.Context, s Scope, where Filter) (int, error)
	// Put inserts or replaces the profile of the scope; an item of another id is given the stored one.
	Put(ctx context.Context, s Scope, items []*Profile) error
	// Swap replaces the stored record if its version is one below the item's: [ErrConflict] otherwise, [ErrNotFound] if
	// there is none.
	Swap(ctx context.Context, s Scope, item *Profile) error
	Delete(ctx context.Context, s Scope, ids []ID) (int, error)
}
