package stores

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Procedure is something the agent knows how to do.
type Procedure struct {
	ID             ID              `json:"id"`
	Scope          Scope           `json:"scope"`
	Name           string          `json:"name"`
	Domain         Domain          `json:"domain"`
	TriggerPattern string          `json:"triggerPattern,omitempty"` // when to use it
	Steps          []ProcedureStep `json:"steps,omitempty"`
	Script         string          `json:"script,omitempty"`

	SuccessRate      float64         `json:"successRate"` // 0..1
	ExecutionCount   int             `json:"executionCount"`
	LastExecutedAt   *time.Time      `json:"lastExecutedAt,omitempty"`
	Deprecated       bool            `json:"deprecated"`
	ConsolidatedInto ID              `json:"consolidatedInto,omitempty"` // the procedure that replaced it
	CreatedFrom      ProcedureOrigin `json:"createdFrom"`
	CreatedAt        time.Time       `json:"createdAt"`
	UpdatedAt        time.Time       `json:"updatedAt"`
	Version          int             `json:"version"`
}

// ProcedureStep is one step; steps run in rising order.
type ProcedureStep struct {
	Order           int            `json:"order"`
	Action          string         `json:"action"`
	Tool            string         `json:"tool,omitempty"`
	Parameters      map[string]any `json:"parameters,omitempty"`
	ExpectedOutcome string         `json:"expectedOutcome,omitempty"`
}

// Domain is the field of work of a procedure.
type Domain string

// Domains.
const (
	DomainCoding   Domain = "CODING"
	DomainResearch Domain = "RESEARCH"
	DomainTrading  Domain = "TRADING"
	DomainDevops   Domain = "DEVOPS"
	DomainWriting  Domain = "WRITING"
)

// Domains lists every domain.
var Domains = []Domain{DomainCoding, DomainResearch, DomainTrading, DomainDevops, DomainWriting}

// ProcedureOrigin is where a procedure came from.
type ProcedureOrigin string

// Procedure origins.
const (
	OriginManual        ProcedureOrigin = "MANUAL"
	OriginTrajectory    ProcedureOrigin = "TRAJECTORY"
	OriginConsolidation ProcedureOrigin = "CONSOLIDATION"
)

// ProcedureOrigins lists every origin.
var ProcedureOrigins = []ProcedureOrigin{OriginManual, OriginTrajectory, OriginConsolidation}

const (
	maxTrigger = 1_000
	maxSteps   = 200
)

// ProcedureSpec is the shape of procedures, ordered by name.
var ProcedureSpec = Spec{
	Kind: KindProcedure,
	Fields: map[Field]Type{
		"id": Text, "name": Text, "domain": Text, "triggerPattern": Text, "steps": Object, "script": Text,
		"successRate": Number, "executionCount": Number, "lastExecutedAt": Time, "deprecated": Bool,
		"consolidatedInto": Text, "createdFrom": Text, "createdAt": Time, "updatedAt": Time, "version": Number,
	},
	Heavy:   []Field{"steps", "script"},
	Default: []Order{{Field: "name", Direction: Ascending}},
}

// Ref is the procedure's noun and id.
func (p *Procedure) Ref() Ref { return Ref{KindProcedure, p.ID} }

// Owner is the scope the procedure belongs to.
func (p *Procedure) Owner() Scope { return p.Scope }

// Revision is the stored version.
func (p *Procedure) Revision() int { return p.Version }

// Touch makes the procedure the next version.
func (p *Procedure) Touch(at time.Time) { p.Version, p.UpdatedAt = p.Version+1, at }

// SetDefaults gives a new procedure what its author left out.
func (p *Procedure) SetDefaults(now time.Time) {
	setID(&p.ID)
	setOr(&p.CreatedFrom, OriginManual)
	setOr(&p.ExecutionCount, 1)
	setTime(&p.CreatedAt, now)
	setTime(&p.UpdatedAt, now)
	setOr(&p.Version, 1)
	slices.SortStableFunc(p.Steps, func(a, b ProcedureStep) int { return cmp.Compare(a.Order, b.Order) })
}

// Validate says everything that is wrong with the procedure.
func (p *Procedure) Validate() error {
	var c Check
	c.Add(p.Scope.Validate())
	c.Least("version", p.Version, 0)
	c.Text("name", p.Name, 1, MaxName)
	oneOf(&c, "domain", p.Domain, Domains)
	c.Text("triggerPattern", p.TriggerPattern, 0, maxTrigger)
	c.Text("script", p.Script, 0, MaxContent)
	c.Unit("successRate", p.SuccessRate)
	c.Least("executionCount", p.ExecutionCount, 1)
	oneOf(&c, "createdFrom", p.CreatedFrom, ProcedureOrigins)
	c.That(len(p.Steps) <= maxSteps, "steps", "has %d items; the limit is %d", len(p.Steps), maxSteps)
	for i, s := range p.Steps {
		at := fmt.Sprintf("steps.%d.", i)
		c.Least(at+"order", s.Order, 1)
		c.That(i == 0 || p.Steps[i-1].Order != s.Order, at+"order", "is %d, as that of another step; each step has a place of its own", s.Order)
		c.Text(at+"action", s.Action, 1, maxDetails)
		c.Text(at+"tool", s.Tool, 0, maxTool)
		c.Text(at+"expectedOutcome", s.ExpectedOutcome, 0, maxDetails)
		c.Map(at+"parameters", s.Parameters)
	}
	c.That(p.ConsolidatedInto == "" || p.ConsolidatedInto != p.ID, "consolidatedInto", "must be another procedure")
	return c.Err()
}

// A procedure is given up once it ran more than deprecateAfter times and succeeded less often than deprecateBelow.
const (
	deprecateAfter = 10
	deprecateBelow = 0.3
)

// Record adds the outcome of one execution: rate' = (rate·n + (1 if success else 0)) / (n+1), n' = n+1. A procedure that
// ran more than 10 times with a rate below 0.3 becomes deprecated.
func (p *Procedure) Record(success bool, at time.Time) {
	won := 0.0
	if success {
		won = 1
	}
	n := float64(p.ExecutionCount)
	p.SuccessRate = (p.SuccessRate*n + won) / (n + 1)
	p.ExecutionCount++
	p.LastExecutedAt = &at
	if p.ExecutionCount > deprecateAfter && p.SuccessRate < deprecateBelow {
		p.Deprecated = true
	}
}

// EmbeddingText is the text whose vector stands for the procedure.
func (p *Procedure) EmbeddingText() string {
	var b strings.Builder
	b.WriteString(p.Name + ": " + p.TriggerPattern)
	for _, s := range p.Steps {
		b.WriteString("\n" + s.Action)
	}
	return b.String()
}

// Procedures is the record of truth of procedures (role: graph).
type Procedures interface {
	ByID(ctx context.Context, s Scope, ids []ID, fields []Field) (map[ID]*Procedure, error)
	List(ctx context.Context, s Scope, q Query) (Slice[*Procedure], error)
	Count(ctx context.Context, s Scope, where Filter) (int, error)
	// Put inserts or replaces by id.
	Put(ctx context.Context, s Scope, items []*Procedure) error
	// Swap replaces the stored record if its version is one below the item's: [ErrConflict] otherwise, [ErrNotFound] if
	// there is none.
	Swap(ctx context.Context, s Scope, item *Procedure) error
	// Delete removes procedures with their edges and says how many there were.
	Delete(ctx context.Context, s Scope, ids []ID) (int, error)
}
