package storestest

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"thalamus/stores"
)

// Vectors asks whether a backend keeps the contract of [stores.Vectors].
func Vectors(t *testing.T, open func(testing.TB) *stores.Set) {
	shared := open(t)
	bind(t, shared)
	t.Run("Shared", func(t *testing.T) {
		s := suite{t, shared}
		run := func(name string, fn func(*cloud)) {
			s.run(name, func(w *world) { fn(newCloud(w)) })
		}
		run("RoundTrip", testPointRoundTrip)
		run("Texts", testPointTexts)
		run("Replace", testPointReplace)
		run("Batches", func(c *cloud) { testPointBatches(c.at(c.scope, stores.CollectionProcedures)) }) // thousands, in nobody's way
		run("Corners", testCorners)
		run("UpsertRace", testUpsertRace)
		run("SetPayload", testSetPayload)
		run("SetVectors", testSetVectors)
		run("Delete", testPointDelete)
		run("DeleteWhere", testDeleteWhere)
		run("RefusedPoints", testRefusedPoints)
		run("Scroll", testScroll)
		run("Filters", testPointFilters)
		run("RefusedFilters", testRefusedPointFilters)
		run("RefusedSearches", testRefusedSearches)
		run("Interrupted", func(c *cloud) {
			p := c.filled(3)
			interrupted(c.world, c.calls(p[0].ID), func() any { return c.get(append(ids(p), freshPoint)...) })
		})
		if features := shared.Vectors.Features(); features.Dense {
			run("Dense", testDense)
			run("Ties", testTies)
			run("Threshold", testThreshold)
			run("Lengths", testLengths)
			run("Like", testLike)
			run("SearchedCorners", testSearchedCorners)
			run("BatchSearch", testBatchSearch)
		} else {
			run("DenseUnsupported", func(c *cloud) {
				c.unsupported(stores.Search{Collection: c.in, Vector: c.unit(), Limit: 1})
			})
		}
		if shared.Vectors.Features().Hybrid {
			run("Hybrid", testHybrid)
			run("HybridLimits", testHybridLimits)
		} else {
			run("HybridUnsupported", func(c *cloud) {
				c.unsupported(stores.Search{Collection: c.in, Vector: c.unit(), Text: "word", Limit: 1})
			})
		}
		if !shared.Vectors.Features().TextFilters {
			run("TextFiltersUnsupported", testTextFiltersUnsupported)
		}
		if shared.Vectors.Features().Keywords {
			run("Keywords", testKeywords)
			run("KeywordRanking", testKeywordRanking)
			run("KeywordQueries", testKeywordQueries)
			run("KeywordsFollowWrites", testKeywordsFollowWrites)
		} else {
			run("KeywordsUnsupported", func(c *cloud) { c.unsupported(stores.Search{Collection: c.in, Text: "word", Limit: 1}) })
		}
	})
	closed(t, open, func(w *world) []call {
		bind(w.t, w.set)
		c := newCloud(w)
		m, err := c.Model(w.ctx())
		noError(w.t, err)
		return append(c.calls(c.filled(1)[0].ID), call{"Reset", func(ctx context.Context) error { return c.Reset(ctx, m) }},
			call{"Bind", func(ctx context.Context) error { return c.Bind(ctx, m) }}, call{"Model", ask(c.Model)})
	})
	t.Run("Bind", func(t *testing.T) { testBind(t, open(t)) })
	t.Run("Reset", func(t *testing.T) { testReset(t, open(t)) })
}

// bind binds an engine that has no model yet.
func bind(t testing.TB, set *stores.Set) {
	t.Helper()
	m, err := set.Vectors.Model(t.Context())
	noError(t, err)
	if m.Dimension > 0 {
		return
	}
	m = stores.Model{Name: "storestest", Dimension: 24}
	if set.Embedder != nil {
		m = set.Embedder.Model()
	}
	noError(t, set.Vectors.Bind(t.Context(), m))
}

// cloud is a collection of points in a world.
type cloud struct {
	*world
	stores.Vectors
	in  stores.Collection
	dim int
}

func newCloud(w *world) *cloud {
	c := &cloud{w, w.set.Vectors, stores.CollectionEpisodes, 24}
	m, err := c.Model(w.ctx())
	noError(w.t, err)
	if m.Dimension > 0 {
		c.dim = m.Dimension
	}
	return c
}

// at is the cloud of another scope or collection.
func (c *cloud) at(s stores.Scope, in stores.Collection) *cloud {
	return &cloud{c.world.in(s), c.Vectors, in, c.dim}
}

// unit is a random vector of length one.
func (c *cloud) unit() []float32 {
	v, sum := make([]float64, c.dim), 0.0
	for i := range v {
		v[i] = c.rand.NormFloat64()
		sum += v[i] * v[i]
	}
	out := make([]float32, c.dim)
	for i := range v {
		out[i] = float32(v[i] / math.Sqrt(sum))
	}
	return out
}

// point is a random point with some of the payload there can be.
func (c *cloud) point() stores.Point {
	p := stores.Point{ID: stores.NewID(), Vector: c.unit(), Text: c.maybe(), Payload: map[stores.Field]any{}}
	for f, t := range stores.PointSpec.Fields {
		if c.rand.IntN(3) == 0 {
			continue
		}
		p.Payload[f] = map[stores.Type]any{
			stores.Text: c.word(), stores.Number: c.unitNumber(), stores.Bool: c.chance(), stores.Time: c.instant(),
		}[t]
	}
	return p
}

func (c *cloud) unitNumber() float64 { return c.world.unit() }

// filled stores n random points and gives them in the order of their ids.
func (c *cloud) filled(n int) []stores.Point {
	c.t.Helper()
	points := make([]stores.Point, n)
	for i := range points {
		points[i] = c.point()
	}
	mixed := slices.Clone(points)
	c.rand.Shuffle(n, func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	c.upsert(mixed...)
	return points
}

func ids(points []stores.Point) []stores.ID {
	out := make([]stores.ID, len(points))
	for i, p := range points {
		out[i] = p.ID
	}
	return out
}

func (c *cloud) upsert(points ...stores.Point) {
	c.t.Helper()
	noError(c.t, c.Upsert(c.ctx(), c.scope, c.in, points))
}

func (c *cloud) get(ids ...stores.ID) map[stores.ID]stores.Point {
	c.t.Helper()
	got, err := c.Get(c.ctx(), c.scope, c.in, ids)
	noError(c.t, err)
	return got
}

func (c *cloud) count(where stores.Filter) int {
	c.t.Helper()
	n, err := c.Count(c.ctx(), c.scope, c.in, where)
	noError(c.t, err)
	return n
}

func (c *cloud) scroll(where stores.Filter, after stores.ID, limit int) []stores.ID {
	c.t.Helper()
	got, err := c.Scroll(c.ctx(), c.scope, c.in, where, after, limit)
	noError(c.t, err)
	return got
}

func (c *cloud) search(searches ...stores.Search) [][]stores.Hit {
	c.t.Helper()
	for i := range searches {
		if searches[i].Collection == "" {
			searches[i].Collection = c.in
		}
	}
	got, err := c.Search(c.ctx(), c.scope, searches)
	noError(c.t, err)
	if len(got) != len(searches) {
		c.t.Fatalf("%d searches got %d answers", len(searches), len(got))
	}
	return got
}

func (c *cloud) unsupported(s stores.Search) {
	_, err := c.Search(c.ctx(), c.scope, []stores.Search{s})
	refused(c.t, "a search that Features does not promise", err, stores.ErrUnsupported)
}

// freshPoint is the id that an interrupted call must not store.
var freshPoint = stores.NewID()

func (c *cloud) calls(id stores.ID) []call {
	s, in := c.scope, c.in
	fresh := c.point()
	fresh.ID = freshPoint
	old := c.point()
	old.ID = id
	return []call{
		{"Upsert of a new point", func(ctx context.Context) error { return c.Upsert(ctx, s, in, []stores.Point{fresh}) }},
		{"Upsert of a stored point", func(ctx context.Context) error { return c.Upsert(ctx, s, in, []stores.Point{old}) }},
		{"Get", ask(func(ctx context.Context) (map[stores.ID]stores.Point, error) {
			return c.Get(ctx, s, in, []stores.ID{id})
		})},
		{"Search", ask(func(ctx context.Context) ([][]stores.Hit, error) {
			q := stores.Search{Collection: in, Vector: old.Vector, Limit: 3}
			if !c.Features().Dense {
				q.Vector, q.Text = nil, "word"
			}
			return c.Search(ctx, s, []stores.Search{q})
		})},
		{"Scroll", ask(func(ctx context.Context) ([]stores.ID, error) { return c.Scroll(ctx, s, in, stores.Filter{}, "", 3) })},
		{"Count", ask(func(ctx context.Context) (int, error) { return c.Count(ctx, s, in, stores.Filter{}) })},
		{"SetPayload", func(ctx context.Context) error {
			return c.SetPayload(ctx, s, in, map[stores.ID]map[stores.Field]any{id: {"type": "changed"}})
		}},
		{"SetVectors", func(ctx context.Context) error {
			return c.SetVectors(ctx, s, in, map[stores.ID][]float32{id: old.Vector})
		}},
		{"Delete", ask(func(ctx context.Context) (int, error) { return c.Delete(ctx, s, in, []stores.ID{id}) })},
		{"DeleteWhere", ask(func(ctx context.Context) (int, error) { return c.DeleteWhere(ctx, s, in, stores.Filter{}) })},
	}
}

// testBind has an engine to itself. Many bind it at once, as gateways that start together do, and each stores a point:
// all agree, and no point is lost. Another embedder is refused from then on.
func testBind(t *testing.T, set *stores.Set) {
	m := stores.Model{Name: "storestest", Dimension: 24}
	if bound, err := set.Vectors.Model(t.Context()); err != nil || bound.Dimension > 0 {
		noError(t, err)
		m = bound
	}
	c := &cloud{newWorld(t, set), set.Vectors, stores.CollectionEpisodes, m.Dimension}
	points := make([]stores.Point, writers)
	for i := range points {
		points[i] = c.point()
	}
	noError(t, errors.Join(race(func(i int) error {
		return cmp.Or(c.Bind(c.ctx(), m), c.Upsert(c.ctx(), c.scope, c.in, points[i:i+1]))
	})...))
	same(t, "points after many binds", writers, c.count(stores.Filter{}))
	got, err := c.Model(c.ctx())
	noError(t, err)
	same(t, "model after many binds", m, got)
	for _, other := range []stores.Model{{Name: "another", Dimension: m.Dimension}, {Name: m.Name, Dimension: m.Dimension + 1}} {
		refused(t, "Bind to another embedder", c.Bind(c.ctx(), other), stores.ErrConflict)
	}
	refused(t, "Bind to no embedder", c.Bind(c.ctx(), stores.Model{Name: "none"}), stores.ErrInvalid)
	same(t, "points after refused binds", writers, c.count(stores.Filter{}))
}

// testReset has an engine to itself: Reset reaches every scope.
func testReset(t *testing.T, set *stores.Set) {
	bind(t, set)
	c := newCloud(newWorld(t, set))
	c.filled(1)
	old, err := c.Model(c.ctx())
	noError(t, err)
	clouds := []*cloud{c, c.at(newScope(), c.in), c.at(c.scope, stores.CollectionTodos)}
	for _, one := range clouds {
		one.filled(4)
		one.said("forgotten")
	}
	gone, cancel := context.WithCancel(c.ctx())
	cancel()
	other := stores.Model{Name: "another embedder", Dimension: old.Dimension + 3}
	refused(t, "Reset with a cancelled context", set.Vectors.Reset(gone, other), context.Canceled)
	same(t, "points after a cancelled Reset", 6, c.count(stores.Filter{}))

	noError(t, set.Vectors.Reset(c.ctx(), other))
	for _, one := range clouds {
		same(t, "points after a Reset", 0, one.count(stores.Filter{}))
		same(t, "points scrolled after a Reset", 0, len(one.scroll(stores.Filter{}, "", 10)))
		refused(t, "a vector of the old length", c.Upsert(c.ctx(), one.scope, one.in, []stores.Point{one.point()}), stores.ErrInvalid)
		one.dim = other.Dimension
		p := one.filled(4)
		same(t, "points of the new length", 4, len(one.get(ids(p)...)))
		if c.Features().Keywords {
			one.finds(stores.Search{Text: "forgotten"})
		}
		if c.Features().Dense {
			same(t, "hits among points of the new length", p[2].ID, one.search(stores.Search{Vector: p[2].Vector, Limit: 1})[0][0].ID)
		}
	}
	m, err := set.Vectors.Model(c.ctx())
	noError(t, err)
	same(t, "model after a Reset", other, m)
	noError(t, set.Vectors.Reset(c.ctx(), old))
}
