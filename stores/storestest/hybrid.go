package storestest

import (
	"cmp"
	"math"
	"slices"

	"thalamus/stores"
)

// fused is what a hybrid search must answer, made from what its two rankings answer by themselves: Σ 1 / (2 + rank).
func (c *cloud) fused(s stores.Search) []stores.Hit {
	c.t.Helper()
	dense, words := s, s
	dense.Text, words.Vector = "", nil
	dense.Limit, words.Limit = s.Limit*3/2, s.Limit*3/2
	dense.Threshold, words.Threshold = 0, 0
	scores := map[stores.ID]float64{}
	for _, ranking := range c.search(dense, words) {
		for rank, hit := range ranking {
			if hit.Score > 0 {
				scores[hit.ID] += 1 / float64(2+rank)
			}
		}
	}
	var hits []stores.Hit
	for id, score := range scores {
		if score >= s.Threshold {
			hits = append(hits, stores.Hit{ID: id, Score: score})
		}
	}
	slices.SortFunc(hits, func(a, b stores.Hit) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID)) })
	return hits[:min(s.Limit, len(hits))]
}

// fuses wants a hybrid search to answer what its rankings say together. Which of equal scores come last is not asked.
func (c *cloud) fuses(what string, s stores.Search) []stores.Hit {
	c.t.Helper()
	want, got := c.fused(s), c.search(s)[0]
	if len(want) != len(got) {
		c.t.Errorf("%s: %d hits, want %d", what, len(got), len(want))
		return got
	}
	c.descends(what, got)
	for i := range want {
		if math.Abs(want[i].Score-got[i].Score) > 1e-5 {
			c.t.Errorf("%s: hit %d has score %v, want %v", what, i, got[i].Score, want[i].Score)
		}
		tied := math.Abs(want[i].Score-want[len(want)-1].Score) < 1e-5
		if want[i].ID != got[i].ID && !tied {
			c.t.Errorf("%s: hit %d is %s, want %s", what, i, got[i].ID, want[i].ID)
		}
	}
	return got
}

// alike is a vector at a distance from another: 0 is the same, 1 far.
func (c *cloud) alike(v []float32, distance float32) []float32 {
	noise, out := c.unit(), make([]float32, len(v))
	for i := range v {
		out[i] = v[i] + distance*noise[i]
	}
	return out
}

// testHybrid stores texts of falling rank by words and vectors of falling rank by meaning, in another order, so that no
// two scores of one ranking are equal.
func testHybrid(c *cloud) {
	question := c.unit()
	texts := []string{
		"amber birch cedar dune", "amber birch cedar x", "amber birch y y", "amber z z z", "none of it", "nothing", "nil", "no",
		"amber birch cedar dune and many more words that make it longer", "",
	}
	points := make([]stores.Point, len(texts))
	for i, text := range texts {
		points[i] = c.point()
		points[i].Text, points[i].Payload = text, map[stores.Field]any{"urgency": float64(i % 3)}
		points[i].Vector = c.alike(question, 0.1+0.11*float32((i*7)%len(texts)))
	}
	points[5].Vector = scaled(question, -1) // the opposite has no likeness
	c.upsert(points...)
	c.at(newScope(), c.in).said("amber birch cedar dune")
	s := stores.Search{Vector: question, Text: "amber birch cedar dune", Limit: 20}
	all := c.fuses("a hybrid search", s)
	same(c.t, "hits by any way", 9, len(all))
	if len(all) > 4 {
		s.Threshold = (all[3].Score + all[4].Score) / 2
		c.fuses("a hybrid search with a threshold", s)
	}
	s.Threshold, s.Where = 0, stores.Where("urgency", stores.Gte, 1)
	c.fuses("a hybrid search with a filter", s)
	s.Where = stores.Filter{Op: stores.Or}
	same(c.t, "hits of a hybrid search where nothing matches", 0, len(c.search(s)[0]))
	c.fuses("a hybrid search for unknown words", stores.Search{Vector: question, Text: "unicorn", Limit: 10})
	c.fuses("a hybrid search for no words", stores.Search{Vector: question, Text: "... !?", Limit: 10})
	c.fuses("a hybrid search by a zero vector", stores.Search{Vector: make([]float32, c.dim), Text: "amber birch cedar dune", Limit: 10})
	same(c.t, "hits of a hybrid search elsewhere", 0, len(c.at(newScope(), c.in).search(stores.Search{Vector: question, Text: "amber", Limit: 10})[0]))
}

// testHybridLimits wants each ranking to bring one and a half times the limit, not less and not more, among other searches.
func testHybridLimits(c *cloud) {
	question := c.unit()
	points := make([]stores.Point, 12)
	for i := range points {
		points[i] = c.point()
		points[i].Vector = c.alike(question, 0.1+0.1*float32(i))
		points[i].Text = ""
		if i >= 6 {
			points[i].Text = []string{"amber", "amber birch", "amber birch cedar", "amber x x", "amber x x x x", "amber x x x x x x x"}[i-6]
		}
	}
	c.upsert(points...)
	for _, limit := range []int{1, 2, 3, 4, 6, 12} {
		c.fuses("a hybrid search with a limit", stores.Search{Vector: question, Text: "amber birch cedar", Limit: limit})
	}
	dense, words := stores.Search{Vector: question, Limit: 3}, stores.Search{Text: "birch", Limit: 3}
	hybrid := stores.Search{Vector: question, Text: "birch", Limit: 3}
	together := c.search(dense, hybrid, words, hybrid)
	ids := func(hits []stores.Hit) (out []stores.ID) {
		for _, h := range hits {
			out = append(out, h.ID)
		}
		return out
	}
	for i, s := range []stores.Search{dense, hybrid, words, hybrid} {
		// Only the ids: what a word is worth may depend on what others store meanwhile.
		same(c.t, "an answer among others", ids(c.search(s)[0]), ids(together[i]))
	}
	_, err := c.Search(c.ctx(), c.scope, []stores.Search{{Collection: c.in, Vector: question, Text: "x", Threshold: 1.5, Limit: 1}})
	refused(c.t, "a threshold that no rank reaches", err, stores.ErrInvalid)
}
