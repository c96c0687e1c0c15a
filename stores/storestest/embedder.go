package storestest

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"thalamus/stores"
)

// Embedder asks whether a backend keeps the contract of [stores.Embedder].
func Embedder(t *testing.T, open func(testing.TB) *stores.Set) {
	s := suite{t, open(t)}
	s.run("Vectors", testEmbeddings)
	s.run("Equal", testEqualTexts)
	s.run("Batches", testEmbeddedBatches)
	s.run("Likeness", testLikeness)
	s.run("Interrupted", func(w *world) { interrupted(w, embedCalls(w), func() any { return nil }) })
	closed(t, open, embedCalls)
}

func embedCalls(w *world) []call {
	return []call{{"Embed", ask(func(ctx context.Context) ([][]float32, error) {
		return w.set.Embedder.Embed(ctx, []string{"some words"})
	})}}
}

func (w *world) embed(texts ...string) [][]float32 {
	w.t.Helper()
	got, err := w.set.Embedder.Embed(w.ctx(), texts)
	noError(w.t, err)
	if len(got) != len(texts) {
		w.t.Fatalf("%d texts gave %d vectors", len(texts), len(got))
	}
	return got
}

func testEmbeddings(w *world) {
	m := w.set.Embedder.Model()
	if m.Name == "" || m.Dimension <= 0 {
		w.t.Fatalf("the embedder calls itself %+v", m)
	}
	texts := append([]string{"one word", "", " ", "...", "\n", strings.Repeat("many words ", 500)}, hostile...)
	for i, v := range w.embed(texts...) {
		same(w.t, fmt.Sprintf("dimension of the vector of %.40q", texts[i]), m.Dimension, len(v))
		length := norm(v)
		zero := length == 0 && !strings.ContainsAny(texts[i], "abcdefghijklmnopqrstuvwxyz")
		if !zero && math.Abs(length-1) > 1e-3 {
			w.t.Errorf("the vector of %.40q has length %v, want 1", texts[i], length)
		}
	}
}

func norm(v []float32) float64 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

// testEqualTexts embeds a text alone, twice, and among others.
func testEqualTexts(w *world) {
	text := "the harbour at dawn"
	vectors := append(w.embed(text), w.embed("another", text, "and another", text)...)
	for _, i := range []int{2, 4} {
		if c := cosine(vectors[0], vectors[i]); c < 1-1e-5 {
			w.t.Errorf("the same text gave vectors with a similarity of %v", c)
		}
	}
	if cosine(vectors[0], vectors[1]) > 1-1e-5 {
		w.t.Error("different texts gave the same vector")
	}
}

func testEmbeddedBatches(w *world) {
	same(w.t, "vectors of no texts", 0, len(w.embed()))
	texts := make([]string, 300)
	for i := range texts {
		texts[i] = fmt.Sprintf("sentence number %d of many about topic %d", i, i*i)
	}
	many := w.embed(texts...)
	for _, i := range []int{0, 1, 150, 299} {
		if c := cosine(w.embed(texts[i])[0], many[i]); c < 1-1e-5 {
			w.t.Errorf("text %d of a batch has a similarity of %v to itself alone", i, c)
		}
	}
}

func testLikeness(w *world) {
	v := w.embed("how to restart the database server", "restart the database server after a crash", "banana bread with walnuts")
	if near, far := cosine(v[0], v[1]), cosine(v[0], v[2]); near <= far {
		w.t.Errorf("texts that share most of their words have a similarity of %v, unrelated ones %v", near, far)
	}
}
