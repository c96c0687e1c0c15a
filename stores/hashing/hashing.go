// Package hashing is the built-in embedder: it turns text into vectors by feature hashing, without a model, a network or
// any state, so that search by likeness works with nothing configured.
//
// It is LEXICAL. Two texts are alike when they share words, parts of words (so plurals, inflections and compounds
// overlap) or pairs of neighbouring words. It knows no meaning: "car" and "automobile" are strangers, and so are the same
// sentences in two languages. For likeness of meaning configure an embedding model; see package openai.
//
// # Recipe
//
// A text is folded (lower case, without accents, full-width forms made plain) and split into words at everything that is
// neither letter, digit nor mark; each Chinese or Japanese character counts as a word. The features of a text are its
// words, the 3-grams and 4-grams of each word in angle brackets, and its pairs of neighbouring words. A feature that
// occurs n times counts √n times its weight. It is hashed to one of 1024 dimensions and to a sign (Weinberger et al.,
// "Feature Hashing for Large Scale Multitask Learning", 2009), and the sum is scaled to unit length.
//
// The weights were chosen on 30 questions to 70 sentences and checked on 30 other questions (corpus_test.go). The best
// sentence came first for this many questions, chosen on / checked on:
//
//	as shipped                                25 / 26 of 30
//	words and pairs only, no n-grams          14 / 19
//	every n-gram weighs 0.35 of a word        22 / 25
//	function words weigh as much as others    20 / 24
//	no pairs                                  24 / 26
//
// The recipe never changes under one model name: a stored vector stays comparable for ever. A better recipe would be
// another model.
package hashing

import (
	"context"
	"math"
	"sync"
	"sync/atomic"

	"thalamus/stores"
)

// Name is the name of this backend.
const Name = "hashing"

// Model is the embedder's name and the length of its vectors.
var Model = stores.Model{Name: "hashing-v1", Dimension: 1024}

// Weights of the features, relative to a word.
const (
	functionWeight = 0.2 // of words that carry grammar, and of pairs with them
	pairWeight     = 1.0
	gramWeight     = 3.0 // of the n-grams of one word together, as a length: each of k has gramWeight/√k
	minGram        = 3
	maxGram        = 4
)

// Embedder hashes texts. It is safe for concurrent use.
type Embedder struct{ closed atomic.Bool }

var (
	_ stores.Embedder = (*Embedder)(nil)
	_ stores.Backend  = (*Embedder)(nil)
)

// New makes the embedder.
func New() *Embedder { return &Embedder{} }

// Model names the recipe and the length of its vectors.
func (e *Embedder) Model() stores.Model { return Model }

// Embed answers with one vector per text: of unit length, or zero when the text has no letter and no digit.
func (e *Embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	v := vectorizers.Get().(*vectorizer)
	defer vectorizers.Put(v)
	vectors := make([][]float32, len(texts))
	for i, text := range texts {
		if err := e.Ping(ctx); err != nil {
			return nil, err
		}
		vectors[i] = v.vector(text)
	}
	return vectors, e.Ping(ctx)
}

// Name is the product.
func (e *Embedder) Name() string { return Name }

// Local says that it is part of this process.
func (e *Embedder) Local() {}

// Ping fails only after Close or with the context.
func (e *Embedder) Ping(ctx context.Context) error {
	if e.closed.Load() {
		return stores.Unavailable(Name, nil)
	}
	return ctx.Err()
}

// Close makes every later call fail.
func (e *Embedder) Close() error {
	e.closed.Store(true)
	return nil
}

var vectorizers = sync.Pool{New: func() any { return &vectorizer{} }}

// vectorizer holds the memory for one text at a time.
type vectorizer struct {
	word, padded   []rune
	features       bag
	previous       uint64 // hash of the word before
	previousWeight float32
	started        bool
}

func (v *vectorizer) vector(text string) []float32 {
	v.features.reset()
	v.started = false
	v.word = eachWord(text, v.word, v.add)

	vector := make([]float32, Model.Dimension)
	v.features.each(func(hash uint64, weight float32) {
		if hash>>63 == 1 {
			weight = -weight
		}
		vector[hash%uint64(len(vector))] += weight
	})
	normalize(vector)
	return vector
}

// add counts the features of the next word.
func (v *vectorizer) add(word []rune) {
	weight := float32(1)
	if functionWords[string(word)] {
		weight = functionWeight
	}
	hash := hashRunes(kindWord, word)
	v.features.add(hash, weight)
	if v.started {
		// The conversion rounds: no machine may fuse this product with the sum it goes into.
		v.features.add(hashPair(v.previous, hash), float32(pairWeight*weight*v.previousWeight))
	}
	v.started, v.previous, v.previousWeight = true, hash, weight
	if weight == 1 {
		v.addGrams(word)
	}
}

// addGrams counts the n-grams of <word>. Together they weigh the same for every word, however long.
func (v *vectorizer) addGrams(word []rune) {
	v.padded = append(append(append(v.padded[:0], '<'), word...), '>')
	count := 0
	for n := minGram; n <= maxGram; n++ {
		count += max(len(v.padded)-n+1, 0)
	}
	weight := float32(gramWeight / math.Sqrt(float64(count)))
	for n := minGram; n <= maxGram; n++ {
		for i := 0; i+n <= len(v.padded); i++ {
			v.features.add(hashRunes(kindGram, v.padded[i:i+n]), weight)
		}
	}
}

// normalize scales to unit length; a vector of zeros stays as it is. Squares of float32 are exact in float64, so the sum
// is the same on machines that fuse multiplication and addition.
func normalize(vector []float32) {
	var sum float64
	for _, x := range vector {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return
	}
	scale := float32(1 / math.Sqrt(sum))
	for i := range vector {
		vector[i] *= scale
	}
}
