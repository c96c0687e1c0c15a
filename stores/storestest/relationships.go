package storestest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"thalamus/stores"
)

type edges = bench[stores.Relationship]

// Relationships asks whether a backend keeps the contract of [stores.Relationships]. The set must have entities, to be
// joined; edges of episodes and procedures are tested when it has those too.
func Relationships(t *testing.T, open func(testing.TB) *stores.Set) {
	s := suite{t, open(t)}
	nounSuite(s, open, relationshipNoun)
	run := func(name string, fn func(edges)) {
		s.run(name, func(w *world) { fn(edges{w, relationshipNoun(w.set)}) })
	}
	run("NaturalKey", testNaturalKey)
	run("NaturalKeyRace", testNaturalKeyRace)
	run("MovedEdge", testMovedEdge)
	run("MissingEnds", testMissingEnds)
	run("ByNode", testByNode)
	run("EndsOutlivePut", testEdgesOutlivePut)
	run("DeletedEnds", testDeletedEnds)
	run("Strengthen", testStrengthen)
	run("Weaken", testWeaken)
	run("StrengthenRace", testStrengthenRace)
	run("Decay", testDecay)
	run("DecayWhere", testDecayWhere)
	run("DecayAgain", testDecayAgain)
	run("Path", testPath)
	run("PathRefusals", testPathRefusals)
	run("RandomPaths", testRandomPaths)
	run("Neighborhood", testNeighborhood)
	run("NeighborhoodRefusals", testNeighborhoodRefusals)
	run("RandomNeighborhoods", testRandomNeighborhoods)
}

func relationshipNoun(set *stores.Set) noun[stores.Relationship] {
	c := set.Relationships
	return noun[stores.Relationship]{
		spec: stores.RelationshipSpec,
		byID: c.ByID, list: c.List, count: c.Count, put: c.Put, swap: c.Swap, drop: c.Delete,
		random: randomRelationship, rich: richRelationship, bare: bareRelationship,
		head:  func(r *stores.Relationship) head { return head{&r.ID, &r.Scope, &r.Version} },
		texts: func(r *stores.Relationship) []text { return []text{{"label", &r.Label, 100}} },
		value: relationshipValue,
		strip: func(r *stores.Relationship, f stores.Field) {
			if f == "metadata" {
				r.Metadata = nil
			}
		},
		more: relationshipCalls,
	}
}

func relationshipCalls(w *world, r *stores.Relationship) []call {
	c, s, ids := w.set.Relationships, w.scope, []stores.ID{r.ID}
	type byID = map[stores.ID]*stores.Relationship
	return []call{
		{"ByNode", ask(func(ctx context.Context) (map[stores.ID]stores.Slice[*stores.Relationship], error) {
			return c.ByNode(ctx, s, []stores.ID{r.Source.ID}, stores.FlowBoth, stores.Query{Page: stores.Page{First: 1}})
		})},
		{"Strengthen", ask(func(ctx context.Context) (byID, error) { return c.Strengthen(ctx, s, ids, 0.1, stores.Now()) })},
		{"Weaken", ask(func(ctx context.Context) (byID, error) { return c.Weaken(ctx, s, ids, 0.1, stores.Now()) })},
		{"Decay", ask(func(ctx context.Context) (stores.Faded, error) {
			return c.Decay(ctx, s, stores.Decay{StaleBefore: stores.Now().AddDate(1, 0, 0), Rate: 0.5, MinWeight: 1})
		})},
		{"Path", ask(func(ctx context.Context) (*stores.Path, error) {
			return c.Path(ctx, s, stores.PathQuery{From: r.Source.ID, To: r.Target.ID, MaxDepth: 3})
		})},
		{"Neighborhood", ask(func(ctx context.Context) (*stores.Neighborhood, error) {
			return c.Neighborhood(ctx, s, stores.NeighborhoodQuery{Of: r.Source.ID, Depth: 2, First: 5})
		})},
	}
}

// pool is how many entities the random edges of a scope join.
const pool = 60

// randomRelationship joins another pair of nodes for every i below pool·(pool-1).
func randomRelationship(w *world, i int) *stores.Relationship {
	ends := w.entities(pool)
	r := &stores.Relationship{
		ID: stores.NewID(), Scope: w.scope, Type: pick(w, stores.RelationTypes), Label: w.maybe(),
		Source: entity(ends[i%pool]), Target: entity(ends[(i+1+i/pool)%pool]),
		Weight: w.unit(), CoAccessCount: w.times(), LastCoAccessAt: w.instant(), ValidFrom: w.instant(), Metadata: w.object(),
		CreatedAt: w.instant(), UpdatedAt: w.instant(), Version: 1,
	}
	r.ValidTo = w.later(r.ValidFrom)
	return r
}

func richRelationship(w *world, s string) *stores.Relationship {
	r := randomRelationship(w, 0)
	r.Label, r.Metadata = s, everything(s)
	r.ValidTo = new(r.ValidFrom.Add(time.Hour))
	return r
}

func bareRelationship(w *world) *stores.Relationship {
	ends := w.entities(2)
	return w.edge(ends[1], ends[0])
}

func entity(id stores.ID) stores.Ref { return stores.Ref{Kind: stores.KindEntity, ID: id} }

// edge is a new edge from one entity to another.
func (w *world) edge(from, to stores.ID) *stores.Relationship {
	r := &stores.Relationship{Scope: w.scope, Source: entity(from), Target: entity(to), Weight: stores.InitialWeight}
	r.SetDefaults(stores.Now())
	return r
}

func relationshipValue(r *stores.Relationship, f stores.Field) any {
	return map[stores.Field]any{
		"id": string(r.ID), "type": string(r.Type), "label": optional(r.Label), "source": string(r.Source.ID),
		"sourceKind": string(r.Source.Kind), "target": string(r.Target.ID), "targetKind": string(r.Target.Kind), "weight": r.Weight,
		"coAccessCount": float64(r.CoAccessCount), "lastCoAccessAt": r.LastCoAccessAt, "validFrom": r.ValidFrom,
		"validTo": optionalTime(r.ValidTo), "createdAt": r.CreatedAt, "updatedAt": r.UpdatedAt, "version": float64(r.Version),
	}[f]
}

func testNaturalKey(b edges) {
	stored := b.rich(b.world, "label")
	b.save(stored)
	id := stored.ID
	again := b.edge(stored.Source.ID, stored.Target.ID)
	again.Type, again.Label, again.Weight = stored.Type, stored.Label, 0.75
	b.save(again)
	same(b.t, "id that an edge of a stored key is given", id, again.ID)
	b.holds("edge put again under another id", again)
	same(b.t, "edges", 1, b.total(stores.Filter{}))

	variants := []*stores.Relationship{b.edge(again.Target.ID, again.Source.ID)}
	for _, label := range []string{"", "Label", "label ", "lábel"} {
		v := b.edge(again.Source.ID, again.Target.ID)
		v.Type, v.Label = again.Type, label
		variants = append(variants, v)
	}
	for _, t := range stores.RelationTypes {
		if t != again.Type {
			v := b.edge(again.Source.ID, again.Target.ID)
			v.Type, v.Label = t, "label"
			variants = append(variants, v)
		}
	}
	b.save(variants...)
	for _, v := range append(variants, again) {
		b.holds("edge of a key of its own", v)
	}
	same(b.t, "edges", len(variants)+1, b.total(stores.Filter{}))

	ends := b.entities(4)
	one, two := b.edge(ends[2], ends[3]), b.edge(ends[2], ends[3])
	two.Weight = 0.9
	b.save(one, two)
	if one.ID != two.ID {
		b.t.Errorf("two edges of one key in a batch were given the ids %s and %s", one.ID, two.ID)
	}
	b.holds("the later edge of one key in a batch", two)
}

func testNaturalKeyRace(b edges) {
	ends := b.entities(2)
	items := make([]*stores.Relationship, writers)
	for i := range items {
		items[i] = b.edge(ends[0], ends[1])
	}
	noError(b.t, errors.Join(race(func(i int) error { return b.put(b.ctx(), b.scope, items[i:i+1]) })...))
	same(b.t, "edges", 1, b.total(stores.Filter{}))
	for _, r := range items {
		same(b.t, "id that a concurrent writer was given", items[0].ID, r.ID)
	}
}

// testMovedEdge gives a stored edge other ends: it is found at the new ones only.
func testMovedEdge(b edges) {
	ends := b.entities(4)
	r := b.edge(ends[0], ends[1])
	b.save(r)
	r.Source, r.Target, r.Type, r.Label = entity(ends[2]), entity(ends[3]), "CAUSES", "moved"
	b.save(r)
	b.holds("moved edge", r)
	same(b.t, "edges", 1, b.total(stores.Filter{}))
	for i, want := range []int{0, 0, 1, 1} {
		same(b.t, "edges of a node after the move", want, len(b.byNode(ends[i])))
	}
	r.Source, r.Version = entity(ends[0]), 2
	noError(b.t, b.swap(b.ctx(), b.scope, r))
	b.holds("edge moved by a swap", r)
	same(b.t, "edges at the new end", 1, len(b.byNode(ends[0])))
	same(b.t, "edges at the old end", 0, len(b.byNode(ends[2])))
}

// byNode reads all edges of a node.
func (w *world) byNode(id stores.ID) []*stores.Relationship {
	w.t.Helper()
	got, err := w.set.Relationships.ByNode(w.ctx(), w.scope, []stores.ID{id}, stores.FlowBoth, stores.Query{Page: stores.Page{First: everyone}})
	noError(w.t, err)
	return got[id].Items
}

func testMissingEnds(b edges) {
	mine := b.entities(3)
	foreign := b.at(newScope()).entities(1)[0]
	stored := b.edge(mine[0], mine[1])
	b.save(stored)
	missing := map[string]stores.Ref{
		"unknown": entity(stores.NewID()), "foreign": entity(foreign), "malformed": entity("x"),
		"of another kind": {Kind: stores.KindProcedure, ID: mine[1]},
	}
	for what, ref := range missing {
		for _, source := range []bool{true, false} {
			good, bad, changed := b.edge(mine[1], mine[2]), b.edge(mine[0], mine[2]), *stored
			changed.Weight = 0.9
			end := &bad.Target
			if source {
				end = &bad.Source
			}
			*end = ref
			refused(b.t, "put of an edge with an end that is "+what, b.put(b.ctx(), b.scope, []*stores.Relationship{good, &changed, bad}), stores.ErrNotFound)
			same(b.t, "edges", 1, b.total(stores.Filter{}))
			b.holds("edge of a refused batch", stored)
		}
	}
	moved := *stored
	moved.Target, moved.Version = entity(stores.NewID()), 2
	refused(b.t, "swap to an unknown end", b.swap(b.ctx(), b.scope, &moved), stores.ErrNotFound)
	b.holds("edge after a refused swap", stored)
}

func testByNode(b edges) {
	ends := b.entities(5)
	var items []*stores.Relationship
	for i := range 60 {
		r := b.random(b.world, i)
		r.Source, r.Target = entity(ends[1+i%3]), entity(ends[1+(i+1+i%2)%4])
		if r.Source == r.Target {
			continue
		}
		r.Label = string(stores.NewID()) // keys of their own
		items = append(items, r)
	}
	b.save(items...)
	for flow, touches := range map[stores.Flow]func(*stores.Relationship, stores.ID) bool{
		stores.FlowOut:  func(r *stores.Relationship, id stores.ID) bool { return r.Source.ID == id },
		stores.FlowIn:   func(r *stores.Relationship, id stores.ID) bool { return r.Target.ID == id },
		stores.FlowBoth: func(r *stores.Relationship, id stores.ID) bool { return r.Source.ID == id || r.Target.ID == id },
	} {
		want := map[stores.ID][]*stores.Relationship{}
		for _, id := range ends {
			want[id] = slices.DeleteFunc(slices.Clone(items), func(r *stores.Relationship) bool { return !touches(r, id) })
		}
		read := func(ctx context.Context, s stores.Scope, ids []stores.ID, q stores.Query) (map[stores.ID]stores.Slice[*stores.Relationship], error) {
			return b.set.Relationships.ByNode(ctx, s, ids, flow, q)
		}
		children[stores.Relationship]{b, read}.test(ends, want)
	}
}

// testEdgesOutlivePut replaces both ends of an edge: the edge stays.
func testEdgesOutlivePut(b edges) {
	ends := b.entities(2)
	r := b.edge(ends[0], ends[1])
	b.save(r)
	nodes := bench[stores.Entity]{b.world, entityNoun(b.set)}
	for _, id := range ends {
		e := nodes.get(nil, id)[id]
		nodes.save(e)
		e.Version++
		noError(b.t, nodes.swap(b.ctx(), b.scope, e))
	}
	b.holds("edge after its ends were written again", r)
	same(b.t, "edges of its source", 1, len(b.byNode(ends[0])))
}

// testDeletedEnds deletes nodes of every kind: their edges go with them, and no others.
func testDeletedEnds(b edges) {
	ends := b.entities(3)
	nodes := map[stores.Kind]func() (stores.ID, func()){
		stores.KindEntity: func() (stores.ID, func()) {
			n := bench[stores.Entity]{b.world, entityNoun(b.set)}
			e := n.bare(b.world)
			n.save(e)
			return e.ID, func() { n.remove(e.ID) }
		},
	}
	if b.set.Episodes != nil {
		nodes[stores.KindEpisode] = func() (stores.ID, func()) {
			n := bench[stores.Episode]{b.world, episodeNoun(b.set)}
			e := n.bare(b.world)
			n.save(e)
			return e.ID, func() { n.remove(e.ID) }
		}
	}
	if b.set.Procedures != nil {
		nodes[stores.KindProcedure] = func() (stores.ID, func()) {
			n := bench[stores.Procedure]{b.world, procedureNoun(b.set)}
			p := n.bare(b.world)
			n.save(p)
			return p.ID, func() { n.remove(p.ID) }
		}
	}
	for kind, make := range nodes {
		id, remove := make()
		out, in, other := b.edge(ends[0], ends[1]), b.edge(ends[1], ends[2]), b.edge(ends[2], ends[0])
		out.Source, in.Target = stores.Ref{Kind: kind, ID: id}, stores.Ref{Kind: kind, ID: id}
		b.save(out, in, other)
		b.holds("edge from a "+string(kind), out)
		b.holds("edge to a "+string(kind), in)
		remove()
		got := b.get(nil, out.ID, in.ID, other.ID)
		if len(got) != 1 || got[other.ID] == nil {
			b.t.Errorf("after a %s was deleted %d of its 2 edges and 1 other are left", kind, len(got))
		}
		same(b.t, "edges left at the far end", 1, len(b.byNode(ends[2])))
		refused(b.t, "put of an edge to a deleted "+string(kind), b.put(b.ctx(), b.scope, []*stores.Relationship{out}), stores.ErrNotFound)
		b.remove(other.ID)
	}
}
