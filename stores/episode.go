package stores

import (
	"context"
	"math"
	"time"
)

// Episode is something that happened, told in words: one step of a session.
type Episode struct {
	ID        ID             `json:"id"`
	Scope     Scope          `json:"scope"`
	SessionID string         `json:"sessionId"`
	Content   string         `json:"content"`
	Context   EpisodeContext `json:"context,omitzero"`
	Outcome   Outcome        `json:"outcome"`

	Timestamp    time.Time  `json:"timestamp"`              // when it happened
	EndTimestamp *time.Time `json:"endTimestamp,omitempty"` // when it ended
	IngestedAt   time.Time  `json:"ingestedAt"`             // when the gateway first stored it; never changes
	UpdatedAt    time.Time  `json:"updatedAt"`
	DurationMs   *int       `json:"durationMs,omitempty"`
	Position     *int       `json:"sequencePosition,omitempty"` // 0-based in the session; nil on create: the next one

	EmotionalValence float64   `json:"emotionalValence"` // importance, 0..1
	Stability        float64   `json:"stability"`        // days; see Retrievability
	AccessCount      int       `json:"accessCount"`
	LastAccessedAt   time.Time `json:"lastAccessedAt"`

	PredictionError   *float64   `json:"predictionError,omitempty"`
	PredictionErrorAt *time.Time `json:"predictionErrorAt,omitempty"`
	Capsule           *Capsule   `json:"capsule,omitempty"`

	Mentions []ID `json:"mentions,omitempty"` // the entities it speaks of
	Version  int  `json:"version"`
}

// EpisodeContext is where an episode took place.
type EpisodeContext struct {
	Project        string         `json:"project,omitempty"`
	File           string         `json:"file,omitempty"`
	Tool           string         `json:"tool,omitempty"`
	Cwd            string         `json:"cwd,omitempty"`
	GitBranch      string         `json:"gitBranch,omitempty"`
	TimestampLocal string         `json:"timestampLocal,omitempty"`
	Extra          map[string]any `json:"extra,omitempty"`
}

// Capsule is what a capsule network saw in an episode. Poses are flattened 4×4 matrices, 16 numbers a capsule.
type Capsule struct {
	Poses            []float64 `json:"poses,omitempty"`
	Activations      []float64 `json:"activations,omitempty"`
	RoutingAgreement *float64  `json:"routingAgreement,omitempty"` // 0..1
	MeanActivation   *float64  `json:"meanActivation,omitempty"`
	Confidence       *float64  `json:"confidence,omitempty"`
	Novelty          *float64  `json:"novelty,omitempty"`
	Goodness         *float64  `json:"goodness,omitempty"`
	Agreement        *float64  `json:"agreement,omitempty"`
}

// Outcome is how an episode ended.
type Outcome string

// Outcomes.
const (
	OutcomeSuccess Outcome = "SUCCESS"
	OutcomeFailure Outcome = "FAILURE"
	OutcomePartial Outcome = "PARTIAL"
	OutcomeNeutral Outcome = "NEUTRAL"
)

// Outcomes lists every outcome.
var Outcomes = []Outcome{OutcomeSuccess, OutcomeFailure, OutcomePartial, OutcomeNeutral}

// Limits of an episode, in characters.
const (
	MaxContent   = 50_000
	maxSessionID = 128
	maxProject   = 500
	maxFile      = 1_000
	maxTool      = 200
	maxMentions  = 500
)

// EpisodeSpec is the shape of episodes; the newest comes first.
var EpisodeSpec = Spec{
	Kind: KindEpisode,
	Fields: map[Field]Type{
		"id": Text, "sessionId": Text, "content": Text, "outcome": Text,
		"context": Object, "context.project": Text, "context.file": Text, "context.tool": Text, "context.gitBranch": Text,
		"timestamp": Time, "endTimestamp": Time, "ingestedAt": Time, "updatedAt": Time,
		"durationMs": Number, "sequencePosition": Number, "emotionalValence": Number, "stability": Number,
		"accessCount": Number, "lastAccessedAt": Time, "predictionError": Number, "predictionErrorAt": Time,
		"capsule": Object, "version": Number,
	},
	Heavy:   []Field{"content", "context", "capsule"},
	Default: []Order{{Field: "timestamp", Direction: Descending}},
}

// Ref is the episode's noun and id.
func (e *Episode) Ref() Ref { return Ref{KindEpisode, e.ID} }

// Owner is the scope the episode belongs to.
func (e *Episode) Owner() Scope { return e.Scope }

// Revision is the stored version.
func (e *Episode) Revision() int { return e.Version }

// Touch makes the episode the next version.
func (e *Episode) Touch(at time.Time) { e.Version, e.UpdatedAt = e.Version+1, at }

// SetDefaults gives a new episode what its author left out.
func (e *Episode) SetDefaults(now time.Time) {
	setID(&e.ID)
	setTime(&e.Timestamp, now)
	setTime(&e.IngestedAt, now)
	setTime(&e.UpdatedAt, now)
	setTime(&e.LastAccessedAt, now)
	setOr(&e.Outcome, OutcomeNeutral)
	setOr(&e.Stability, 1)
	setOr(&e.AccessCount, 1)
	setOr(&e.Version, 1)
}

// Validate says everything that is wrong with the episode.
func (e *Episode) Validate() error {
	var c Check
	c.Add(e.Scope.Validate())
	c.Least("version", e.Version, 0)
	c.Text("sessionId", e.SessionID, 1, maxSessionID)
	c.Text("content", e.Content, 1, MaxContent)
	oneOf(&c, "outcome", e.Outcome, Outcomes)
	c.Unit("emotionalValence", e.EmotionalValence)
	c.That(e.Stability > 0 && !math.IsInf(e.Stability, 0), "stability", "must be a positive number of days")
	c.Least("accessCount", e.AccessCount, 1)
	c.Order("endTimestamp", e.Timestamp, e.EndTimestamp)
	if e.DurationMs != nil {
		c.That(*e.DurationMs >= 0, "durationMs", "must not be negative")
	}
	if e.Position != nil {
		c.Least("sequencePosition", *e.Position, 0)
	}
	c.That(len(e.Mentions) <= maxMentions, "mentions", "has %d items; the limit is %d", len(e.Mentions), maxMentions)
	e.Context.check(&c)
	e.Capsule.check(&c)
	return c.Err()
}

func (x EpisodeContext) check(c *Check) {
	c.Text("context.project", x.Project, 0, maxProject)
	c.Text("context.file", x.File, 0, maxFile)
	c.Text("context.tool", x.Tool, 0, maxTool)
	c.Text("context.cwd", x.Cwd, 0, maxFile)
	c.Text("context.gitBranch", x.GitBranch, 0, maxProject)
	c.Text("context.timestampLocal", x.TimestampLocal, 0, maxTool)
	c.Map("context.extra", x.Extra)
}

const (
	maxCapsules = 1024
	poseSize    = 16
)

func (x *Capsule) check(c *Check) {
	if x == nil {
		return
	}
	c.That(len(x.Poses)%poseSize == 0 && len(x.Poses) <= maxCapsules*poseSize, "capsule.poses",
		"must be at most %d matrices of %d numbers", maxCapsules, poseSize)
	c.That(len(x.Activations) <= maxCapsules, "capsule.activations", "has more than %d items", maxCapsules)
	if x.RoutingAgreement != nil {
		c.Unit("capsule.routingAgreement", *x.RoutingAgreement)
	}
}

// Retrievability is how readily the episode comes to mind at an instant, 0..1: (1 + 0.9·t/S)^-0.5 with t the days since
// it was last accessed and S its stability (the power-law forgetting curve of FSRS with decay -0.5).
func (e *Episode) Retrievability(at time.Time) float64 {
	days := max(at.Sub(e.LastAccessedAt).Hours()/24, 0)
	return math.Pow(1+0.9*days/e.Stability, -0.5)
}

// EmbeddingText is the text whose vector stands for the episode.
func (e *Episode) EmbeddingText() string { return e.Content }

// Adjacent holds the neighbours of an episode in its session; empty at the ends.
type Adjacent struct{ Previous, Next ID }

// Episodes is the record of truth of episodes (role: graph). Order inside a session is by sequencePosition, then id.
type Episodes interface {
	// ByID reads many. fields: see [Query].
	ByID(ctx context.Context, s Scope, ids []ID, fields []Field) (map[ID]*Episode, error)
	// List reads one page.
	List(ctx context.Context, s Scope, q Query) (Slice[*Episode], error)
	// Count counts the matches of a filter.
	Count(ctx context.Context, s Scope, where Filter) (int, error)
	// ByEntity reads, for each entity, one page of the episodes that mention it.
	ByEntity(ctx context.Context, s Scope, entities []ID, q Query) (map[ID]Slice[*Episode], error)
	// Adjacent reads the neighbours in the session.
	Adjacent(ctx context.Context, s Scope, ids []ID) (map[ID]Adjacent, error)
	// Put inserts or replaces by id, mentions included. An item without position gets, and is given, the next one of its
	// session. A mention of an entity that this scope does not have is [ErrNotFound], and nothing is written.
	Put(ctx context.Context, s Scope, items []*Episode) error
	// Swap replaces the stored record if its version is one below the item's: [ErrConflict] otherwise, [ErrNotFound] if
	// there is none.
	Swap(ctx context.Context, s Scope, item *Episode) error
	// Delete removes episodes with their mentions and edges and says how many there were.
	Delete(ctx context.Context, s Scope, ids []ID) (int, error)
}
