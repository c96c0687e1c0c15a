package storestest

import (
	"fmt"
	"math"
	"slices"

	"thalamus/stores"
)

// said stores points of the given texts.
func (c *cloud) said(texts ...string) []stores.Point {
	c.t.Helper()
	points := make([]stores.Point, len(texts))
	for i, text := range texts {
		points[i] = c.point()
		points[i].Text = text
	}
	c.upsert(points...)
	return points
}

// finds wants a keyword search to find exactly the given points, best first, with positive scores.
func (c *cloud) finds(s stores.Search, want ...stores.Point) []stores.Hit {
	c.t.Helper()
	s.Limit = max(s.Limit, 100)
	what := fmt.Sprintf("points with any word of %q", s.Text)
	hits := c.search(s)[0]
	c.descends(what, hits)
	var got []stores.ID
	for _, hit := range hits {
		if !(hit.Score > 0) || math.IsInf(hit.Score, 0) {
			c.t.Errorf("%s: score %v", what, hit.Score)
		}
		got = append(got, hit.ID)
	}
	slices.Sort(got)
	same(c.t, what, slices.Sorted(slices.Values(ids(want))), got)
	return hits
}

func testKeywords(c *cloud) {
	p := c.said("quick brown fox jumps", "lazy dog sleeps", "quick silver with brown bread", "zebra", "", "fox, dog; zebra!", "common x", "common y")
	c.at(newScope(), c.in).said("quick fox", "dog zebra")
	c.at(c.scope, stores.CollectionTodos).said("quick fox", "dog zebra")
	c.finds(stores.Search{Text: "quick"}, p[0], p[2])
	c.finds(stores.Search{Text: "fox"}, p[0], p[5])
	c.finds(stores.Search{Text: "fox dog"}, p[0], p[1], p[5])
	c.finds(stores.Search{Text: "zebra unicorn"}, p[3], p[5])
	c.finds(stores.Search{Text: "unicorn"})
	c.finds(stores.Search{Text: "  bread\n\tsleeps  "}, p[1], p[2])
	c.finds(stores.Search{Text: "zebra zebra zebra"}, p[3], p[5])
	c.finds(stores.Search{Text: "common"}, p[6], p[7])

	hits := c.search(stores.Search{Text: "quick dog zebra", Limit: 2})[0]
	same(c.t, "hits within a limit", 2, len(hits))
	same(c.t, "hits above any score", 0, len(c.search(stores.Search{Text: "quick", Limit: 5, Threshold: math.MaxFloat64})[0]))
	for i := range p {
		p[i].Payload = map[stores.Field]any{"urgency": float64(i)}
	}
	c.upsert(p...)
	c.finds(stores.Search{Text: "fox dog", Where: stores.Where("urgency", stores.Gte, 1)}, p[1], p[5])
	c.finds(stores.Search{Text: "fox dog", Where: stores.Where("urgency", stores.IsNull, true)})
}

// testKeywordRanking wants what has more of the words to come before what has fewer, other things being equal.
func testKeywordRanking(c *cloud) {
	p := c.said("alpha bravo charlie", "alpha delta echo", "golf hotel india", "bravo juliet kilo")
	for range 6 {
		c.said("lima mike november", "oscar papa quebec")
	}
	hits := c.finds(stores.Search{Text: "bravo alpha"}, p[0], p[1], p[3])
	same(c.t, "the best hit", p[0].ID, hits[0].ID)
	same(c.t, "words that two points share", true, hits[0].Score > hits[1].Score)
}

// testKeywordQueries asks with every hostile text: a query is words, whatever it looks like.
func testKeywordQueries(c *cloud) {
	known := c.said(append(slices.Clone(hostile), "plain words here")...)
	queries := append(slices.Clone(hostile), " ", "\"", "'", "(", ")", "*", "plain*", "-plain", "+plain", "NOT", "AND OR", "text:plain", "plain^2", "{plain", "a\"b", "\u00a0", "....", "NEAR/2")
	for _, q := range queries {
		hits := c.search(stores.Search{Text: q, Limit: 1000})[0]
		c.descends(q, hits)
		for _, hit := range hits {
			if !slices.ContainsFunc(known, func(p stores.Point) bool { return p.ID == hit.ID }) {
				c.t.Errorf("the query %q finds the unknown point %s", q, hit.ID)
			}
		}
	}
	plain := known[len(known)-1]
	for _, q := range []string{`"plain"`, "plain)", "(plain", "plain;", "text:plain", "NOT plain", "plain AND", "plain -unicorn", "'plain", "unicorn AND plain"} {
		hits := c.search(stores.Search{Text: q, Limit: 1000})[0]
		if !slices.ContainsFunc(hits, func(h stores.Hit) bool { return h.ID == plain.ID }) {
			c.t.Errorf("the query %q does not find %q", q, plain.Text)
		}
	}
}

func testKeywordsFollowWrites(c *cloud) {
	p := c.said("before", "steady")
	p[0].Text = "after"
	c.upsert(p[0])
	c.finds(stores.Search{Text: "before"})
	c.finds(stores.Search{Text: "after steady"}, p[0], p[1])
	noError(c.t, c.SetPayload(c.ctx(), c.scope, c.in, map[stores.ID]map[stores.Field]any{p[0].ID: {"type": "changed"}}))
	c.finds(stores.Search{Text: "after", Where: stores.Where("type", stores.Eq, "changed")}, p[0])
	_, err := c.Delete(c.ctx(), c.scope, c.in, []stores.ID{p[0].ID})
	noError(c.t, err)
	c.finds(stores.Search{Text: "after steady"}, p[1])
	_, err = c.DeleteWhere(c.ctx(), c.scope, c.in, stores.Filter{})
	noError(c.t, err)
	c.finds(stores.Search{Text: "after steady"})
	c.upsert(p[0])
	c.finds(stores.Search{Text: "after"}, p[0])
}
