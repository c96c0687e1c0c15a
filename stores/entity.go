package stores

import (
	"cmp"
	"context"
	"math"
	"time"
)

// Entity is a thing that episodes speak of, as the graph knows it: identity, type, summary, validity and strength.
// A fact that changed is a new entity that supersedes the old one; both share a lineage.
type Entity struct {
	ID      ID         `json:"id"`
	Scope   Scope      `json:"scope"`
	Name    string     `json:"name"`
	Type    EntityType `json:"type"`
	Label   string     `json:"label,omitempty"` // the author's own word for the type
	Summary string     `json:"summary"`
	Details string     `json:"details,omitempty"`
	Source  string     `json:"source,omitempty"` // an episode's id, or words such as user_provided

	ValidFrom    time.Time  `json:"validFrom"`
	ValidTo      *time.Time `json:"validTo,omitempty"` // nil: still true
	Lineage      ID         `json:"lineage"`           // id of the first version
	Supersedes   ID         `json:"supersedes,omitempty"`
	SupersededBy ID         `json:"supersededBy,omitempty"`

	Stability      float64   `json:"stability"` // days
	AccessCount    int       `json:"accessCount"`
	LastAccessedAt time.Time `json:"lastAccessedAt"`
	CreatedAt      time.Time `json:"createdAt"`
	UpdatedAt      time.Time `json:"updatedAt"`
	Version        int       `json:"version"`
}

// EntityRecord is what is written about an entity (role: records). The name is unique in its scope among the entities
// that were not superseded.
type EntityRecord struct {
	ID        ID             `json:"id"` // of the entity
	Scope     Scope          `json:"scope"`
	Name      string         `json:"name"`
	Current   bool           `json:"current"` // not superseded
	Content   string         `json:"content,omitempty"`
	Keywords  []string       `json:"keywords,omitempty"`
	Aliases   []string       `json:"aliases,omitempty"`
	Metadata  map[string]any `json:"metadata,omitempty"`
	CreatedAt time.Time      `json:"createdAt"`
	UpdatedAt time.Time      `json:"updatedAt"`
	Version   int            `json:"version"` // of the entity that it is part of

	// Before is the record of the version before, while a change of both parts is under way; nil otherwise. Every read brings
	// all of it.
	Before *EntityRecord `json:"before,omitempty"`
}

// At is the record as it belongs to a version of the entity: a change writes the record first.
func (r *EntityRecord) At(version int) *EntityRecord {
	if r != nil && r.Before != nil && r.Before.Version == version {
		return r.Before
	}
	return r
}

// EntityType is what kind of thing an entity is.
type EntityType string

// Entity types.
const (
	EntityConcept      EntityType = "CONCEPT"
	EntityPerson       EntityType = "PERSON"
	EntityProject      EntityType = "PROJECT"
	EntityTool         EntityType = "TOOL"
	EntityTechnique    EntityType = "TECHNIQUE"
	EntityFact         EntityType = "FACT"
	EntityTeam         EntityType = "TEAM"
	EntityOrganization EntityType = "ORGANIZATION"
	EntityOther        EntityType = "OTHER"
)

// EntityTypes lists every entity type.
var EntityTypes = []EntityType{
	EntityConcept, EntityPerson, EntityProject, EntityTool, EntityTechnique, EntityFact, EntityTeam, EntityOrganization, EntityOther,
}

// Limits of an entity, in characters or items.
const (
	MaxName     = 255
	maxSummary  = 2_000
	maxDetails  = 10_000
	maxLabel    = 100
	maxSource   = 255
	maxKeywords = 100
)

// EntitySpec is the shape of the graph part of entities, ordered by name.
var EntitySpec = Spec{
	Kind: KindEntity,
	Fields: map[Field]Type{
		"id": Text, "name": Text, "type": Text, "label": Text, "summary": Text, "details": Text, "source": Text,
		"validFrom": Time, "validTo": Time, "lineage": Text, "supersedes": Text, "supersededBy": Text,
		"stability": Number, "accessCount": Number, "lastAccessedAt": Time, "createdAt": Time, "updatedAt": Time,
		"version": Number,
	},
	Heavy:   []Field{"summary", "details"},
	Default: []Order{{Field: "name", Direction: Ascending}},
}

// EntityRecordSpec is the shape of the records part.
var EntityRecordSpec = Spec{
	Kind: KindEntity,
	Fields: map[Field]Type{
		"id": Text, "name": Text, "current": Bool, "content": Text, "keywords": TextList, "aliases": TextList,
		"metadata": Object, "createdAt": Time, "updatedAt": Time,
	},
	Heavy:   []Field{"content", "metadata"},
	Default: []Order{{Field: "name", Direction: Ascending}},
}

// Ref is the entity's noun and id.
func (e *Entity) Ref() Ref { return Ref{KindEntity, e.ID} }

// Owner is the scope the entity belongs to.
func (e *Entity) Owner() Scope { return e.Scope }

// Revision is the stored version.
func (e *Entity) Revision() int { return e.Version }

// Touch makes the entity the next version.
func (e *Entity) Touch(at time.Time) { e.Version, e.UpdatedAt = e.Version+1, at }

// SetDefaults gives a new entity what its author left out.
func (e *Entity) SetDefaults(now time.Time) {
	setID(&e.ID)
	setOr(&e.Lineage, e.ID)
	setOr(&e.Type, EntityOther)
	setOr(&e.Summary, e.Name)
	setTime(&e.ValidFrom, now)
	setTime(&e.CreatedAt, now)
	setTime(&e.UpdatedAt, now)
	setTime(&e.LastAccessedAt, now)
	setOr(&e.Stability, 1)
	setOr(&e.AccessCount, 1)
	setOr(&e.Version, 1)
}

// Validate says everything that is wrong with the entity.
func (e *Entity) Validate() error {
	var c Check
	c.Add(e.Scope.Validate())
	c.Least("version", e.Version, 0)
	c.Text("name", e.Name, 1, MaxName)
	oneOf(&c, "type", e.Type, EntityTypes)
	c.Text("label", e.Label, 0, maxLabel)
	c.Text("summary", e.Summary, 1, maxSummary)
	c.Text("details", e.Details, 0, maxDetails)
	c.Text("source", e.Source, 0, maxSource)
	c.Order("validTo", e.ValidFrom, e.ValidTo)
	c.That(e.Stability > 0 && !math.IsInf(e.Stability, 0), "stability", "must be a positive number of days")
	c.Least("accessCount", e.AccessCount, 1)
	return c.Err()
}

// ValidAt says whether the entity holds at an instant: validFrom <= at < validTo.
func (e *Entity) ValidAt(at time.Time) bool {
	return !at.Before(e.ValidFrom) && (e.ValidTo == nil || at.Before(*e.ValidTo))
}

// Newer says whether the entity was created after another one, which may be nil.
func (e *Entity) Newer(than *Entity) bool {
	if than == nil {
		return true
	}
	return cmp.Or(e.CreatedAt.Compare(than.CreatedAt), cmp.Compare(e.ID, than.ID)) > 0
}

// Retrievability is how readily the entity comes to mind at an instant, 0..1: 0.9^(t/S) with t the days since it was last
// accessed and S its stability (exponential forgetting curve).
func (e *Entity) Retrievability(at time.Time) float64 {
	days := max(at.Sub(e.LastAccessedAt).Hours()/24, 0)
	return math.Pow(0.9, days/e.Stability)
}

// EmbeddingText is the text whose vector stands for the entity.
func (e *Entity) EmbeddingText() string { return e.Name + ": " + e.Summary }

// Validate says everything that is wrong with the record.
func (r *EntityRecord) Validate() error {
	var c Check
	c.Add(r.Scope.Validate())
	c.Text("name", r.Name, 1, MaxName)
	c.Text("content", r.Content, 0, MaxContent)
	c.Texts("keywords", r.Keywords, maxKeywords, MaxName)
	c.Texts("aliases", r.Aliases, maxKeywords, MaxName)
	c.Map("metadata", r.Metadata)
	return c.Err()
}

// Entities is the record of truth of identity, type, summary, validity and strength (role: graph).
type Entities interface {
	ByID(ctx context.Context, s Scope, ids []ID, fields []Field) (map[ID]*Entity, error)
	List(ctx context.Context, s Scope, q Query) (Slice[*Entity], error)
	Count(ctx context.Context, s Scope, where Filter) (int, error)
	// ByName reads the current entity of each name, the one that was not superseded; names are compared byte by byte. Should a
	// moment know two, it is the newer one.
	ByName(ctx context.Context, s Scope, names []string, fields []Field) (map[string]*Entity, error)
	// ByEpisode reads, for each episode, the entities it mentions, ordered by name.
	ByEpisode(ctx context.Context, s Scope, episodes []ID, fields []Field) (map[ID][]*Entity, error)
	// ByLineage reads all versions of each lineage, oldest first.
	ByLineage(ctx context.Context, s Scope, lineages []ID, fields []Field) (map[ID][]*Entity, error)
	// Put inserts or replaces by id.
	Put(ctx context.Context, s Scope, items []*Entity) error
	// Swap replaces the stored record if its version is one below the item's: [ErrConflict] otherwise, [ErrNotFound] if
	// there is none.
	Swap(ctx context.Context, s Scope, item *Entity) error
	// Delete removes entities with their mentions and edges and says how many there were.
	Delete(ctx context.Context, s Scope, ids []ID) (int, error)
}

// EntityRecords is the record of truth of content, keywords, aliases and metadata (role: records).
type EntityRecords interface {
	ByID(ctx context.Context, s Scope, ids []ID, fields []Field) (map[ID]*EntityRecord, error)
	// ByName reads the current record of each name; names are compared byte by byte.
	ByName(ctx context.Context, s Scope, names []string) (map[string]*EntityRecord, error)
	List(ctx context.Context, s Scope, q Query) (Slice[*EntityRecord], error)
	// Put inserts or replaces by id. A current name that another current record has is [ErrConflict], and nothing is written.
	Put(ctx context.Context, s Scope, items []*EntityRecord) error
	Delete(ctx context.Context, s Scope, ids []ID) (int, error)
}
