// Package recall answers one question with one ranked list. Several legs rank candidates, each in its own way; the ranks
// are fused, and the fusion is explained hit by hit.
package recall

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"thalamus/stores"
)

// Leg names a way of ranking.
type Leg string

// Legs.
const (
	Dense   Leg = "DENSE"   // by meaning: cosine similarity of vectors
	Keyword Leg = "KEYWORD" // by words
	Session Leg = "SESSION" // the episodes before and after a found one in its session
	Graph   Leg = "GRAPH"   // what edges and mentions lead to from what was found
	Text    Leg = "TEXT"    // by words in the texts as they are stored, while the vectors do not answer
)

// Legs lists every leg that has a weight, in the order in which they are asked.
var Legs = []Leg{Dense, Keyword, Session, Graph}

// Weights say how much each leg counts in the fusion; a leg of weight 0 is not asked.
type Weights map[Leg]float64

// DefaultWeights favour words over meaning, because the built-in embedder is lexical itself and then says little that
// the keyword leg does not say better. The session leg helps as long as it breaks ties: from about 0.3 on, neighbours
// push out what was found itself.
var DefaultWeights = Weights{Dense: 0.5, Keyword: 1, Session: 0.2, Graph: 0.3}

// Kinds are the nouns that can be recalled.
var Kinds = []stores.Kind{stores.KindEpisode, stores.KindEntity, stores.KindProcedure, stores.KindTodo}

// Query is a question.
type Query struct {
	Text    string        // 1..10,000 characters
	Kinds   []stores.Kind // nil: all
	First   int           // 1..200
	Where   Where
	Weights Weights // of the legs; a leg that is not named has its default
	Expand  *Expand // nil: the graph leg is not asked

	// Fields names the heavy fields of a kind to bring along.
	Fields func(stores.Kind) []stores.Field
}

// Expand says how far the graph leg follows edges.
type Expand struct {
	Depth     int // 1 or 2
	Types     []stores.RelationType
	MinWeight float64
}

// Answer is what was found, best first, and which legs were asked.
type Answer struct {
	Hits []Hit
	Legs []LegReport
	Err  error // of a store that could not say whether it has what was found; its nodes are left out
}

// LegReport says how a leg fared.
type LegReport struct {
	Leg        Leg
	Weight     float64
	Candidates int
	Err        error // why it could not be asked
}

// Hit is something found.
type Hit struct {
	Node  stores.Node
	Score float64 // Σ of the contributions
	Legs  []HitLeg
}

// HitLeg is what one leg says of a hit.
type HitLeg struct {
	Leg          Leg
	Rank         int // from 1
	Score        float64
	Contribution float64 // weight / (60 + rank)
}

// Engine answers questions from opened stores.
type Engine struct{ set *stores.Set }

// New makes an engine.
func New(set *stores.Set) *Engine { return &Engine{set: set} }

// Limits of a query.
const (
	maxText  = 10_000
	maxFirst = 200
	maxDepth = 2
)

func (q *Query) check() error {
	var c stores.Check
	c.Text("text", q.Text, 1, maxText)
	c.That(len(q.Kinds) > 0, "kinds", "must name at least one noun, or be left out for all of them")
	c.That(q.First >= 1 && q.First <= maxFirst, "first", "is %d; it must be between 1 and %d", q.First, maxFirst)
	for _, leg := range Legs {
		w, given := q.Weights[leg]
		c.That(!given || w >= 0 && w <= 100, "legs", "a weight must be between 0 and 100")
	}
	if q.Expand != nil {
		c.That(q.Expand.Depth >= 1 && q.Expand.Depth <= maxDepth, "expand.depth", "is %d; it must be 1 or %d", q.Expand.Depth, maxDepth)
		c.Unit("expand.minWeight", q.Expand.MinWeight)
	}
	return c.Err()
}

func (q *Query) weight(leg Leg) float64 {
	if leg == Graph && q.Expand == nil {
		return 0
	}
	if leg == Text { // stands in for words
		leg = Keyword
	}
	if w, ok := q.Weights[leg]; ok {
		return w
	}
	return DefaultWeights[leg]
}

// Recall answers a question. A leg that cannot be asked is left out and reported; when none of those that search can be
// asked, the answer is the error of the first. Nodes of a store that does not answer are left out and reported, too, as
// long as another store has some. When the context is [stores.Strong], any of these is an error.
func (e *Engine) Recall(ctx context.Context, s stores.Scope, q Query) (*Answer, error) {
	if q.Kinds == nil {
		q.Kinds = Kinds
	}
	if q.Where.ValidAt.IsZero() {
		q.Where.ValidAt = stores.Now()
	}
	if err := q.check(); err != nil {
		return nil, err
	}
	run := &run{Engine: e, scope: s, query: q}
	if err := run.search(ctx); err != nil {
		return nil, err
	}
	run.spread(ctx)
	if err := run.failed(); err != nil && stores.IsStrong(ctx) {
		return nil, err
	}
	hits, err := run.verify(ctx, run.fuse())
	if err != nil && (len(hits) == 0 || stores.IsStrong(ctx)) {
		return nil, err
	}
	return &Answer{Hits: hits, Legs: run.reports, Err: err}, nil
}

// candidate is a node in the ranking of a leg.
type candidate struct {
	ref   stores.Ref
	score float64
}

// run is one question being answered.
type run struct {
	*Engine
	scope   stores.Scope
	query   Query
	legs    []ranking
	reports []LegReport
}

type ranking struct {
	leg        Leg
	weight     float64
	candidates []candidate // best first
}

// rank adds a leg's candidates, best first, ties by id.
func (r *run) rank(leg Leg, found []candidate, err error) {
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.ref.ID, b.ref.ID))
	})
	w := r.query.weight(leg)
	r.legs = append(r.legs, ranking{leg, w, found})
	r.reports = append(r.reports, LegReport{Leg: leg, Weight: w, Candidates: len(found), Err: err})
}

// failed is the error of the first leg that could not be asked.
func (r *run) failed() error {
	for _, l := range r.reports {
		if l.Err != nil {
			return l.Err
		}
	}
	return nil
}

// rrfConstant is k of reciprocal rank fusion, 1/(k + rank): Cormack, Clarke and Büttcher, SIGIR 2009, found 60 to work
// across collections.
const rrfConstant = 60

// fuse joins the rankings: score(d) = Σ over legs of weight / (60 + rank of d), ranks from 1.
func (r *run) fuse() []fused {
	byRef := map[stores.Ref]*fused{}
	for _, l := range r.legs {
		for i, c := range l.candidates {
			f := byRef[c.ref]
			if f == nil {
				f = &fused{ref: c.ref}
				byRef[c.ref] = f
			}
			part := l.weight / float64(rrfConstant+i+1)
			f.score += part
			f.legs = append(f.legs, HitLeg{Leg: l.leg, Rank: i + 1, Score: c.score, Contribution: part})
		}
	}
	all := make([]fused, 0, len(byRef))
	for _, f := range byRef {
		all = append(all, *f)
	}
	slices.SortFunc(all, func(a, b fused) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.ref.ID, b.ref.ID))
	})
	return all
}

type fused struct {
	ref   stores.Ref
	score float64
	legs  []HitLeg
}

// verify reads the candidates from their records of truth, drops those that are gone or that the filter leaves out, and
// keeps the best. It answers what it can beside the first error.
func (r *run) verify(ctx context.Context, all []fused) (hits []Hit, failed error) {
	// Nearly all candidates survive, so a first read of a few more than are wanted is usually the only one.
	for len(all) > 0 && len(hits) < r.query.First {
		n := min(len(all), r.query.First-len(hits)+verifySlack)
		nodes, err := r.read(ctx, all[:n])
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if failed == nil {
			failed = err
		}
		for _, f := range all[:n] {
			if node := nodes[f.ref]; node != nil && r.query.Where.holds(node) && len(hits) < r.query.First {
				hits = append(hits, Hit{Node: node, Score: f.score, Legs: f.legs})
			}
		}
		all = all[n:]
	}
	return hits, failed
}

const verifySlack = 10

func (r *run) read(ctx context.Context, all []fused) (map[stores.Ref]stores.Node, error) {
	byKind := map[stores.Kind][]stores.ID{}
	for _, f := range all {
		byKind[f.ref.Kind] = append(byKind[f.ref.Kind], f.ref.ID)
	}
	nodes := make(map[stores.Ref]stores.Node, len(all))
	err := errors.Join(
		collect(ctx, r, stores.KindEpisode, byKind, r.set.Episodes.ByID, nodes),
		collect(ctx, r, stores.KindEntity, byKind, r.set.Entities.ByID, nodes),
		collect(ctx, r, stores.KindProcedure, byKind, r.set.Procedures.ByID, nodes),
		collect(ctx, r, stores.KindTodo, byKind, r.set.Todos.ByID, nodes),
	)
	return nodes, err
}

func collect[T stores.Node](ctx context.Context, r *run, kind stores.Kind, ids map[stores.Kind][]stores.ID,
	read func(context.Context, stores.Scope, []stores.ID, []stores.Field) (map[stores.ID]T, error), into map[stores.Ref]stores.Node,
) error {
	if len(ids[kind]) == 0 {
		return nil
	}
	var fields []stores.Field
	if r.query.Fields != nil {
		fields = r.query.Fields(kind)
	}
	found, err := read(ctx, r.scope, ids[kind], fields)
	for _, n := range found {
		into[n.Ref()] = n
	}
	return err
}

// Where says which nodes may answer; a zero part says nothing. Nodes of nouns that never have a field are not left out
// by it.
type Where struct {
	SessionID   string
	Since       time.Time
	Until       time.Time
	Outcomes    []stores.Outcome
	EntityTypes []stores.EntityType
	Domains     []stores.Domain
	Statuses    []stores.TodoStatus
	ValidAt     time.Time
}
