package saga

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"thalamus/stores"
)

// DriftKind is a way in which stores can differ.
type DriftKind string

// Ways in which stores can differ.
const (
	OrphanPoint     DriftKind = "ORPHAN_POINT"     // a vector whose node is gone
	MissingPoint    DriftKind = "MISSING_POINT"    // a node without its vector
	DanglingEdge    DriftKind = "DANGLING_EDGE"    // an edge of which an end is gone
	OrphanRecord    DriftKind = "ORPHAN_RECORD"    // a record whose entity is gone
	MissingRecord   DriftKind = "MISSING_RECORD"   // an entity without its record
	UnsettledRecord DriftKind = "UNSETTLED_RECORD" // a record that belongs to another version than the entity has
)

// DriftKinds lists every kind.
var DriftKinds = []DriftKind{OrphanPoint, MissingPoint, DanglingEdge, OrphanRecord, MissingRecord, UnsettledRecord}

// Finding is one difference between stores.
type Finding struct {
	Kind   DriftKind
	Store  stores.Role // which differs from the record of truth
	Node   stores.Ref
	Detail string
}

// Drift compares the stores of a scope and lists how they differ, in the order of kinds and ids. It asks for kinds, or for
// all of them when it is given none. What a write is working on right now is no drift.
//
// It reads the ids of everything in the scope, so it takes a while; it needs no memory to speak of but for these.
func (w *Writer) Drift(ctx context.Context, s stores.Scope, kinds []DriftKind) ([]Finding, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if len(kinds) == 0 {
		kinds = DriftKinds
	}
	suspects, err := w.suspects(ctx, s, kinds)
	if err != nil || len(suspects) == 0 {
		return nil, err
	}
	again, err := w.suspects(ctx, s, kinds) // a write may have come between two reads
	if err != nil {
		return nil, err
	}
	twice := map[Finding]bool{}
	for _, f := range again {
		twice[f] = true
	}
	suspects = slices.DeleteFunc(suspects, func(f Finding) bool { return !twice[f] })
	return w.unclaimed(ctx, s, suspects)
}

// claimsAtOnce is how many claims are looked up in one call.
const claimsAtOnce = 500

// unclaimed leaves out what an unfinished saga works on.
func (w *Writer) unclaimed(ctx context.Context, s stores.Scope, all []Finding) ([]Finding, error) {
	var out []Finding
	for part := range slices.Chunk(all, claimsAtOnce) {
		claims := make([]string, len(part))
		for i, f := range part {
			claims[i] = string(f.Node.ID)
		}
		held, err := w.set.Journal.Holding(ctx, s, claims)
		if err != nil {
			return nil, err
		}
		for i, f := range part {
			if _, busy := held[claims[i]]; !busy {
				out = append(out, f)
			}
		}
	}
	return out, nil
}

// census is everything a scope holds, by its ids.
type census struct {
	nodes   map[stores.Kind]map[stores.ID]bool
	points  map[stores.Kind]map[stores.ID]bool
	edges   []*stores.Relationship
	records map[stores.ID]*stores.EntityRecord
	version map[stores.ID]int // of entities
}

// suspects compares the stores once.
func (w *Writer) suspects(ctx context.Context, s stores.Scope, kinds []DriftKind) ([]Finding, error) {
	c, err := w.census(ctx, s)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(c.pointDrift(), c.edgeDrift(), c.recordDrift())
	all = slices.DeleteFunc(all, func(f Finding) bool { return !slices.Contains(kinds, f.Kind) })
	slices.SortFunc(all, func(a, b Finding) int {
		return strings.Compare(string(a.Kind)+string(a.Node.Kind)+string(a.Node.ID), string(b.Kind)+string(b.Node.Kind)+string(b.Node.ID))
	})
	return all, nil
}

func (w *Writer) census(ctx context.Context, s stores.Scope) (*census, error) {
	c := &census{
		nodes: map[stores.Kind]map[stores.ID]bool{}, points: map[stores.Kind]map[stores.ID]bool{},
		records: map[stores.ID]*stores.EntityRecord{}, version: map[stores.ID]int{},
	}
	note := func(n stores.Node) {
		r := n.Ref()
		if c.nodes[r.Kind] == nil {
			c.nodes[r.Kind] = map[stores.ID]bool{}
		}
		c.nodes[r.Kind][r.ID] = true
	}
	for _, walk := range []func() error{
		func() error {
			return everyNode(ctx, s, stores.Filter{}, w.set.Episodes.List, func(e *stores.Episode) { note(e) })
		},
		func() error {
			return everyNode(ctx, s, stores.Filter{}, w.set.Entities.List, func(e *stores.Entity) { note(e); c.version[e.ID] = e.Version })
		},
		func() error {
			return everyNode(ctx, s, stores.Filter{}, w.set.Procedures.List, func(p *stores.Procedure) { note(p) })
		},
		func() error {
			return everyNode(ctx, s, stores.Filter{}, w.set.Todos.List, func(t *stores.Todo) { note(t) })
		},
		func() error {
			return everyNode(ctx, s, stores.Filter{}, w.set.Relationships.List, func(r *stores.Relationship) { c.edges = append(c.edges, r) })
		},
		func() error {
			return everyNode(ctx, s, stores.Filter{}, w.set.EntityRecords.List, func(r *stores.EntityRecord) { c.records[r.ID] = r })
		},
		func() error { return w.everyPoint(ctx, s, c.points) },
	} {
		if err := walk(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// censusPage is how many ids are read at once.
const censusPage = 1000

// everyNode pages through what matches of a noun, in the order of ids, without its heavy fields.
func everyNode[T any](ctx context.Context, s stores.Scope, where stores.Filter,
	list func(context.Context, stores.Scope, stores.Query) (stores.Slice[T], error), each func(T),
) error {
	q := stores.Query{
		Where: where, Fields: []stores.Field{}, Order: []stores.Order{{Field: "id", Direction: stores.Ascending}}, Page: stores.Page{First: censusPage},
	}
	for {
		page, err := list(ctx, s, q)
		if err != nil {
			return err
		}
		for _, n := range page.Items {
			each(n)
		}
		if !page.HasNext || len(page.Items) == 0 {
			return nil
		}
		q.Page.After = page.Cursors[len(page.Cursors)-1]
	}
}

func (w *Writer) everyPoint(ctx context.Context, s stores.Scope, points map[stores.Kind]map[stores.ID]bool) error {
	for kind, c := range stores.Collections {
		points[kind] = map[stores.ID]bool{}
		for after := stores.ID(""); ; {
			ids, err := w.set.Vectors.Scroll(ctx, s, c, stores.Filter{}, after, censusPage)
			if err != nil {
				return err
			}
			for _, id := range ids {
				points[kind][id] = true
			}
			if len(ids) < censusPage {
				break
			}
			after = ids[len(ids)-1]
		}
	}
	return nil
}

func (c *census) pointDrift() (all []Finding) {
	for kind := range stores.Collections {
		for id := range c.points[kind] {
			if !c.nodes[kind][id] {
				all = append(all, Finding{OrphanPoint, stores.RoleVectors, stores.Ref{Kind: kind, ID: id}, "a vector without its node"})
			}
		}
		for id := range c.nodes[kind] {
			if !c.points[kind][id] {
				all = append(all, Finding{MissingPoint, stores.RoleVectors, stores.Ref{Kind: kind, ID: id}, "a node without its vector, which recall by meaning does not find"})
			}
		}
	}
	return all
}

func (c *census) edgeDrift() (all []Finding) {
	for _, e := range c.edges {
		for _, end := range []stores.Ref{e.Source, e.Target} {
			if !c.nodes[end.Kind][end.ID] {
				all = append(all, Finding{DanglingEdge, stores.RoleGraph, e.Ref(), "an edge of which an end is gone"})
				break
			}
		}
	}
	return all
}

func (c *census) recordDrift() (all []Finding) {
	for id, r := range c.records {
		ref := stores.Ref{Kind: stores.KindEntity, ID: id}
		version, there := c.version[id]
		switch {
		case !there:
			all = append(all, Finding{OrphanRecord, stores.RoleRecords, ref, "a record without its entity"})
		case r.Version != version && r.Version > 0 || r.Before != nil: // records that are older than versions have none
			all = append(all, Finding{UnsettledRecord, stores.RoleRecords, ref, fmt.Sprintf("a record of version %d of an entity of version %d", r.Version, version)})
		}
	}
	for id := range c.version {
		if c.records[id] == nil {
			all = append(all, Finding{MissingRecord, stores.RoleRecords, stores.Ref{Kind: stores.KindEntity, ID: id}, "an entity without its record"})
		}
	}
	return all
}
