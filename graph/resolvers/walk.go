package resolvers

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"thalamus/graph/model"
	"thalamus/resilience/saga"
	"thalamus/stores"
)

const (
	defaultPathDepth    = 5
	defaultNeighborhood = 50
	maxDepth            = 5
)

// path answers a shortest path with its nodes.
func (r *Resolver) path(ctx context.Context, from, to stores.Ref, depth *int, types []stores.RelationType) (*model.Path, error) {
	n := value(depth, defaultPathDepth)
	if n < 1 || n > stores.MaxPathDepth {
		return nil, stores.Invalid("maxDepth", "is %d; it must be between 1 and %d", n, stores.MaxPathDepth)
	}
	p, err := r.set.Relationships.Path(ctx, scope(ctx), stores.PathQuery{From: from.ID, To: to.ID, MaxDepth: n, Types: model.Distinct(types)})
	if err != nil || p == nil {
		return nil, err
	}
	nodes, err := load(ctx).Nodes(ctx, at(ctx), p.Nodes)
	if err != nil {
		return nil, err
	}
	r.arrivedInGraph(ctx, nodes, p.Edges)
	return &model.Path{Length: len(p.Edges), Nodes: nodes, Relationships: p.Edges}, nil
}

// neighborhood answers the part of the graph around a node.
func (r *Resolver) neighborhood(ctx context.Context, of stores.Ref, depth *int, types []stores.RelationType, first *int) (*model.Neighborhood, error) {
	d, n := value(depth, 1), value(first, defaultNeighborhood)
	if d < 1 || d > maxDepth {
		return nil, stores.Invalid("depth", "is %d; it must be between 1 and %d", d, maxDepth)
	}
	if n < 1 || n > model.MaxPage {
		return nil, stores.Invalid("first", "is %d; it must be between 1 and %d", n, model.MaxPage)
	}
	hood, err := r.set.Relationships.Neighborhood(ctx, scope(ctx), stores.NeighborhoodQuery{Of: of.ID, Depth: d, Types: model.Distinct(types), First: n})
	if err != nil {
		return nil, err
	}
	refs := make([]stores.Ref, len(hood.Nodes))
	for i, nb := range hood.Nodes {
		refs[i] = nb.Node
	}
	nodes, err := load(ctx).Nodes(ctx, at(ctx), refs)
	if err != nil {
		return nil, err
	}
	out := &model.Neighborhood{Nodes: make([]*model.Neighbor, len(nodes)), Relationships: hood.Edges, Truncated: hood.Truncated}
	for i, node := range nodes {
		out.Nodes[i] = &model.Neighbor{Node: node, Depth: hood.Nodes[i].Depth}
	}
	r.arrivedInGraph(ctx, nodes, hood.Edges)
	return out, nil
}

// arrivedInGraph announces nodes, some of which may have vanished, together with edges.
func (r *Resolver) arrivedInGraph(ctx context.Context, nodes []stores.Node, edges []*stores.Relationship) {
	kinds := map[stores.Kind]int{stores.KindRelationship: len(edges)}
	for _, n := range nodes {
		if n != nil {
			kinds[n.Ref().Kind]++
		}
	}
	at(ctx).Arrived(kinds)
}

const maxNodes = 200

// nodes answers nodes in the order of their ids. A store that fails costs its own nodes only.
func (r *Resolver) nodes(ctx context.Context, ids []*stores.Ref) ([]stores.Node, error) {
	if len(ids) > maxNodes {
		return nil, stores.Invalid("ids", "has %d items; the limit is %d", len(ids), maxNodes)
	}
	refs := make([]stores.Ref, len(ids))
	for i, r := range ids {
		refs[i] = *r
	}
	nodes, err := load(ctx).Nodes(ctx, at(ctx), refs)
	if err != nil {
		graphql.AddError(ctx, err)
	}
	r.arrivedInGraph(ctx, nodes, nil)
	return nodes, nil
}

// entityBy answers an entity by its id or its name.
func (r *Resolver) entityBy(ctx context.Context, by model.EntityBy) (*stores.Entity, error) {
	id, name := by.ID.Value(), by.Name.Value()
	if (id == nil) == (name == nil) {
		return nil, stores.Invalid("by", "needs an id or a name, and not both")
	}
	if name != nil {
		return load(ctx).EntityByName(ctx, at(ctx), *name)
	}
	return load(ctx).Entity(ctx, at(ctx), keyOf(*id, stores.KindEntity))
}

// ask answers a question, with the nodes it found. A store that fails costs its own nodes only.
func (r *Resolver) ask(ctx context.Context, input model.RecallInput) (*model.RecallResult, error) {
	answer, err := r.recall.Recall(ctx, scope(ctx), input.Query(at(ctx).Select))
	if err != nil {
		return nil, err
	}
	if answer.Err != nil {
		graphql.AddError(ctx, answer.Err)
	}
	nodes := make([]stores.Node, len(answer.Hits))
	for i, h := range answer.Hits {
		nodes[i] = h.Node
	}
	arrived(ctx, nodes...)
	return model.NewRecallResult(answer), nil
}

// weigh strengthens or weakens edges.
func weigh(ctx context.Context, by *model.EdgesBy, rate float64,
	write func(context.Context, stores.Scope, saga.Request, saga.Edges, float64) ([]*stores.Relationship, error),
) (*model.RelationshipsPayload, error) {
	r := request(ctx)
	edges, err := by.Named()
	if err != nil {
		return model.NewRelationshipsPayload(r.Outcome, nil, err)
	}
	changed, err := write(ctx, scope(ctx), r, edges, rate)
	if err == nil {
		arrived(ctx, changed...)
	}
	return model.NewRelationshipsPayload(r.Outcome, changed, err)
}

// fade lets edges fade.
func fade(ctx context.Context, input model.DecayRelationshipsInput,
	write func(context.Context, stores.Scope, saga.Request, stores.Decay) (stores.Faded, error),
) (*model.DecayPayload, error) {
	r := request(ctx)
	decay, err := input.Decay(stores.Now())
	if err != nil {
		return model.NewDecayPayload(r.Outcome, stores.Faded{}, err)
	}
	faded, err := write(ctx, scope(ctx), r, decay)
	return model.NewDecayPayload(r.Outcome, faded, err)
}
