package storestest

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"thalamus/stores"
)

// tolerance is how far a score may lie from the exact one: engines compute with 32 bits.
const tolerance = 1e-4

// ranks wants hits to be the best of the points for a vector, in order, ties by id.
func (c *cloud) ranks(what string, vector []float32, points []stores.Point, limit int, hits []stores.Hit) {
	c.t.Helper()
	if want := min(limit, len(points)); len(hits) != want {
		c.t.Errorf("%s: %d hits, want %d", what, len(hits), want)
	}
	exact := map[stores.ID]float64{}
	for _, p := range points {
		exact[p.ID] = cosine(vector, p.Vector)
	}
	worst := 1.0
	for i, hit := range hits {
		score, known := exact[hit.ID]
		if !known {
			c.t.Errorf("%s: hit %d is unknown, or comes twice, or should not match", what, i)
			continue
		}
		delete(exact, hit.ID)
		if math.IsNaN(hit.Score) || math.Abs(hit.Score-score) > tolerance || hit.Score < 0 || hit.Score > 1 {
			c.t.Errorf("%s: hit %d has score %v, want %v", what, i, hit.Score, score)
		}
		worst = min(worst, score)
	}
	c.descends(what, hits)
	for id, score := range exact {
		if score > worst+tolerance {
			c.t.Errorf("%s: point %s with score %v is missing, though one with %v was found", what, id, score, worst)
		}
	}
}

// descends wants the best first, and equals in the order of their ids.
func (c *cloud) descends(what string, hits []stores.Hit) {
	c.t.Helper()
	if !slices.IsSortedFunc(hits, func(a, b stores.Hit) int { return cmp.Or(-cmp.Compare(a.Score, b.Score), cmp.Compare(a.ID, b.ID)) }) {
		c.t.Errorf("%s: hits are not in order: %v", what, hits)
	}
}

func testDense(c *cloud) {
	points := c.filled(200)
	c.at(newScope(), c.in).filled(20)
	c.at(c.scope, stores.CollectionTodos).filled(20)
	for i := range 10 {
		vector := c.unit()
		if i%2 == 0 {
			vector = points[i].Vector
		}
		for _, limit := range []int{1, 10, 200, stores.MaxHits} {
			hits := c.search(stores.Search{Vector: vector, Limit: limit})[0]
			c.ranks(fmt.Sprintf("the %d nearest", limit), vector, points, limit, hits)
		}
		where := c.promised(c.conditions(points).tree(2))
		checked, err := stores.PointSpec.Check(where)
		noError(c.t, err)
		some := slices.DeleteFunc(slices.Clone(points), func(p stores.Point) bool { return !checked.Match(payload(p)) })
		hits := c.search(stores.Search{Vector: vector, Where: where, Limit: 7})[0]
		c.ranks("the nearest where "+show(where), vector, some, 7, hits)
	}
	empty := c.at(newScope(), c.in)
	same(c.t, "hits in an empty scope", 0, len(empty.search(stores.Search{Vector: c.unit(), Limit: 5})[0]))
}

// testTies gives some points one vector: their scores are equal, and their ids decide.
func testTies(c *cloud) {
	points := make([]stores.Point, 20)
	vector := c.unit()
	for i := range points {
		points[i] = c.point()
		if i%2 == 0 {
			points[i].Vector = vector
		}
	}
	mixed := slices.Clone(points)
	c.rand.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	c.upsert(mixed...)
	hits := c.search(stores.Search{Vector: vector, Limit: 20})[0]
	c.ranks("points of one vector", vector, points, 20, hits)
	var first, want []stores.ID
	for i := range 10 {
		first, want = append(first, hits[i].ID), append(want, points[2*i].ID)
	}
	same(c.t, "points of one vector, in order", want, first)
}

func testThreshold(c *cloud) {
	points := c.filled(100)
	vector := points[0].Vector
	scores := make([]float64, len(points))
	for i, p := range points {
		scores[i] = cosine(vector, p.Vector)
	}
	slices.Sort(scores)
	for i := 60; i < 99; i += 7 {
		threshold := (scores[i] + scores[i+1]) / 2
		if threshold-scores[i] < 2*tolerance {
			continue
		}
		hits := c.search(stores.Search{Vector: vector, Threshold: threshold, Limit: stores.MaxHits})[0]
		same(c.t, fmt.Sprintf("hits with a score of at least %v", threshold), 99-i, len(hits))
		for _, hit := range hits {
			if hit.Score < threshold {
				c.t.Errorf("a hit with score %v is below the threshold %v", hit.Score, threshold)
			}
		}
	}
}

// testLengths searches with vectors of any length: only their direction counts. A zero vector has none and finds no
// likeness, but does no harm.
func testLengths(c *cloud) {
	points := c.filled(20)
	for i, p := range points {
		points[i].Vector = scaled(p.Vector, float32(math.Pow(10, float64(i%7-3))))
	}
	c.upsert(points...)
	vector := points[3].Vector
	c.ranks("points of any length", vector, points, 20, c.search(stores.Search{Vector: vector, Limit: 20})[0])
	c.ranks("points of any length for a long vector", vector, points, 20, c.search(stores.Search{Vector: scaled(vector, 12345), Limit: 20})[0])

	zero := c.point()
	zero.Vector = make([]float32, c.dim)
	c.upsert(zero)
	same(c.t, "zero vectors stored", 1, len(c.get(zero.ID)))
	for _, hits := range c.search(stores.Search{Vector: vector, Limit: 30}, stores.Search{Vector: zero.Vector, Limit: 30}, stores.Search{Like: zero.ID, Limit: 30}) {
		c.descends("with a zero vector about", hits)
		for _, hit := range hits {
			if math.IsNaN(hit.Score) || hit.ID == zero.ID && hit.Score > tolerance {
				c.t.Errorf("the zero vector has score %v", hit.Score)
			}
		}
	}
	hits := c.search(stores.Search{Vector: vector, Limit: 1})[0]
	same(c.t, "the nearest with a zero vector about", true, len(hits) == 1 && math.Abs(hits[0].Score-1) < tolerance)
}

func scaled(v []float32, by float32) []float32 {
	out := make([]float32, len(v))
	for i := range v {
		out[i] = v[i] * by
	}
	return out
}

func testLike(c *cloud) {
	points := c.filled(50)
	one := points[7]
	others := slices.Delete(slices.Clone(points), 7, 8)
	c.ranks("points like one", one.Vector, others, 10, c.search(stores.Search{Like: one.ID, Limit: 10})[0])
	c.ranks("all points like one", one.Vector, others, 100, c.search(stores.Search{Like: one.ID, Limit: 100})[0])
	where := stores.Where("deprecated", stores.Eq, true)
	some := slices.DeleteFunc(slices.Clone(others), func(p stores.Point) bool { return p.Payload["deprecated"] != true })
	c.ranks("some points like one", one.Vector, some, 100, c.search(stores.Search{Like: one.ID, Where: where, Limit: 100})[0])

	twin := c.point()
	twin.Vector = one.Vector
	c.upsert(twin)
	same(c.t, "the most like one", twin.ID, c.search(stores.Search{Like: one.ID, Limit: 1})[0][0].ID)

	far, elsewhere := c.at(newScope(), c.in), c.at(c.scope, stores.CollectionTodos)
	for what, one := range map[string]*cloud{"scope": far, "collection": elsewhere} {
		one.filled(3)
		same(c.t, "points like one of another "+what, 0, len(one.search(stores.Search{Like: points[7].ID, Limit: 10})[0]))
	}
	for _, id := range []stores.ID{stores.NewID(), "not-an-id", stores.ID(hostile[0])} {
		same(c.t, "points like an unknown one", 0, len(c.search(stores.Search{Like: id, Limit: 10})[0]))
	}
}

// testSearchedCorners searches scopes that look alike: each finds its own point.
func testSearchedCorners(c *cloud) {
	vector := c.unit()
	var corners []*cloud
	var own []stores.ID
	for _, s := range lookalikes() {
		corner := c.at(s, c.in)
		p := corner.point()
		p.Vector = vector
		corner.upsert(p)
		corners, own = append(corners, corner), append(own, p.ID)
	}
	for i, corner := range corners {
		hits := corner.search(stores.Search{Vector: vector, Limit: 100})[0]
		if len(hits) != 1 || hits[0].ID != own[i] {
			c.t.Errorf("scope %s finds %v, want its own point %s", corner.scope.Key(), hits, own[i])
		}
	}
}

// testBatchSearch asks many questions at once, over several collections: answer i belongs to question i.
func testBatchSearch(c *cloud) {
	todos := c.at(c.scope, stores.CollectionTodos)
	points := map[stores.Collection][]stores.Point{c.in: c.filled(30), todos.in: todos.filled(30)}
	var searches []stores.Search
	for i := range 60 {
		in := []stores.Collection{c.in, todos.in}[i%2]
		s := stores.Search{Collection: in, Limit: 1 + i%4}
		switch p := points[in][i/2]; i % 3 {
		case 0:
			s.Vector = p.Vector
		case 1:
			s.Like = p.ID
		default:
			s.Vector, s.Where = c.unit(), stores.Where("deprecated", stores.IsNull, true)
		}
		searches = append(searches, s)
	}
	searches = append(searches, stores.Search{Collection: c.in, Like: stores.NewID(), Limit: 3}, searches[0])
	together := c.search(searches...)
	for i, s := range searches {
		same(c.t, fmt.Sprintf("answer %d of a batch", i), c.search(s)[0], together[i])
	}
	same(c.t, "the nearest to a stored vector", points[c.in][0].ID, together[0][0].ID)
}
