package storestest

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"thalamus/stores"
)

// holds wants the stored point to be the given one. Vectors are compared by direction: some engines keep unit vectors.
func (c *cloud) holds(what string, want stores.Point) {
	c.t.Helper()
	got, there := c.get(want.ID)[want.ID]
	if !there {
		c.t.Errorf("%s: the point is not there", what)
		return
	}
	if len(got.Vector) != len(want.Vector) || cosine(got.Vector, want.Vector) < 1-1e-5 {
		c.t.Errorf("%s: vector %v, want %v", what, got.Vector, want.Vector)
	}
	got.Vector, want.Vector = nil, nil
	same(c.t, what, want, got)
}

// cosine is the cosine similarity cut to 0..1.
func cosine(a, b []float32) float64 {
	var dot, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		dot, aa, bb = dot+x*y, aa+x*x, bb+y*y
	}
	return max(0, min(1, dot/math.Sqrt(aa*bb)))
}

func testPointRoundTrip(c *cloud) {
	for _, p := range c.filled(40) {
		c.holds("random point", p)
	}
	bare := stores.Point{ID: stores.NewID(), Vector: c.unit()}
	c.upsert(bare)
	c.holds("point without text and payload", bare)
	p := c.point()
	p.Payload = map[stores.Field]any{"timestamp": time.Date(2024, 3, 31, 1, 2, 3, 123_456_789, time.FixedZone("", 7200)), "urgency": -5e-324}
	c.upsert(p)
	p.Payload["timestamp"] = time.Date(2024, 3, 30, 23, 2, 3, 123_456_000, time.UTC)
	c.holds("instant of another zone and finer precision", p)
	got := c.get(bare.ID, stores.NewID(), "not-an-id", bare.ID)
	same(c.t, "points of one known id and two unknown ones", 1, len(got))
}

func testPointTexts(c *cloud) {
	for _, s := range hostile {
		p := c.point()
		p.Text, p.Payload = s, map[stores.Field]any{"sessionId": s, "type": s}
		c.upsert(p)
		c.holds(fmt.Sprintf("point with %q", s), p)
		same(c.t, fmt.Sprintf("points whose session is %q", s), []stores.ID{p.ID}, c.scroll(stores.Where("sessionId", stores.Eq, s), "", 5))
	}
	p := c.point()
	p.Text = full(stores.MaxContent)
	c.upsert(p)
	c.holds("point with the longest text", p)
}

func testPointReplace(c *cloud) {
	old := c.filled(1)[0]
	p := stores.Point{ID: old.ID, Vector: c.unit(), Text: "new", Payload: map[stores.Field]any{"urgency": 2.0}}
	c.upsert(p)
	c.holds("replaced point", p)
	p.Text, p.Payload = "", nil
	c.upsert(p)
	c.holds("replaced by a bare point", p)
	c.upsert(p)
	same(c.t, "points", 1, c.count(stores.Filter{}))
}

func testPointBatches(c *cloud) {
	c.upsert()
	same(c.t, "points of no ids", 0, len(c.get()))
	same(c.t, "answers to no searches", 0, len(c.search()))
	noError(c.t, c.SetPayload(c.ctx(), c.scope, c.in, nil))
	n, err := c.Delete(c.ctx(), c.scope, c.in, nil)
	noError(c.t, err)
	same(c.t, "points deleted by no ids", 0, n)

	first, second := c.point(), c.point()
	second.ID = first.ID
	c.upsert(first, c.point(), second)
	c.holds("the later of two with one id", second)
	same(c.t, "points", 2, c.count(stores.Filter{}))

	many := huge()
	points := c.filled(many)
	unknown := make([]stores.ID, many)
	payload := map[stores.ID]map[stores.Field]any{}
	for i := range unknown {
		unknown[i] = stores.NewID()
		payload[points[i].ID], payload[unknown[i]] = map[stores.Field]any{"type": "many"}, map[stores.Field]any{"type": "many"}
	}
	same(c.t, "points of many ids", many, len(c.get(append(unknown, ids(points)...)...)))
	noError(c.t, c.SetPayload(c.ctx(), c.scope, c.in, payload))
	same(c.t, "points of a payload", many, c.count(stores.Where("type", stores.Eq, "many")))
	n, err = c.Delete(c.ctx(), c.scope, c.in, append(unknown, ids(points)...))
	noError(c.t, err)
	same(c.t, "points deleted", many, n)
	same(c.t, "points left", 2, c.count(stores.Filter{}))
}

// testCorners keeps a point of the same id in many scopes that look alike and in every collection.
func testCorners(c *cloud) {
	corners := []*cloud{}
	for _, s := range lookalikes() {
		corners = append(corners, c.at(s, c.in))
	}
	for _, in := range []stores.Collection{stores.CollectionEntities, stores.CollectionProcedures, stores.CollectionTodos} {
		corners = append(corners, c.at(corners[0].scope, in))
	}
	id := stores.NewID()
	points := make([]stores.Point, len(corners))
	for i, corner := range corners {
		points[i] = corner.point()
		points[i].ID, points[i].Text = id, fmt.Sprint("word", i)
		corner.upsert(points[i])
	}
	for i, corner := range corners {
		what := fmt.Sprintf("point of scope %s, collection %s", corner.scope.Key(), corner.in)
		corner.holds(what, points[i])
		same(c.t, what+": count", 1, corner.count(stores.Filter{}))
		same(c.t, what+": scroll", []stores.ID{id}, corner.scroll(stores.Filter{}, "", 100))
	}
	one := corners[0]
	noError(c.t, c.SetPayload(c.ctx(), one.scope, one.in, map[stores.ID]map[stores.Field]any{id: {"type": "mine"}}))
	n, err := c.DeleteWhere(c.ctx(), one.scope, one.in, stores.Filter{})
	noError(c.t, err)
	same(c.t, "points deleted in one corner", 1, n)
	n, err = c.Delete(c.ctx(), one.scope, one.in, []stores.ID{id})
	noError(c.t, err)
	same(c.t, "points deleted once more", 0, n)
	for i, corner := range corners[1:] {
		corner.holds("after deletes in another corner", points[i+1])
	}
}

func testUpsertRace(c *cloud) {
	contested := stores.NewID()
	batches := make([][]stores.Point, writers)
	for i := range batches {
		batches[i] = []stores.Point{c.point(), c.point()}
		batches[i][0].ID = contested
	}
	noError(c.t, errors.Join(race(func(i int) error { return c.Upsert(c.ctx(), c.scope, c.in, batches[i]) })...))
	same(c.t, "points", writers+1, c.count(stores.Filter{}))
	for _, batch := range batches {
		c.holds("point of a concurrent batch", batch[1])
	}
	stored := c.get(contested)[contested]
	if !slices.ContainsFunc(batches, func(batch []stores.Point) bool {
		return diff(batch[0].Payload, stored.Payload) == "" && batch[0].Text == stored.Text
	}) {
		c.t.Errorf("the contested point is a mixture: %+v", stored)
	}
}

func testSetPayload(c *cloud) {
	points := c.filled(3)
	at := c.instant()
	change := map[stores.Field]any{"type": "changed", "urgency": 0.0, "deprecated": false, "timestamp": at}
	far := c.at(newScope(), c.in)
	noError(c.t, c.SetPayload(c.ctx(), far.scope, c.in, map[stores.ID]map[stores.Field]any{points[0].ID: change}))
	c.holds("after a foreign change", points[0])
	same(c.t, "points made by a change of an unknown one", 0, far.count(stores.Filter{}))

	noError(c.t, c.SetPayload(c.ctx(), c.scope, c.in, map[stores.ID]map[stores.Field]any{
		points[0].ID: change, points[1].ID: {"sessionId": "s", "outcome": nil}, points[2].ID: {}, stores.NewID(): change,
	}))
	maps.Copy(points[0].Payload, change)
	points[1].Payload["sessionId"] = "s"
	delete(points[1].Payload, "outcome")
	for _, p := range points {
		c.holds("after a merge", p)
	}
	same(c.t, "points", 3, c.count(stores.Filter{}))
	same(c.t, "points without what was taken out", true,
		slices.Contains(c.scroll(stores.Where("outcome", stores.IsNull, true), "", 5), points[1].ID))
	same(c.t, "points that match the change", points[0].ID, c.scroll(stores.Where("type", stores.Eq, "changed"), "", 5)[0])
	if c.Features().Dense {
		hits := c.search(stores.Search{Vector: points[0].Vector, Where: stores.Where("type", stores.Eq, "changed"), Limit: 5})[0]
		same(c.t, "hits among the changed", 1, len(hits))
	}
	err := c.SetPayload(c.ctx(), c.scope, c.in, map[stores.ID]map[stores.Field]any{points[0].ID: {"nosuchfield": "x"}})
	refused(c.t, "an unknown payload field", err, stores.ErrInvalid)
	c.holds("after a refused change", points[0])
}

func testSetVectors(c *cloud) {
	points := c.said("one", "two", "three")
	change := map[stores.ID][]float32{points[0].ID: c.unit(), points[1].ID: scaled(c.unit(), 7), stores.NewID(): c.unit()}
	far := c.at(newScope(), c.in)
	noError(c.t, far.SetVectors(c.ctx(), far.scope, c.in, change))
	c.holds("after a foreign change", points[0])
	same(c.t, "points made by a change of an unknown one", 0, far.count(stores.Filter{}))

	noError(c.t, c.SetVectors(c.ctx(), c.scope, c.in, change))
	noError(c.t, c.SetVectors(c.ctx(), c.scope, c.in, nil))
	points[0].Vector, points[1].Vector = change[points[0].ID], change[points[1].ID]
	for _, p := range points {
		c.holds("after a change of vectors", p)
	}
	same(c.t, "points", 3, c.count(stores.Filter{}))
	if c.Features().Dense {
		same(c.t, "the nearest to a new vector", points[1].ID, c.search(stores.Search{Vector: points[1].Vector, Limit: 1})[0][0].ID)
	}
	if c.Features().Keywords {
		c.finds(stores.Search{Text: "two"}, points[1])
	}
	for what, bad := range map[string][]float32{
		"a short vector": c.unit()[1:], "no vector": nil, "an infinite vector": append(c.unit()[1:], float32(math.Inf(1))),
	} {
		err := c.SetVectors(c.ctx(), c.scope, c.in, map[stores.ID][]float32{points[0].ID: c.unit(), points[2].ID: bad})
		refused(c.t, what, err, stores.ErrInvalid)
		c.holds("after "+what, points[0])
	}
}

func testPointDelete(c *cloud) {
	points := c.filled(5)
	n, err := c.Delete(c.ctx(), c.scope, c.in, []stores.ID{points[0].ID, points[1].ID, points[0].ID, stores.NewID(), "not-an-id"})
	noError(c.t, err)
	same(c.t, "deleted", 2, n)
	same(c.t, "left", ids(points[2:]), c.scroll(stores.Filter{}, "", 10))
	if c.Features().Dense {
		for _, hit := range c.search(stores.Search{Vector: points[0].Vector, Limit: 10})[0] {
			if hit.ID == points[0].ID {
				c.t.Error("a deleted point is found")
			}
		}
	}
	c.upsert(points[0])
	c.holds("deleted and stored again", points[0])
}

func testDeleteWhere(c *cloud) {
	points := c.filled(40)
	far := c.at(newScope(), c.in)
	foreign := far.filled(3)
	where := stores.Where("deprecated", stores.Eq, true)
	var left []stores.ID
	for _, p := range points {
		if p.Payload["deprecated"] != true {
			left = append(left, p.ID)
		}
	}
	n, err := c.DeleteWhere(c.ctx(), c.scope, c.in, where)
	noError(c.t, err)
	same(c.t, "deleted", len(points)-len(left), n)
	same(c.t, "left", left, c.scroll(stores.Filter{}, "", 100))
	_, err = c.DeleteWhere(c.ctx(), c.scope, c.in, stores.Where("nosuchfield", stores.IsNull, true))
	refused(c.t, "deletion where an unknown field", err, stores.ErrInvalid)
	same(c.t, "left after a refusal", left, c.scroll(stores.Filter{}, "", 100))
	n, err = c.DeleteWhere(c.ctx(), c.scope, c.in, stores.Filter{})
	noError(c.t, err)
	same(c.t, "deleted without a condition", len(left), n)
	same(c.t, "foreign points", ids(foreign), far.scroll(stores.Filter{}, "", 10))
}

func testRefusedPoints(c *cloud) {
	old := c.filled(1)[0]
	spoiled := func(spoil func(*stores.Point)) stores.Point {
		p := c.point()
		spoil(&p)
		return p
	}
	for what, bad := range map[string]stores.Point{
		"a short vector":           spoiled(func(p *stores.Point) { p.Vector = p.Vector[1:] }),
		"a long vector":            spoiled(func(p *stores.Point) { p.Vector = append(p.Vector, 0.5) }),
		"a vector with a NaN":      spoiled(func(p *stores.Point) { p.Vector[1] = float32(math.NaN()) }),
		"an infinite vector":       spoiled(func(p *stores.Point) { p.Vector[0] = float32(math.Inf(-1)) }),
		"an unknown payload field": spoiled(func(p *stores.Point) { p.Payload["nosuchfield"] = "x" }),
		"a text as a number":       spoiled(func(p *stores.Point) { p.Payload["urgency"] = "high" }),
	} {
		changed := old
		changed.Text = "changed"
		refused(c.t, what, c.Upsert(c.ctx(), c.scope, c.in, []stores.Point{c.point(), changed, bad}), stores.ErrInvalid)
		same(c.t, "points after "+what, 1, c.count(stores.Filter{}))
		c.holds("a point after "+what, old)
	}
}
