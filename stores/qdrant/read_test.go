package qdrant_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"thalamus/stores"
)

// TestScrollOrder scrolls through ids that share their first digits, by the hundreds and more than one request brings, in
// pages that end among them.
func TestScrollOrder(t *testing.T) {
	v, _, _ := openFaulty(t)
	var want []stores.ID
	for i := range 1100 {
		want = append(want, stores.ID(fmt.Sprintf("00000000-0000-4000-8000-%012x", i)))
	}
	for i := range 40 {
		want = append(want, stores.ID(fmt.Sprintf("7fffffff-ffff-f%03x-8000-000000000000", i)), stores.ID(fmt.Sprintf("ffffffff-ffff-ffff-ffff-ffffffffff%02x", i)))
		want = append(want, stores.NewID())
	}
	slices.Sort(want)
	points := make([]stores.Point, len(want))
	for i, id := range want {
		points[i] = stores.Point{ID: id, Vector: []float32{1, 0, 0, 0}, Payload: map[stores.Field]any{"urgency": float64(i % 2)}}
	}
	rand.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
	must(t, v.Upsert(t.Context(), alice, episodes, points))
	for _, limit := range []int{77, 1000, 5000} {
		var got []stores.ID
		for after := stores.ID(""); ; after = got[len(got)-1] {
			page, err := v.Scroll(t.Context(), alice, episodes, stores.Filter{}, after, limit)
			must(t, err)
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("in pages of %d: %d ids in another order than wanted, of %d", limit, len(got), len(want))
		}
	}
	got, err := v.Scroll(t.Context(), alice, episodes, stores.Where("urgency", stores.Eq, 1), want[100], 3)
	must(t, err)
	if !slices.Equal(got, []stores.ID{want[101], want[103], want[105]}) {
		t.Errorf("filtered, after one: %v", got)
	}
}

// TestFarInstants stores the first and the last instant there are, and compares with others, some beyond them.
func TestFarInstants(t *testing.T) {
	v, _, _ := openFaulty(t)
	micro := time.Microsecond
	instants := []time.Time{
		{}, time.Time{}.Add(micro), time.Date(2300, 1, 1, 0, 0, 0, 1000, time.UTC), time.Date(2300, 1, 1, 0, 0, 0, 2000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999_998_000, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
	}
	points := numbered(len(instants)+1, "")
	for i, at := range instants {
		points[i].Payload["timestamp"] = at
	}
	must(t, v.Upsert(t.Context(), alice, episodes, points))
	for _, at := range append(instants, instants[0].Add(-micro), instants[5].Add(micro), time.Date(40_000, 1, 1, 0, 0, 0, 0, time.UTC)) {
		for _, op := range []stores.Op{stores.Eq, stores.Gt, stores.Gte, stores.Lt, stores.Lte} {
			where := stores.Where("timestamp", op, at)
			want := 0
			for _, p := range points {
				if where.Match(func(f stores.Field) any { return p.Payload[f] }) {
					want++
				}
			}
			for _, where := range []stores.Filter{where, {Op: stores.Not, Terms: []stores.Filter{{Op: stores.Not, Terms: []stores.Filter{where}}}}} {
				if n, err := v.Count(t.Context(), alice, episodes, where); err != nil || n != want {
					t.Errorf("timestamp %s %s: %d points, want %d (%v)", op, at, n, want, err)
				}
			}
		}
	}
	points[0].Payload["timestamp"] = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := v.Upsert(t.Context(), alice, episodes, points[:1]); err == nil {
		t.Error("an instant after the year 9999 was stored")
	}
}
