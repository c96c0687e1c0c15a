package sqlite_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"thalamus/stores"
)

func benchPoints(n, dimension int) []stores.Point {
	r := rand.New(rand.NewPCG(1, 1))
	points := make([]stores.Point, n)
	for i := range points {
		v := make([]float32, dimension)
		for j := range v {
			v[j] = float32(r.NormFloat64())
		}
		words := make([]string, 60)
		for j := range words {
			words[j] = fmt.Sprintf("w%d", int(50_000*r.Float64()*r.Float64()*r.Float64()*r.Float64()))
		}
		points[i] = stores.Point{
			ID: stores.NewID(), Vector: v, Text: strings.Join(words, " "),
			Payload: map[stores.Field]any{"sessionId": fmt.Sprintf("s%d", i%100), "timestamp": stores.Now(), "outcome": "success"},
		}
	}
	return points
}

// BenchmarkVectors measures 10,000 points of 1024 dimensions in one scope; "plain" is the loop that dense search is
// measured against.
func BenchmarkVectors(b *testing.B) {
	ctx := context.Background()
	points := benchPoints(10_000, 1024)
	db, v := openVectors(b)
	for i := 0; i < len(points); i += 500 {
		must(b, v.Upsert(ctx, alice, episodes, points[i:i+500]))
	}
	ask := func(n int, s stores.Search) func(*testing.B) {
		return func(b *testing.B) {
			searches := make([]stores.Search, n)
			for i := range searches {
				searches[i] = s
				searches[i].Collection, searches[i].Limit = episodes, 10
				if s.Text == "" {
					searches[i].Vector = points[i].Vector
				}
			}
			search(b, v, alice, searches...)
			for b.Loop() {
				search(b, v, alice, searches...)
			}
		}
	}
	session := stores.Where("sessionId", stores.Eq, "s7")
	b.Run("plain", func(b *testing.B) {
		var sink float32
		for b.Loop() {
			for _, p := range points {
				var sum float32
				for j, x := range p.Vector {
					sum += x * points[0].Vector[j]
				}
				sink = max(sink, sum)
			}
		}
		if sink <= 0 {
			b.Fatal(sink)
		}
	})
	b.Run("dense", ask(1, stores.Search{}))
	b.Run("dense-filtered", ask(1, stores.Search{Where: session}))
	b.Run("dense-8-together", ask(8, stores.Search{}))
	b.Run("keywords", ask(1, stores.Search{Text: "w3 w140 w9000"}))
	b.Run("keywords-filtered", ask(1, stores.Search{Text: "w3 w140 w9000", Where: session}))
	b.Run("dense-after-upsert", func(b *testing.B) {
		i := 0
		for b.Loop() {
			i++
			must(b, v.Upsert(ctx, alice, episodes, points[i%100:i%100+1]))
			search(b, v, alice, stores.Search{Collection: episodes, Vector: points[0].Vector, Limit: 10})
		}
	})
	b.Run("load", func(b *testing.B) {
		for b.Loop() {
			db.LimitMatrix(0)
			search(b, v, alice, stores.Search{Collection: episodes, Vector: points[0].Vector, Limit: 10})
		}
	})
	b.Run("disk", func(b *testing.B) {
		db.LimitMatrix(1)
		for b.Loop() {
			search(b, v, alice, stores.Search{Collection: episodes, Vector: points[0].Vector, Limit: 10})
		}
	})
}

func BenchmarkVectorsUpsert(b *testing.B) {
	points := benchPoints(500, 1024)
	_, v := openVectors(b)
	for b.Loop() {
		must(b, v.Upsert(context.Background(), stores.NewScope(string(stores.NewID()), "", ""), episodes, points))
	}
}
