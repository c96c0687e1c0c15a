package stores

import (
	"context"
	"time"
)

// Relationship is a directed, weighted edge between two nodes. A scope holds at most one edge of a type and label from
// one node to another.
type Relationship struct {
	ID     ID           `json:"id"`
	Scope  Scope        `json:"scope"`
	Type   RelationType `json:"type"`
	Label  string       `json:"label,omitempty"` // the author's own word for the type
	Source Ref          `json:"source"`
	Target Ref          `json:"target"`

	Weight         float64   `json:"weight"` // 0..1
	CoAccessCount  int       `json:"coAccessCount"`
	LastCoAccessAt time.Time `json:"lastCoAccessAt"`

	ValidFrom time.Time      `json:"validFrom"`
	ValidTo   *time.Time     `json:"validTo,omitempty"`
	Metadata  map[string]any `json:"metadata,omitempty"`
	CreatedAt time.Time      `json:"createdAt"`
	UpdatedAt time.Time      `json:"updatedAt"`
	Version   int            `json:"version"`
}

// RelationType is the type of an edge.
type RelationType string

// RelationTypes lists every type of edge.
var RelationTypes = []RelationType{
	"USES", "PRODUCES", "REQUIRES", "CAUSES", "PART_OF", "SIMILAR_TO", "IMPLEMENTS", "IMPROVES_ON", "CONSOLIDATED_INTO", "SOURCE_OF",
	"RELATES_TO", "HAS_CONTEXT", "DERIVED_FROM", "SUPERSEDES", "DEPENDS_ON", "TEMPORAL_BEFORE", "TEMPORAL_AFTER",
}

// RelatesTo is the type of an edge of which nothing better is known.
const RelatesTo RelationType = "RELATES_TO"

// EndpointKinds are the nouns an edge may join.
var EndpointKinds = []Kind{KindEpisode, KindEntity, KindProcedure}

// InitialWeight is the weight of a new edge.
const InitialWeight = 0.1

// RelationshipSpec is the shape of relationships; the strongest comes first.
var RelationshipSpec = Spec{
	Kind: KindRelationship,
	Fields: map[Field]Type{
		"id": Text, "type": Text, "label": Text, "source": Text, "sourceKind": Text, "target": Text, "targetKind": Text,
		"weight": Number, "coAccessCount": Number, "lastCoAccessAt": Time, "validFrom": Time, "validTo": Time,
		"metadata": Object, "createdAt": Time, "updatedAt": Time, "version": Number,
	},
	Heavy:   []Field{"metadata"},
	Default: []Order{{Field: "weight", Direction: Descending}},
}

// Ref is the relationship's noun and id.
func (r *Relationship) Ref() Ref { return Ref{KindRelationship, r.ID} }

// Owner is the scope the relationship belongs to.
func (r *Relationship) Owner() Scope { return r.Scope }

// Revision is the stored version.
func (r *Relationship) Revision() int { return r.Version }

// Touch makes the relationship the next version.
func (r *Relationship) Touch(at time.Time) { r.Version, r.UpdatedAt = r.Version+1, at }

// Other is the end of the edge that is not the given node.
func (r *Relationship) Other(id ID) Ref {
	if r.Source.ID == id {
		return r.Target
	}
	return r.Source
}

// SetDefaults gives a new relationship what its author left out. A weight of zero is kept: it is a value.
func (r *Relationship) SetDefaults(now time.Time) {
	setID(&r.ID)
	setOr(&r.Type, RelatesTo)
	setOr(&r.CoAccessCount, 1)
	setTime(&r.LastCoAccessAt, now)
	setTime(&r.ValidFrom, now)
	setTime(&r.CreatedAt, now)
	setTime(&r.UpdatedAt, now)
	setOr(&r.Version, 1)
}

// Validate says everything that is wrong with the relationship.
func (r *Relationship) Validate() error {
	var c Check
	c.Add(r.Scope.Validate())
	c.Least("version", r.Version, 0)
	oneOf(&c, "type", r.Type, RelationTypes)
	c.Text("label", r.Label, 0, maxLabel)
	oneOf(&c, "source.kind", r.Source.Kind, EndpointKinds)
	oneOf(&c, "target.kind", r.Target.Kind, EndpointKinds)
	c.That(r.Source.ID != r.Target.ID, "target", "must be another node than the source")
	c.Unit("weight", r.Weight)
	c.Least("coAccessCount", r.CoAccessCount, 1)
	c.Order("validTo", r.ValidFrom, r.ValidTo)
	c.Map("metadata", r.Metadata)
	return c.Err()
}

// Flow is the direction in which edges are followed from a node.
type Flow string

// Flows.
const (
	FlowOut  Flow = "OUT"
	FlowIn   Flow = "IN"
	FlowBoth Flow = "BOTH"
)

// Decay says how edges fade. An edge is stale when it was last used before StaleBefore. A stale edge's weight becomes
// w·(1 - Rate); then stale edges below MinWeight are deleted. Edges in use are never touched.
type Decay struct {
	StaleBefore time.Time
	Rate        float64 // 0..1
	MinWeight   float64 // 0..1
	Where       Filter  // restricts it to some edges

	// At is when it happens; zero: now. Edges that were changed then or later are passed over, so that a decay that is run
	// again at the same instant does only what it did not do before.
	At time.Time
}

// Faded is what a decay did.
type Faded struct{ Decayed, Pruned int }

// PathQuery asks for a shortest undirected path of at most MaxDepth (1..10) edges; Types empty: any.
type PathQuery struct {
	From, To ID
	MaxDepth int
	Types    []RelationType
}

// MaxPathDepth is the longest path that can be asked for.
const MaxPathDepth = 10

// Path alternates nodes and edges: Nodes[i] and Nodes[i+1] are joined by Edges[i].
type Path struct {
	Nodes []Ref
	Edges []*Relationship
}

// NeighborhoodQuery asks for what lies within Depth (1..5) edges of a node, nearest first, at most First nodes.
type NeighborhoodQuery struct {
	Of    ID
	Depth int
	Types []RelationType
	First int
}

// Neighbor is a node near another, with the number of edges between them.
type Neighbor struct {
	Node  Ref
	Depth int
}

// Neighborhood is the part of the graph around a node: the nodes, without the one in the middle, and the edges among
// all of them. Truncated says that there were more nodes than asked for.
type Neighborhood struct {
	Nodes     []Neighbor
	Edges     []*Relationship
	Truncated bool
}

// Relationships is the record of truth of edges (role: graph).
type Relationships interface {
	ByID(ctx context.Context, s Scope, ids []ID, fields []Field) (map[ID]*Relationship, error)
	List(ctx context.Context, s Scope, q Query) (Slice[*Relationship], error)
	Count(ctx context.Context, s Scope, where Filter) (int, error)
	// ByNode reads, for each node, one page of its edges.
	ByNode(ctx context.Context, s Scope, nodes []ID, flow Flow, q Query) (map[ID]Slice[*Relationship], error)
	// Put inserts or replaces. An edge that joins the same nodes with the same type and label as a stored one replaces
	// that one and is given its id. A missing end is [ErrNotFound], and nothing is written.
	Put(ctx context.Context, s Scope, items []*Relationship) error
	// Swap replaces the stored record if its version is one below the item's: [ErrConflict] otherwise, [ErrNotFound] if
	// there is none.
	Swap(ctx context.Context, s Scope, item *Relationship) error
	Delete(ctx context.Context, s Scope, ids []ID) (int, error)
	// Strengthen raises weights, w' = w + rate·(1 - w), counts one more use of each edge and notes the time of it.
	Strengthen(ctx context.Context, s Scope, ids []ID, rate float64, at time.Time) (map[ID]*Relationship, error)
	// Weaken lowers weights, w' = w·(1 - rate). It is no use of the edge.
	Weaken(ctx context.Context, s Scope, ids []ID, rate float64, at time.Time) (map[ID]*Relationship, error)
	// Decay lets stale edges fade and deletes the faintest, in one transaction.
	Decay(ctx context.Context, s Scope, d Decay) (Faded, error)
	// Path finds a shortest path, or nil when there is none. An end that this scope does not have is [ErrNotFound].
	Path(ctx context.Context, s Scope, q PathQuery) (*Path, error)
	// Neighborhood walks outwards from a node, whatever the direction of the edges. A node that this scope does not have
	// is [ErrNotFound].
	Neighborhood(ctx context.Context, s Scope, q NeighborhoodQuery) (*Neighborhood, error)
}
