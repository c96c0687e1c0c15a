package saga

import (
	"context"
	"slices"
	"time"

	"thalamus/stores"
)

// Relate writes the edge of a type and label between two nodes. change is given the one there is, or a new one of the
// initial weight.
func (w *Writer) Relate(ctx context.Context, s stores.Scope, r Request, edge stores.Relationship, change func(*stores.Relationship) error) (*stores.Relationship, error) {
	return run(ctx, w, s, r, func(ctx context.Context) (plan[*stores.Relationship], error) {
		none := plan[*stores.Relationship]{}
		label := stores.Where("label", stores.Eq, edge.Label)
		if edge.Label == "" {
			label = stores.Where("label", stores.IsNull, true)
		}
		there, err := w.between(ctx, s, edge.Source.ID, edge.Target.ID, stores.All(
			stores.Where("sourceKind", stores.Eq, string(edge.Source.Kind)), stores.Where("targetKind", stores.Eq, string(edge.Target.Kind)),
			stores.Where("type", stores.Eq, string(edge.Type)), label,
		))
		if err != nil {
			return none, err
		}
		if len(there) > 0 {
			return w.changeEdge(s, there[0], change)
		}
		e := edge
		e.Scope, e.Weight = s, stores.InitialWeight
		if err := change(&e); err != nil {
			return none, err
		}
		e.SetDefaults(stores.Now())
		return plan[*stores.Relationship]{&e, []stores.ID{e.ID}, []step{w.relationships().Put(s, &e)}}, e.Validate()
	})
}

// UpdateRelationship changes an edge.
func (w *Writer) UpdateRelationship(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int, change func(*stores.Relationship) error) (*stores.Relationship, error) {
	return run(ctx, w, s, r, func(ctx context.Context) (plan[*stores.Relationship], error) {
		e, err := current(ctx, s, stores.Ref{Kind: stores.KindRelationship, ID: id}, expected, w.set.Relationships.ByID)
		if err != nil {
			return plan[*stores.Relationship]{}, err
		}
		return w.changeEdge(s, e, change)
	})
}

func (w *Writer) changeEdge(s stores.Scope, e *stores.Relationship, change func(*stores.Relationship) error) (plan[*stores.Relationship], error) {
	p := plan[*stores.Relationship]{answer: e, nodes: []stores.ID{e.ID}}
	if changed, err := edit(e, change); err != nil || !changed {
		return p, err
	}
	p.steps = []step{w.relationships().Swap(s, e)}
	return p, nil
}

// Unrelate removes an edge. It says whether there was one.
func (w *Writer) Unrelate(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int) (bool, error) {
	return remove(ctx, w, s, r, stores.Ref{Kind: stores.KindRelationship, ID: id}, expected, w.set.Relationships.ByID,
		w.relationships().Delete(s, id))
}

// Edges names edges: one by its id, or, with ID empty, all from Source to Target, of one type if Type is given.
type Edges struct {
	ID, Source, Target stores.ID
	Type               stores.RelationType
}

// Strengthen raises the weight of edges by a rate of 0..1.
func (w *Writer) Strengthen(ctx context.Context, s stores.Scope, r Request, edges Edges, rate float64) ([]*stores.Relationship, error) {
	return w.weigh(ctx, s, r, edges, rate, w.set.Relationships.Strengthen)
}

// Weaken lowers the weight of edges by a rate of 0..1.
func (w *Writer) Weaken(ctx context.Context, s stores.Scope, r Request, edges Edges, rate float64) ([]*stores.Relationship, error) {
	return w.weigh(ctx, s, r, edges, rate, w.set.Relationships.Weaken)
}

func (w *Writer) weigh(ctx context.Context, s stores.Scope, r Request, edges Edges, rate float64, by weighing) ([]*stores.Relationship, error) {
	var c stores.Check
	c.Unit("rate", rate)
	if err := c.Err(); err != nil {
		return nil, err
	}
	out := &weighed{}
	out, err := run(ctx, w, s, r, func(ctx context.Context) (plan[*weighed], error) {
		ids, err := w.named(ctx, s, edges)
		return plan[*weighed]{out, ids, []step{w.weighing(s, ids, func(ctx context.Context) (err error) {
			changed, err := by(ctx, s, ids, rate, stores.Now())
			out.Edges = inOrder(ids, changed)
			return err
		})}}, err
	})
	if err != nil {
		return nil, err
	}
	return out.Edges, nil
}

// weighing is the step of a weigh.
func (w *Writer) weighing(s stores.Scope, ids []stores.ID, do func(context.Context) error) step {
	return step{role: stores.RoleGraph, name: "relationships.weigh", do: do, look: func(ctx context.Context) (func(context.Context) error, error) {
		before, err := w.set.Relationships.ByID(ctx, s, ids, nil)
		return w.weightsAgain(s, inOrder(ids, before), func(*stores.Relationship) bool { return false }), err
	}}
}

// stale reads the edges that a decay is about to change, and gives the way back to them.
func (w *Writer) stale(ctx context.Context, s stores.Scope, d stores.Decay) (func(context.Context) error, error) {
	before, err := w.set.Relationships.List(ctx, s, stores.Query{
		Where: stores.All(d.Where, stores.Where("lastCoAccessAt", stores.Lt, d.StaleBefore)), Page: stores.Page{First: everything},
	})
	return w.weightsAgain(s, before.Items, func(e *stores.Relationship) bool { return e.Weight*(1-d.Rate) < d.MinWeight }), err
}

// weightsAgain gives edges back the weights they had, and brings back those that the step deleted. What others did since
// stays.
func (w *Writer) weightsAgain(s stores.Scope, before []*stores.Relationship, deleted func(*stores.Relationship) bool) func(context.Context) error {
	return func(ctx context.Context) error {
		ids := make([]stores.ID, len(before))
		for i, e := range before {
			ids[i] = e.ID
		}
		now, err := w.set.Relationships.ByID(ctx, s, ids, nil)
		if err != nil {
			return err
		}
		var restore []*stores.Relationship
		for _, e := range before {
			if there := now[e.ID]; there == nil && deleted(e) || there != nil && there.Version == e.Version+1 {
				restore = append(restore, e)
			}
		}
		return w.set.Relationships.Put(ctx, s, restore)
	}
}

type weighing = func(context.Context, stores.Scope, []stores.ID, float64, time.Time) (map[stores.ID]*stores.Relationship, error)

// weighed is filled in by the step.
type weighed struct{ Edges []*stores.Relationship }

// named finds the ids of edges; none is [stores.ErrNotFound].
func (w *Writer) named(ctx context.Context, s stores.Scope, by Edges) ([]stores.ID, error) {
	if by.ID != "" {
		err := exist(ctx, s, "edges", stores.KindRelationship, []stores.ID{by.ID}, w.set.Relationships.ByID)
		return []stores.ID{by.ID}, err
	}
	var ofType stores.Filter
	if by.Type != "" {
		ofType = stores.Where("type", stores.Eq, string(by.Type))
	}
	there, err := w.between(ctx, s, by.Source, by.Target, ofType)
	if err != nil {
		return nil, err
	}
	if len(there) == 0 {
		return nil, &stores.Error{Kind: stores.ErrNotFound, Path: []string{"edges", "between"}, Message: "no such edge leads from the source to the target"}
	}
	ids := make([]stores.ID, len(there))
	for i, e := range there {
		ids[i] = e.ID
	}
	slices.Sort(ids)
	return ids, nil
}

// mostBetween bounds how many edges of different types and labels are looked at between two nodes.
const mostBetween = 1000

func (w *Writer) between(ctx context.Context, s stores.Scope, source, target stores.ID, and stores.Filter) ([]*stores.Relationship, error) {
	page, err := w.set.Relationships.List(ctx, s, stores.Query{
		Where: stores.All(stores.Where("source", stores.Eq, string(source)), stores.Where("target", stores.Eq, string(target)), and),
		Page:  stores.Page{First: mostBetween},
	})
	return page.Items, err
}

// Decay lets stale edges fade and removes the faintest.
func (w *Writer) Decay(ctx context.Context, s stores.Scope, r Request, d stores.Decay) (stores.Faded, error) {
	var c stores.Check
	c.Unit("rate", d.Rate)
	c.Unit("minWeight", d.MinWeight)
	if err := c.Err(); err != nil {
		return stores.Faded{}, err
	}
	out := &stores.Faded{}
	out, err := run(ctx, w, s, r, func(context.Context) (plan[*stores.Faded], error) {
		return plan[*stores.Faded]{answer: out, steps: []step{{
			role: stores.RoleGraph, name: "relationships.decay",
			do: func(ctx context.Context) (err error) {
				*out, err = w.set.Relationships.Decay(ctx, s, d)
				return err
			},
			look: func(ctx context.Context) (func(context.Context) error, error) { return w.stale(ctx, s, d) },
		}}}, nil
	})
	if err != nil {
		return stores.Faded{}, err
	}
	return *out, nil
}
