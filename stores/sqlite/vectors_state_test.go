package sqlite_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"thalamus/stores"
	"thalamus/stores/sqlite"
)

func ids(hits []stores.Hit) []stores.ID {
	var out []stores.ID
	for _, h := range hits {
		out = append(out, h.ID)
	}
	return out
}

func TestVectorsTransactions(t *testing.T) {
	ctx := context.Background()
	db, v := openVectors(t)
	old, added := stores.NewID(), stores.NewID()
	near := stores.Search{Collection: episodes, Vector: []float32{1, 0}, Limit: 10}
	words := stores.Search{Collection: episodes, Text: "lighthouse", Limit: 10}
	must(t, v.Upsert(ctx, alice, episodes, []stores.Point{{ID: old, Vector: []float32{1, 1}, Text: "the old lighthouse"}}))
	outside := func(want ...stores.ID) {
		t.Helper()
		for i, hits := range search(t, v, alice, near, words) {
			if got := ids(hits); !slices.Equal(got, want) {
				t.Fatalf("search %d found %v, want %v", i, got, want)
			}
		}
	}
	change := func(ctx context.Context) {
		t.Helper()
		must(t, v.Upsert(ctx, alice, episodes, []stores.Point{{ID: added, Vector: []float32{1, 0}, Text: "a lighthouse"}}))
		_, err := v.Delete(ctx, alice, episodes, []stores.ID{old})
		must(t, err)
		inside, err := v.Search(ctx, alice, []stores.Search{near, words})
		must(t, err)
		for i, hits := range inside {
			if got := ids(hits); !slices.Equal(got, []stores.ID{added}) {
				t.Fatalf("inside the transaction search %d found %v", i, got)
			}
		}
	}
	outside(old)

	rollback := errors.New("changed my mind")
	err := db.Atomic(ctx, func(ctx context.Context) error {
		change(ctx)
		outside(old)
		return rollback
	})
	if !errors.Is(err, rollback) {
		t.Fatal(err)
	}
	outside(old)

	must(t, db.Atomic(ctx, func(outer context.Context) error {
		err := db.Atomic(outer, func(ctx context.Context) error { change(ctx); return rollback })
		if !errors.Is(err, rollback) {
			t.Fatal(err)
		}
		return nil
	}))
	outside(old)

	must(t, db.Atomic(ctx, func(ctx context.Context) error { change(ctx); return nil }))
	outside(added)
}

func TestVectorsReopen(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	db, err := sqlite.Open(ctx, dir, sqlite.Options{})
	must(t, err)
	points := randomPoints(rand.New(rand.NewPCG(5, 5)), 40, 8)
	must(t, db.Vectors().Reset(ctx, stores.Model{Name: "test", Dimension: 8}))
	must(t, db.Vectors().Upsert(ctx, alice, episodes, points))
	asked := []stores.Search{
		{Collection: episodes, Vector: points[0].Vector, Limit: 5}, {Collection: episodes, Text: "note 7", Limit: 5},
	}
	asked[0].Vector[0]++
	before := search(t, db.Vectors(), alice, asked...)
	must(t, db.Close())
	if _, err := db.Vectors().Search(ctx, alice, asked[:1]); !errors.Is(err, stores.ErrUnavailable) {
		t.Errorf("a closed database answered %v", err)
	}

	db, err = sqlite.Open(ctx, dir, sqlite.Options{})
	must(t, err)
	defer db.Close()
	for i, hits := range search(t, db.Vectors(), alice, asked...) {
		if !slices.Equal(hits, before[i]) || len(hits) == 0 {
			t.Errorf("search %d found %v after reopening, %v before", i, hits, before[i])
		}
	}
	if m, err := db.Vectors().Model(ctx); m != (stores.Model{Name: "test", Dimension: 8}) || err != nil {
		t.Errorf("the model is %v, %v", m, err)
	}
}

func TestVectorsModel(t *testing.T) {
	ctx := context.Background()
	_, v := openVectors(t)
	if m, err := v.Model(ctx); m != (stores.Model{}) || err != nil {
		t.Fatalf("an empty engine has model %v, %v", m, err)
	}
	asked := stores.Search{Collection: episodes, Vector: []float32{1, 0}, Limit: 5}
	if hits := search(t, v, alice, asked)[0]; len(hits) != 0 {
		t.Fatalf("an empty engine found %v", hits)
	}
	point := stores.Point{ID: stores.NewID(), Vector: []float32{1, 0}, Text: "lighthouse"}
	must(t, v.Upsert(ctx, alice, episodes, []stores.Point{point}))
	if m, err := v.Model(ctx); m != (stores.Model{Dimension: 2}) || err != nil {
		t.Fatalf("the first vector bound %v, %v", m, err)
	}
	if hits := search(t, v, alice, asked)[0]; len(hits) != 1 {
		t.Fatalf("found %v", hits)
	}
	must(t, v.Reset(ctx, stores.Model{Name: "longer", Dimension: 3}))
	if m, _ := v.Model(ctx); m != (stores.Model{Name: "longer", Dimension: 3}) {
		t.Fatalf("bound to %v", m)
	}
	point.Vector = []float32{0, 0, 1}
	asked.Vector = []float32{0, 0, 2}
	words := stores.Search{Collection: episodes, Text: "lighthouse", Limit: 5}
	for want := range 2 {
		for i, hits := range search(t, v, alice, asked, words) {
			if len(hits) != want {
				t.Fatalf("search %d found %v, want %d", i, hits, want)
			}
		}
		must(t, v.Upsert(ctx, alice, episodes, []stores.Point{point}))
	}
}

// TestVectorsConcurrency has writers and readers in one scope: what a writer has committed, it finds.
func TestVectorsConcurrency(t *testing.T) {
	ctx := context.Background()
	db, v := openVectors(t)
	var wait sync.WaitGroup
	for w := range 6 {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(6, uint64(w)))
			var mine []stores.Point
			for round := range 15 {
				points := randomPoints(r, 1+r.IntN(5), 16)
				for i := range points {
					points[i].Vector[0]++
				}
				if err := v.Upsert(ctx, alice, episodes, points); err != nil {
					t.Error(err)
					return
				}
				mine = append(mine, points...)
				if round%5 == w%5 {
					db.LimitMatrix(int64(20_000 + 100_000*r.IntN(2)))
				}
				asked := mine[r.IntN(len(mine))]
				answers, err := v.Search(ctx, alice, []stores.Search{{Collection: episodes, Vector: asked.Vector, Limit: stores.MaxHits}})
				if err != nil || !slices.Contains(ids(answers[0]), asked.ID) {
					t.Errorf("a committed point was not found: %v", err)
					return
				}
				gone := mine[0].ID
				mine = mine[1:]
				if _, err := v.Delete(ctx, alice, episodes, []stores.ID{gone}); err != nil {
					t.Error(err)
					return
				}
				answers, err = v.Search(ctx, alice, []stores.Search{{Collection: episodes, Vector: asked.Vector, Limit: stores.MaxHits}})
				if err != nil || slices.Contains(ids(answers[0]), gone) {
					t.Errorf("a deleted point was found: %v", err)
					return
				}
				if len(mine) == 0 {
					return
				}
			}
		})
	}
	wait.Wait()
}

func TestVectorsCancelled(t *testing.T) {
	_, v := openVectors(t)
	points := randomPoints(rand.New(rand.NewPCG(7, 7)), 20, 4)
	must(t, v.Upsert(context.Background(), alice, episodes, points))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	asked := stores.Search{Collection: episodes, Vector: []float32{1, 2, 3, 4}, Limit: 5}
	for range 2 { // before and after the rows are in memory
		if _, err := v.Search(ctx, alice, []stores.Search{asked}); !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled search ended with %v", err)
		}
		if hits := search(t, v, alice, asked)[0]; len(hits) != 5 {
			t.Errorf("found %v", hits)
		}
	}
}
