package sqlite_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"thalamus/stores"
)

func TestVectorsScrollAndCount(t *testing.T) {
	ctx := context.Background()
	_, v := openVectors(t)
	points := randomPoints(rand.New(rand.NewPCG(8, 8)), 60, 4)
	must(t, v.Upsert(ctx, alice, episodes, points))
	must(t, v.Upsert(ctx, alice, stores.CollectionTodos, points[:5]))
	for _, where := range []stores.Filter{
		{},
		stores.Where("sessionId", stores.In, []any{"s0", "s2"}),
		stores.Where("timestamp", stores.Gte, time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)),
		{Op: stores.Not, Terms: []stores.Filter{stores.Where("urgency", stores.Lt, 2.0)}},
		stores.Where("status", stores.IsNull, false),
	} {
		var want []stores.ID
		for _, p := range points {
			if where.Match(func(f stores.Field) any { return p.Payload[f] }) {
				want = append(want, p.ID)
			}
		}
		var got []stores.ID
		for after := stores.ID(""); ; {
			page, err := v.Scroll(ctx, alice, episodes, where, after, 7)
			must(t, err)
			if got = append(got, page...); len(page) < 7 {
				break
			}
			after = page[6]
		}
		n, err := v.Count(ctx, alice, episodes, where)
		must(t, err)
		if !slices.Equal(got, want) || n != len(want) {
			t.Errorf("%v: scrolled %d, counted %d, want %d", where, len(got), n, len(want))
		}
	}
}

func TestVectorsSetPayload(t *testing.T) {
	ctx := context.Background()
	_, v := openVectors(t)
	id, at := stores.NewID(), time.Date(2026, 5, 6, 7, 8, 9, 1000, time.FixedZone("", 3600))
	must(t, v.Upsert(ctx, alice, episodes, []stores.Point{{
		ID: id, Vector: []float32{1, 0}, Text: "kept", Payload: map[stores.Field]any{"type": "a", "status": "open", "urgency": 1.0},
	}}))
	urgent := stores.Search{Collection: episodes, Vector: []float32{1, 0}, Limit: 1, Where: stores.Where("urgency", stores.Eq, 2.0)}
	if hits := search(t, v, alice, urgent)[0]; len(hits) != 0 {
		t.Fatalf("found %v", hits)
	}
	change := map[stores.Field]any{"urgency": 2.0, "status": nil, "validFrom": at, "domain": nil}
	must(t, v.SetPayload(ctx, alice, episodes, map[stores.ID]map[stores.Field]any{id: change, stores.NewID(): change}))
	must(t, v.SetPayload(ctx, stores.NewScope("bob", "", ""), episodes, map[stores.ID]map[stores.Field]any{id: {"type": "b"}}))
	if hits := search(t, v, alice, urgent)[0]; len(hits) != 1 {
		t.Errorf("found %v after the change", hits)
	}
	got, err := v.Get(ctx, alice, episodes, []stores.ID{id})
	must(t, err)
	want := map[stores.ID]stores.Point{id: {
		ID: id, Vector: []float32{1, 0}, Text: "kept",
		Payload: map[stores.Field]any{"type": "a", "urgency": 2.0, "validFrom": at.UTC()},
	}}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n, err := v.Count(ctx, alice, episodes, stores.Filter{}); n != 1 || err != nil {
		t.Errorf("%d points, %v", n, err)
	}
}

func TestVectorsDelete(t *testing.T) {
	ctx := context.Background()
	_, v := openVectors(t)
	r := rand.New(rand.NewPCG(9, 9))
	points := randomPoints(r, 30, 4)
	for i := range points {
		points[i].Vector = []float32{1, 1, 1, 1}
	}
	bob := stores.NewScope("bob", "", "")
	must(t, v.Upsert(ctx, alice, episodes, points))
	must(t, v.Upsert(ctx, bob, episodes, points))
	all := []stores.Search{
		{Collection: episodes, Vector: []float32{1, 0, 0, 0}, Limit: 100}, {Collection: episodes, Text: "note", Limit: 100},
	}
	left := func(s stores.Scope, want int) {
		t.Helper()
		for i, hits := range search(t, v, s, all...) {
			if len(hits) != want {
				t.Errorf("search %d found %d points of %s, want %d", i, len(hits), s.Key(), want)
			}
		}
		if n, err := v.Count(ctx, s, episodes, stores.Filter{}); n != want || err != nil {
			t.Errorf("%d points of %s, want %d (%v)", n, s.Key(), want, err)
		}
	}
	left(alice, 30)
	n, err := v.Delete(ctx, alice, episodes, []stores.ID{points[0].ID, points[1].ID, points[0].ID, stores.NewID()})
	if n != 2 || err != nil {
		t.Errorf("deleted %d, %v", n, err)
	}
	left(alice, 28)
	where := stores.Where("sessionId", stores.Eq, "s1")
	matching, err := v.Count(ctx, alice, episodes, where)
	must(t, err)
	n, err = v.DeleteWhere(ctx, alice, episodes, where)
	if n != matching || n == 0 || err != nil {
		t.Errorf("deleted %d of %d, %v", n, matching, err)
	}
	left(alice, 28-matching)
	n, err = v.DeleteWhere(ctx, alice, episodes, stores.Filter{})
	if n != 28-matching || err != nil {
		t.Errorf("deleted %d, %v", n, err)
	}
	left(alice, 0)
	left(bob, 30)
}
