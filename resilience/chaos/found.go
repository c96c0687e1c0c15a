package chaos

import (
	"context"
	"math"
	"slices"

	"thalamus/stores"
)

// found is what the stores hold of a scope.
type found struct {
	nodes    map[stores.ID]node // with a vector, or edges, or profiles
	entities map[stores.ID]*stores.Entity
	episodes map[stores.ID]*stores.Episode
	records  map[stores.ID]*stores.EntityRecord
	edges    map[stores.ID]*stores.Relationship
	points   map[stores.Kind]map[stores.ID]stores.Point
}

// node is what is compared of any node.
type node struct {
	kind    stores.Kind
	version int
	text    string
	uses    int       // of an edge
	meaning []float32 // the vector it must have
}

// all is more than a scope holds.
const all = 100_000

// look reads all of a scope.
func look(ctx context.Context, set *stores.Set, s stores.Scope) (*found, error) {
	f := &found{nodes: map[stores.ID]node{}, points: map[stores.Kind]map[stores.ID]stores.Point{}}
	var err error
	list(ctx, &err, s, set.Procedures.List, func(p *stores.Procedure) stores.ID { return p.ID }, func(p *stores.Procedure) {
		f.nodes[p.ID] = f.meant(ctx, &err, set, node{kind: stores.KindProcedure, version: p.Version, text: p.TriggerPattern}, p.EmbeddingText())
	})
	list(ctx, &err, s, set.Todos.List, func(t *stores.Todo) stores.ID { return t.ID }, func(t *stores.Todo) {
		f.nodes[t.ID] = f.meant(ctx, &err, set, node{kind: stores.KindTodo, version: t.Version, text: t.Content}, t.EmbeddingText())
	})
	list(ctx, &err, s, set.Profiles.List, func(p *stores.Profile) stores.ID { return p.ID }, func(p *stores.Profile) {
		f.nodes[p.ID] = node{kind: stores.KindProfile, version: p.Version, text: p.Content}
	})
	f.episodes = list(ctx, &err, s, set.Episodes.List, func(e *stores.Episode) stores.ID { return e.ID }, func(e *stores.Episode) {
		f.nodes[e.ID] = f.meant(ctx, &err, set, node{kind: stores.KindEpisode, version: e.Version, text: e.Content}, e.EmbeddingText())
	})
	f.entities = list(ctx, &err, s, set.Entities.List, func(e *stores.Entity) stores.ID { return e.ID }, func(e *stores.Entity) {
		f.nodes[e.ID] = f.meant(ctx, &err, set, node{kind: stores.KindEntity, version: e.Version, text: e.Summary}, e.EmbeddingText())
	})
	f.edges = list(ctx, &err, s, set.Relationships.List, func(e *stores.Relationship) stores.ID { return e.ID }, func(e *stores.Relationship) {
		f.nodes[e.ID] = node{kind: stores.KindRelationship, version: e.Version, uses: e.CoAccessCount}
	})
	f.records = list(ctx, &err, s, set.EntityRecords.List, func(r *stores.EntityRecord) stores.ID { return r.ID }, func(*stores.EntityRecord) {})
	for kind, c := range stores.Collections {
		if err == nil {
			var ids []stores.ID
			if ids, err = set.Vectors.Scroll(ctx, s, c, stores.Filter{}, "", all); err == nil {
				f.points[kind], err = set.Vectors.Get(ctx, s, c, ids)
			}
		}
	}
	return f, err
}

// list reads every node of a noun, unless something failed before.
func list[T any](ctx context.Context, failed *error, s stores.Scope, read func(context.Context, stores.Scope, stores.Query) (stores.Slice[T], error),
	id func(T) stores.ID, each func(T),
) map[stores.ID]T {
	if *failed != nil {
		return nil
	}
	page, err := read(ctx, s, stores.Query{Page: stores.Page{First: all}})
	*failed = err
	out := map[stores.ID]T{}
	for _, item := range page.Items {
		out[id(item)] = item
		each(item)
	}
	return out
}

// meant is a node with the vector that it must have.
func (f *found) meant(ctx context.Context, failed *error, set *stores.Set, n node, text string) node {
	if *failed == nil {
		var vectors [][]float32
		if vectors, *failed = set.Embedder.Embed(ctx, []string{text}); *failed == nil {
			n.meaning = vectors[0]
		}
	}
	return n
}

// partial names the nodes that lack a part, or of which a part is of another version.
func (f *found) partial() (bad []string) {
	for id, n := range f.nodes {
		points, embedded := f.points[n.kind]
		if !embedded {
			continue
		}
		point, there := points[id]
		switch {
		case !there:
			bad = append(bad, complain("partial: %s %s has no vector", n.kind, id))
		case !alike(point.Vector, n.meaning):
			bad = append(bad, complain("partial: %s %s has the vector of another text than %q", n.kind, id, n.text))
		}
	}
	for id, e := range f.entities {
		switch r := f.records[id]; {
		case r == nil:
			bad = append(bad, complain("partial: entity %s has no record", id))
		case r.Before != nil:
			bad = append(bad, complain("partial: the record of the entity %s is not settled", id))
		case r.Name != e.Name, r.Version != e.Version, r.Content != e.Summary, r.Current != (e.SupersededBy == ""):
			bad = append(bad, complain("partial: the record of the entity %s is of version %d (%q), and the node of version %d (%q)", id, r.Version, r.Content, e.Version, e.Summary))
		}
	}
	return bad
}

// alike says that two vectors mean the same. Engines may round them.
func alike(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Abs(float64(a[i]-b[i])) > 1e-3 {
			return false
		}
	}
	return true
}

// orphaned names what is there without its node.
func (f *found) orphaned() (bad []string) {
	for kind, points := range f.points {
		for id := range points {
			if f.nodes[id].kind != kind {
				bad = append(bad, complain("orphaned: a vector of the %s %s", kind, id))
			}
		}
	}
	for id := range f.records {
		if f.entities[id] == nil {
			bad = append(bad, complain("orphaned: a record of the entity %s", id))
		}
	}
	for id, e := range f.edges {
		for _, end := range []stores.Ref{e.Source, e.Target} {
			if f.nodes[end.ID].kind != end.Kind {
				bad = append(bad, complain("orphaned: the edge %s, whose end %s is gone", id, end.ID))
			}
		}
	}
	for id, e := range f.episodes {
		for _, mention := range e.Mentions {
			if f.entities[mention] == nil {
				bad = append(bad, complain("orphaned: a mention of the entity %s in the episode %s", mention, id))
			}
		}
	}
	return bad
}

// promised compares with what was acknowledged.
func (f *found) promised(entries map[stores.ID]*entry) (bad []string) {
	for id, e := range entries {
		n, there := f.nodes[id]
		switch {
		case e.gone && there:
			bad = append(bad, complain("lost: %s %s was deleted, and is there in version %d", e.ref.Kind, id, n.version))
		case !e.gone && !there:
			bad = append(bad, complain("lost: %s %s is gone", e.ref.Kind, id))
		case there:
			bad = append(bad, f.kept(e, n)...)
		}
	}
	for id, n := range f.nodes {
		edge := f.edges[id]
		if entries[id] == nil && (edge == nil || edge.Type != "SUPERSEDES") {
			bad = append(bad, complain("twice: nobody was told of %s %s %q", n.kind, id, n.text))
		}
	}
	return bad
}

// kept compares a node with what was acknowledged of it: every write of it, each of them once.
func (f *found) kept(e *entry, n node) (bad []string) {
	text, known := e.texts[e.versions]
	switch {
	case n.version < e.versions:
		bad = append(bad, complain("lost: %s %s has version %d (%q) after %d acknowledged writes, the last of them %q", n.kind, e.ref.ID, n.version, n.text, e.versions, text))
	case n.version > e.versions:
		bad = append(bad, complain("twice: %s %s has version %d (%q) after %d acknowledged writes", n.kind, e.ref.ID, n.version, n.text, e.versions))
	case !known || text != n.text:
		bad = append(bad, complain("lost: %s %s holds %q in version %d, which was acknowledged as %q", n.kind, e.ref.ID, n.text, n.version, text))
	}
	if n.kind == stores.KindRelationship && n.uses != 1+e.uses {
		bad = append(bad, complain("twice or lost: the edge %s counts %d uses after %d acknowledged ones", e.ref.ID, n.uses-1, e.uses))
	}
	if e.next != "" && f.entities[e.next] != nil && !f.joined(e.next, e.ref.ID) {
		bad = append(bad, complain("partial: no edge leads from the entity %s to the one it superseded", e.next))
	}
	for _, id := range e.mentions {
		if f.entities[id] != nil && !slices.Contains(f.episodes[e.ref.ID].Mentions, id) {
			bad = append(bad, complain("lost: the episode %s does not mention the entity %s any more", e.ref.ID, id))
		}
	}
	return bad
}

func (f *found) joined(from, to stores.ID) bool {
	for _, e := range f.edges {
		if e.Type == "SUPERSEDES" && e.Source.ID == from && e.Target.ID == to {
			return true
		}
	}
	return false
}
