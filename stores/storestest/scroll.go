package storestest

import (
	"fmt"
	"math"
	"slices"

	"thalamus/stores"
)

// payload gives the payload of a point to [stores.Filter.Match].
func payload(p stores.Point) func(stores.Field) any {
	return func(f stores.Field) any { return p.Payload[f] }
}

func (c *cloud) conditions(points []stores.Point) conditions {
	return conditions{c.world, stores.PointSpec, func(f stores.Field) any { return pick(c.world, points).Payload[f] }}
}

// aboutText says that a comparison asks for the order or for parts of texts.
func aboutText(f stores.Filter) bool {
	return stores.PointSpec.Fields[f.Field] == stores.Text && !slices.Contains([]stores.Op{stores.Eq, stores.In, stores.IsNull}, f.Op)
}

// promised is a filter without what the engine does not promise: there, texts are compared for equality instead.
func (c *cloud) promised(f stores.Filter) stores.Filter {
	if c.Features().TextFilters {
		return f
	}
	if aboutText(f) {
		f.Op = stores.Eq
	}
	f.Terms = slices.Clone(f.Terms)
	for i, t := range f.Terms {
		f.Terms[i] = c.promised(t)
	}
	return f
}

// testTextFiltersUnsupported wants an engine to refuse what it does not promise, wherever in a filter it is.
func testTextFiltersUnsupported(c *cloud) {
	points := c.filled(3)
	for _, op := range operators[stores.Text] {
		where := stores.Where("sessionId", op, "s")
		if !aboutText(where) {
			continue
		}
		for _, where := range []stores.Filter{
			where, {Op: stores.Not, Terms: []stores.Filter{where}},
			{Op: stores.Or, Terms: []stores.Filter{stores.Where("deprecated", stores.IsNull, true), {Op: stores.And, Terms: []stores.Filter{where}}}},
		} {
			_, err := c.Scroll(c.ctx(), c.scope, c.in, where, "", 10)
			refused(c.t, "scroll where "+show(where), err, stores.ErrUnsupported)
			_, err = c.Count(c.ctx(), c.scope, c.in, where)
			refused(c.t, "count where "+show(where), err, stores.ErrUnsupported)
			_, err = c.DeleteWhere(c.ctx(), c.scope, c.in, where)
			refused(c.t, "deletion where "+show(where), err, stores.ErrUnsupported)
			c.unsupported(stores.Search{Collection: c.in, Vector: points[0].Vector, Limit: 1, Where: where})
		}
	}
	same(c.t, "points left", len(points), c.count(stores.Filter{}))
}

// matches wants a filter to find and count exactly the points that [stores.Filter.Match] accepts.
func (c *cloud) matches(points []stores.Point, where stores.Filter) {
	c.t.Helper()
	where = c.promised(where)
	checked, err := stores.PointSpec.Check(where)
	noError(c.t, err)
	var want []stores.ID
	for _, p := range points {
		if checked.Match(payload(p)) {
			want = append(want, p.ID)
		}
	}
	got, err := c.Scroll(c.ctx(), c.scope, c.in, where, "", everyone)
	if err != nil {
		c.t.Errorf("scroll where %s: %v", show(where), err)
		return
	}
	if !slices.Equal(want, got) {
		c.t.Errorf("scroll where %s: found %d points, want %d", show(where), len(got), len(want))
	}
	same(c.t, "count where "+show(where), len(want), c.count(where))
	if !c.Features().Dense {
		return
	}
	var found []stores.ID
	for _, hit := range c.search(stores.Search{Vector: points[0].Vector, Where: where, Limit: stores.MaxHits})[0] {
		found = append(found, hit.ID)
	}
	slices.Sort(found)
	if !slices.Equal(want, found) {
		c.t.Errorf("search where %s: found %d points, want %d", show(where), len(found), len(want))
	}
}

func testPointFilters(c *cloud) {
	points := c.filled(50)
	c.conditions(points).every(func(where stores.Filter) { c.matches(points, where) })
	for range 150 {
		c.matches(points, c.conditions(points).tree(3))
	}
}

func testRefusedPointFilters(c *cloud) {
	c.filled(1)
	for _, where := range wrongFilters(stores.PointSpec) {
		_, err := c.Scroll(c.ctx(), c.scope, c.in, where, "", 10)
		refused(c.t, "scroll where "+show(where), err, stores.ErrInvalid)
		_, err = c.Count(c.ctx(), c.scope, c.in, where)
		refused(c.t, "count where "+show(where), err, stores.ErrInvalid)
		if c.Features().Dense {
			_, err = c.Search(c.ctx(), c.scope, []stores.Search{{Collection: c.in, Vector: c.unit(), Limit: 1, Where: where}})
			refused(c.t, "search where "+show(where), err, stores.ErrInvalid)
		}
	}
}

func testScroll(c *cloud) {
	points := c.filled(41)
	all := ids(points)
	for _, size := range []int{1, 7, 40, 41, 42, 500} {
		var got []stores.ID
		for after := stores.ID(""); ; after = got[len(got)-1] {
			page := c.scroll(stores.Filter{}, after, size)
			got = append(got, page...)
			if len(page) == 0 || len(got) > len(all) {
				break
			}
		}
		same(c.t, fmt.Sprintf("points scrolled by %d", size), all, got)
	}
	where := stores.Where("deprecated", stores.Eq, true)
	var some []stores.ID
	for _, p := range points[10:] {
		if p.Payload["deprecated"] == true {
			some = append(some, p.ID)
		}
	}
	same(c.t, "points that match, after one", some, c.scroll(where, points[9].ID, 100))
	_, err := c.Delete(c.ctx(), c.scope, c.in, all[9:10])
	noError(c.t, err)
	same(c.t, "points after one that was deleted", all[10:], c.scroll(stores.Filter{}, all[9], 100))
	for _, limit := range []int{0, -1} {
		_, err := c.Scroll(c.ctx(), c.scope, c.in, stores.Filter{}, "", limit)
		refused(c.t, fmt.Sprintf("scroll by %d", limit), err, stores.ErrInvalid)
	}
}

func testRefusedSearches(c *cloud) {
	id := c.filled(1)[0].ID
	good := stores.Search{Collection: c.in, Vector: c.unit(), Limit: 3}
	if !c.Features().Dense {
		good.Vector, good.Text = nil, "word"
	}
	nan := c.unit()
	nan[len(nan)-1] = float32(math.NaN())
	for what, bad := range map[string]stores.Search{
		"nothing to look for": {Limit: 1},
		"all there is":        {Vector: c.unit(), Like: id, Text: "word", Limit: 1},
		"vector and like":     {Vector: c.unit(), Like: id, Limit: 1},
		"like and text":       {Like: id, Text: "word", Limit: 1},
		"no limit":            {Vector: c.unit()},
		"a negative limit":    {Vector: c.unit(), Limit: -1},
		"too large a limit":   {Vector: c.unit(), Limit: stores.MaxHits + 1},
		"a short vector":      {Vector: c.unit()[1:], Limit: 1},
		"a vector with a NaN": {Vector: nan, Limit: 1},
		"an infinite vector":  {Vector: append(c.unit()[1:], float32(math.Inf(1))), Limit: 1},
	} {
		bad.Collection = c.in
		_, err := c.Search(c.ctx(), c.scope, []stores.Search{good, bad})
		refused(c.t, "search with "+what, err, stores.ErrInvalid)
	}
}
