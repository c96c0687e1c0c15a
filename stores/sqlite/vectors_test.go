package sqlite_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"thalamus/stores"
	"thalamus/stores/sqlite"
)

const episodes = stores.CollectionEpisodes

var alice = stores.NewScope("alice", "", "")

func openVectors(t testing.TB) (*sqlite.DB, stores.Vectors) {
	t.Helper()
	db, err := sqlite.Open(context.Background(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db, db.Vectors()
}

// randomPoints makes n points whose vectors lie in a few clusters; about one in ten has the zero vector.
func randomPoints(r *rand.Rand, n, dimension int) []stores.Point {
	points := make([]stores.Point, n)
	for i := range points {
		v := make([]float32, dimension)
		if r.IntN(10) > 0 {
			v[r.IntN(dimension)] = 2
			for j := range v {
				v[j] += float32(r.NormFloat64()) * 0.3
			}
		}
		points[i] = stores.Point{
			ID: stores.NewID(), Vector: v, Text: fmt.Sprintf("note %d", i),
			Payload: map[stores.Field]any{
				"sessionId": fmt.Sprintf("s%d", r.IntN(3)), "urgency": float64(r.IntN(5)), "deprecated": r.IntN(2) == 0,
				"timestamp": time.Date(2026, 1, 1+r.IntN(28), 0, 0, 0, r.IntN(1e6)*1000, time.UTC),
			},
		}
	}
	return points
}

// reference answers a dense search the slow way, in float64.
func reference(points []stores.Point, s stores.Search) []stores.Hit {
	query := s.Vector
	for _, p := range points {
		if p.ID == s.Like {
			query = p.Vector
		}
	}
	var hits []stores.Hit
	for _, p := range points {
		score, defined := cosine(query, p.Vector)
		if !defined || p.ID == s.Like || score < s.Threshold || !s.Where.Match(func(f stores.Field) any { return p.Payload[f] }) {
			continue
		}
		hits = append(hits, stores.Hit{ID: p.ID, Score: score})
	}
	slices.SortFunc(hits, func(a, b stores.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
	return hits[:min(len(hits), s.Limit)]
}

func cosine(a, b []float32) (score float64, defined bool) {
	var ab, aa, bb float64
	for i := range a {
		ab += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	if aa == 0 || bb == 0 {
		return 0, false
	}
	return min(max(ab/math.Sqrt(aa*bb), 0), 1), true
}

// sameHits compares answers up to rounding: positions may differ only where the scores are nearly equal.
func sameHits(t testing.TB, got, want []stores.Hit) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d hits, want %d", len(got), len(want))
	}
	for i := range got {
		if math.Abs(got[i].Score-want[i].Score) > 1e-5 {
			t.Fatalf("hit %d: %v, want %v", i, got[i], want[i])
		}
	}
	for i, h := range got {
		j := slices.IndexFunc(want, func(w stores.Hit) bool { return w.ID == h.ID })
		if j < 0 && h.Score-want[len(want)-1].Score > 1e-5 || j >= 0 && math.Abs(want[j].Score-h.Score) > 1e-5 {
			t.Fatalf("hit %d: %v is out of place in %v", i, h, want)
		}
	}
}

func search(t testing.TB, v stores.Vectors, s stores.Scope, searches ...stores.Search) [][]stores.Hit {
	t.Helper()
	answers, err := v.Search(context.Background(), s, searches)
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// randomSearches covers filters, thresholds and likeness to stored points.
func randomSearches(r *rand.Rand, points []stores.Point, n int) []stores.Search {
	searches := make([]stores.Search, n)
	for i := range searches {
		s := stores.Search{Collection: episodes, Limit: 1 + r.IntN(30)}
		if p := points[r.IntN(len(points))]; r.IntN(3) == 0 {
			s.Like = p.ID
		} else {
			s.Vector = slices.Clone(p.Vector)
			s.Vector[0] += 0.5
		}
		switch r.IntN(4) {
		case 0:
			s.Where = stores.Where("sessionId", stores.Eq, "s1")
		case 1:
			s.Where = stores.All(stores.Where("urgency", stores.Gte, 3.0), stores.Where("deprecated", stores.Eq, false))
		case 2:
			s.Where = stores.Where("timestamp", stores.Lt, time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC))
		}
		if r.IntN(2) == 0 {
			s.Threshold = r.Float64()
		}
		searches[i] = s
	}
	return searches
}

// TestVectorsAgreeWithReference runs random writes and compares every answer with a plain loop: from memory, with blocks
// that push each other out, from disk, and inside a transaction.
func TestVectorsAgreeWithReference(t *testing.T) {
	for name, limit := range map[string]int64{"memory": 0, "eviction": 70_000, "disk": 1} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			db, v := openVectors(t)
			if limit > 0 {
				db.LimitMatrix(limit)
			}
			r := rand.New(rand.NewPCG(1, uint64(limit)))
			scopes := []stores.Scope{alice, stores.NewScope("bob", "", ""), stores.NewScope("alice", "phone", "")}
			stored := make([][]stores.Point, len(scopes))
			for round := range 12 {
				for i, s := range scopes {
					points := randomPoints(r, 1+r.IntN(20), 24)
					must(t, v.Upsert(ctx, s, episodes, points))
					stored[i] = append(stored[i], points...)
					gone := stored[i][r.IntN(len(stored[i]))].ID
					_, err := v.Delete(ctx, s, episodes, []stores.ID{gone})
					must(t, err)
					stored[i] = slices.DeleteFunc(stored[i], func(p stores.Point) bool { return p.ID == gone })
				}
				for i, s := range scopes {
					if len(stored[i]) == 0 {
						continue
					}
					searches := randomSearches(r, stored[i], 8)
					for j, got := range search(t, v, s, searches...) {
						sameHits(t, got, reference(stored[i], searches[j]))
					}
					if round%4 == 0 {
						must(t, db.Atomic(ctx, func(ctx context.Context) error {
							answers, err := v.Search(ctx, s, searches)
							for j, got := range answers {
								sameHits(t, got, reference(stored[i], searches[j]))
							}
							return err
						}))
					}
				}
			}
		})
	}
}

// TestVectorsLargeBlock is about the scan shared out among the processors, and the one that reads a few rows at a time.
func TestVectorsLargeBlock(t *testing.T) {
	db, v := openVectors(t)
	r := rand.New(rand.NewPCG(3, 3))
	points := randomPoints(r, 2000, 256)
	must(t, v.Upsert(context.Background(), alice, episodes, points))
	searches := randomSearches(r, points, 8)
	for range 2 {
		for i, got := range search(t, v, alice, searches...) {
			sameHits(t, got, reference(points, searches[i]))
		}
		db.LimitMatrix(1)
	}
}

func TestVectorsEqualScoresAreOrderedByID(t *testing.T) {
	_, v := openVectors(t)
	points := randomPoints(rand.New(rand.NewPCG(4, 4)), 50, 4)
	for i := range points {
		points[i].Vector = []float32{1, 2, 3, 4}
	}
	slices.Reverse(points)
	must(t, v.Upsert(context.Background(), alice, episodes, points))
	hits := search(t, v, alice, stores.Search{Collection: episodes, Vector: []float32{4, 3, 2, 1}, Limit: 20})[0]
	want := reference(points, stores.Search{Vector: []float32{4, 3, 2, 1}, Limit: 20})
	for i := range want {
		if hits[i].ID != want[i].ID {
			t.Fatalf("hit %d is %s, want %s", i, hits[i].ID, want[i].ID)
		}
	}
}

func TestVectorsRoundTrip(t *testing.T) {
	ctx := context.Background()
	_, v := openVectors(t)
	full := stores.Point{
		ID: stores.NewID(), Vector: []float32{3, -4, 1e-30}, Text: "Überraschung \x00 \"quoted\"",
		Payload: map[stores.Field]any{
			"sessionId": "s\"1", "timestamp": time.Date(2026, 2, 3, 4, 5, 6, 789_123_000, time.UTC), "urgency": 1.5, "deprecated": false,
		},
	}
	bare := stores.Point{ID: stores.NewID(), Vector: []float32{0, 0, 0}, Payload: map[stores.Field]any{}}
	must(t, v.Upsert(ctx, alice, episodes, []stores.Point{full, bare}))
	got, err := v.Get(ctx, alice, episodes, []stores.ID{full.ID, bare.ID, stores.NewID()})
	must(t, err)
	want := map[stores.ID]stores.Point{full.ID: full, bare.ID: bare}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	if got, _ := v.Get(ctx, stores.NewScope("bob", "", ""), episodes, []stores.ID{full.ID}); len(got) != 0 {
		t.Fatal("a point crossed its scope")
	}
}

func TestVectorsRefuse(t *testing.T) {
	ctx := context.Background()
	_, v := openVectors(t)
	must(t, v.Upsert(ctx, alice, episodes, []stores.Point{{ID: stores.NewID(), Vector: []float32{1, 2}}}))
	upsert := func(p stores.Point) error {
		p.ID = cmp.Or(p.ID, stores.NewID())
		return v.Upsert(ctx, alice, episodes, []stores.Point{{ID: stores.NewID(), Vector: []float32{1, 1}}, p})
	}
	ask := func(s stores.Search) error {
		_, err := v.Search(ctx, alice, []stores.Search{s})
		return err
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for name, err := range map[string]error{
		"short vector":    upsert(stores.Point{Vector: []float32{1}}),
		"no vector":       upsert(stores.Point{}),
		"not a number":    upsert(stores.Point{Vector: []float32{1, nan}}),
		"infinite":        upsert(stores.Point{Vector: []float32{inf, 1}}),
		"unknown field":   upsert(stores.Point{Vector: []float32{1, 2}, Payload: map[stores.Field]any{"colour": "red"}}),
		"wrong type":      upsert(stores.Point{Vector: []float32{1, 2}, Payload: map[stores.Field]any{"urgency": "high"}}),
		"wrong payload":   v.SetPayload(ctx, alice, episodes, map[stores.ID]map[stores.Field]any{stores.NewID(): {"x": 1.0}}),
		"two questions":   ask(stores.Search{Vector: []float32{1, 2}, Like: "x", Limit: 1}),
		"no question":     ask(stores.Search{Limit: 1}),
		"no limit":        ask(stores.Search{Text: "x"}),
		"large limit":     ask(stores.Search{Text: "x", Limit: stores.MaxHits + 1}),
		"long question":   ask(stores.Search{Vector: []float32{1, 2, 3}, Limit: 1}),
		"NaN in question": ask(stores.Search{Vector: []float32{1, nan}, Limit: 1}),
		"threshold":       ask(stores.Search{Vector: []float32{1, 2}, Limit: 1, Threshold: 1.1}),
		"filter":          ask(stores.Search{Vector: []float32{1, 2}, Limit: 1, Where: stores.Where("colour", stores.Eq, "red")}),
		"empty model":     v.Reset(ctx, stores.Model{Name: "none"}),
	} {
		if !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n, err := v.Count(ctx, alice, episodes, stores.Filter{}); n != 1 || err != nil {
		t.Errorf("refused batches left points behind: %d, %v", n, err)
	}
}
