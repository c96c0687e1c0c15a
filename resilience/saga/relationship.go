package saga

import (
	"context"
	"slices"
	"strings"
	"time"

	"thalamus/stores"
)

// Relate writes the edge of a type and label between two nodes. change is given the one there is, or a new one of the
// initial weight.
func (w *Writer) Relate(ctx context.Context, s stores.Scope, r Request, edge stores.Relationship, change func(*stores.Relationship) error) (*stores.Relationship, error) {
	return run(ctx, w, s, r.about(edgeClaim(&edge)), func(ctx context.Context) (plan[*stores.Relationship], error) {
		none := plan[*stores.Relationship]{}
		there, err := w.same(ctx, s, &edge)
		if err != nil {
			return none, err
		}
		if len(there) > 0 {
			return w.changeEdge(there[0], change)
		}
		e := edge
		e.Scope, e.Weight = s, stores.InitialWeight
		if err := change(&e); err != nil {
			return none, err
		}
		e.SetDefaults(stores.Now())
		p := creation(&e, w.checked(w.vacant(e), w.relationships().Create(&e))...)
		p.claims = append(p.claims, edgeClaim(&e))
		return p, e.Validate()
	})
}

// same reads the edge of the type and label of another one between the same nodes.
func (w *Writer) same(ctx context.Context, s stores.Scope, edge *stores.Relationship) ([]*stores.Relationship, error) {
	label := stores.Where("label", stores.Eq, edge.Label)
	if edge.Label == "" {
		label = stores.Where("label", stores.IsNull, true)
	}
	return w.between(ctx, s, edge.Source.ID, edge.Target.ID, stores.All(
		stores.Where("sourceKind", stores.Eq, string(edge.Source.Kind)), stores.Where("targetKind", stores.Eq, string(edge.Target.Kind)),
		stores.Where("type", stores.Eq, string(edge.Type)), label,
	))
}

// vacant is a step that refuses a new edge when there is such a one by now.
func (w *Writer) vacant(e stores.Relationship) step {
	return step{stores.RoleGraph, "relationships.vacant", &vacant{w: w, Edge: e}}
}

type vacant struct {
	w *Writer
	unchanging
	Edge stores.Relationship
}

func (a *vacant) do(ctx context.Context, s stores.Scope) error {
	there, err := a.w.same(ctx, s, &a.Edge)
	if err == nil && len(there) > 0 && there[0].ID != a.Edge.ID {
		err = stores.Conflict("there is such an edge by now; send it again")
	}
	return err
}

// UpdateRelationship changes an edge.
func (w *Writer) UpdateRelationship(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int, change func(*stores.Relationship) error) (*stores.Relationship, error) {
	return run(ctx, w, s, r.about(string(id)), func(ctx context.Context) (plan[*stores.Relationship], error) {
		e, err := current(ctx, s, stores.Ref{Kind: stores.KindRelationship, ID: id}, expected, w.set.Relationships.ByID)
		if err != nil {
			return plan[*stores.Relationship]{}, err
		}
		return w.changeEdge(e, change)
	})
}

func (w *Writer) changeEdge(e *stores.Relationship, change func(*stores.Relationship) error) (plan[*stores.Relationship], error) {
	version := e.Version
	fields, err := edit(e, change)
	if err != nil || fields == nil {
		return still(e), err
	}
	p := alteration(e, fields, w.checked(w.relationships().Check(e.ID, version), w.relationships().Swap(e))...)
	p.claims = append(p.claims, edgeClaim(e))
	return p, nil
}

// edgeClaim is what a write claims that makes or changes the one edge of a type and label between two nodes.
func edgeClaim(e *stores.Relationship) string {
	return "edge " + strings.Join([]string{string(e.Source.ID), string(e.Target.ID), string(e.Type), e.Label}, " ")
}

// Unrelate removes an edge. It says whether there was one.
func (w *Writer) Unrelate(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int) (bool, error) {
	ref := stores.Ref{Kind: stores.KindRelationship, ID: id}
	return remove(ctx, w, s, r, ref, expected, w.relationships())
}

// Edges names edges: one by its id, or, with ID empty, all from Source to Target, of one type if Type is given.
type Edges struct {
	ID, Source, Target stores.ID
	Type               stores.RelationType
}

// Strengthen raises the weight of edges by a rate of 0..1, w' = w + rate·(1 - w), and counts one more use of each.
func (w *Writer) Strengthen(ctx context.Context, s stores.Scope, r Request, edges Edges, rate float64) ([]*stores.Relationship, error) {
	return w.weigh(ctx, s, r, edges, rate, func(e *stores.Relationship, at time.Time) {
		e.Weight += rate * (1 - e.Weight)
		e.CoAccessCount++
		e.LastCoAccessAt = at
	})
}

// Weaken lowers the weight of edges by a rate of 0..1, w' = w·(1 - rate). It is no use of the edge.
func (w *Writer) Weaken(ctx context.Context, s stores.Scope, r Request, edges Edges, rate float64) ([]*stores.Relationship, error) {
	return w.weigh(ctx, s, r, edges, rate, func(e *stores.Relationship, _ time.Time) { e.Weight *= 1 - rate })
}

// weigh gives edges the weights that they have afterwards, rather than a change that must not be made twice.
func (w *Writer) weigh(ctx context.Context, s stores.Scope, r Request, edges Edges, rate float64, change func(*stores.Relationship, time.Time)) ([]*stores.Relationship, error) {
	var c stores.Check
	c.Unit("rate", rate)
	if err := c.Err(); err != nil {
		return nil, err
	}
	return run(ctx, w, s, r.about(string(edges.ID)), func(ctx context.Context) (plan[[]*stores.Relationship], error) {
		found, err := w.named(ctx, s, edges)
		p := plan[[]*stores.Relationship]{answer: found}
		at := stores.Now()
		for _, e := range found {
			version := e.Version
			change(e, at)
			e.Touch(at)
			p.nodes = append(p.nodes, e.Ref())
			p.claims = append(p.claims, string(e.ID), edgeClaim(e))
			p.events = append(p.events, updated(e, []stores.Field{"weight"}))
			p.steps = append(p.steps, w.checked(w.relationships().Check(e.ID, version), w.relationships().Swap(e))...)
		}
		return p, err
	})
}

// named reads edges in the order of ids; none is [stores.ErrNotFound].
func (w *Writer) named(ctx context.Context, s stores.Scope, by Edges) ([]*stores.Relationship, error) {
	if by.ID != "" {
		found, err := w.set.Relationships.ByID(ctx, s, []stores.ID{by.ID}, nil)
		if err == nil && found[by.ID] == nil {
			err = missing("edges", stores.KindRelationship, by.ID)
		}
		return inOrder([]stores.ID{by.ID}, found), err
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
	slices.SortFunc(there, func(a, b *stores.Relationship) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return there, nil
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
	d.At = stores.Now()
	out := &stores.Faded{}
	out, err := run(ctx, w, s, r, func(context.Context) (plan[*stores.Faded], error) {
		st := step{stores.RoleGraph, "relationships.decay", &decay{w: w, Decay: d, faded: out}}
		return plan[*stores.Faded]{answer: out, steps: []step{st}}, nil
	})
	if err != nil {
		return stores.Faded{}, err
	}
	return *out, nil
}

// decay lets stale edges fade.
type decay struct {
	w      *Writer
	Decay  stores.Decay
	Before []*stores.Relationship // the stale ones
	faded  *stores.Faded          // what it did; nil when nobody asks
}

func (a *decay) look(ctx context.Context, s stores.Scope) error {
	before, err := a.w.set.Relationships.List(ctx, s, stores.Query{
		Where: stores.All(a.Decay.Where, stores.Where("lastCoAccessAt", stores.Lt, a.Decay.StaleBefore)), Page: stores.Page{First: everything},
	})
	a.Before = before.Items
	return err
}

func (a *decay) do(ctx context.Context, s stores.Scope) error {
	faded, err := a.w.set.Relationships.Decay(ctx, s, a.Decay)
	if err == nil && a.faded != nil {
		*a.faded = faded
	}
	return err
}

// undo gives edges back the weights they had, and brings back those that were deleted. What others did since stays.
func (a *decay) undo(ctx context.Context, s stores.Scope) error {
	edges := a.w.relationships()
	now, err := edges.byID(ctx, s, edges.ids(a.Before), nil)
	if err != nil {
		return err
	}
	var restore []*stores.Relationship
	for _, e := range a.Before {
		deleted := e.Weight*(1-a.Decay.Rate) < a.Decay.MinWeight
		if there := now[e.ID]; there == nil && deleted || there != nil && there.Version == e.Version+1 {
			restore = append(restore, e)
		}
	}
	return edges.restore(ctx, s, restore)
}
