package hashing_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"thalamus/stores"
	"thalamus/stores/hashing"
)

func embed(t testing.TB, texts ...string) [][]float32 {
	t.Helper()
	vectors, err := hashing.New().Embed(context.Background(), texts)
	if err != nil {
		t.Fatal(err)
	}
	return vectors
}

func cosine(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// manyWords is a text of n different words.
func manyWords(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "w%x ", i*7919)
	}
	return b.String()
}

// The stored vectors of every user were made with this recipe: if a fingerprint changes, the model needs a new name.
func TestVectorsNeverChange(t *testing.T) {
	golden := map[string]string{
		"Maria prefers dark mode in every editor and terminal.": "b53b534c4df36e51",
		"the the the dog dog": "242764a8a52df014",
		"Crème brûlée für Žižek: 10€, ＡＢＣ, Ωμέγας":                            "f775b8316010b8f0",
		"玛丽亚喜欢深色模式。":                                                          "8a9c74f9f3c44302",
		"हिन्दी में खोज":                                                      "5424db056e8b25d2",
		strings.Repeat("a long text of few different words 0123456789 ", 400): "718ff4cdc01a8f6e",
		manyWords(2_000): "a03dee4b5ae07fd4",
	}
	for text, want := range golden {
		bytes, err := binary.Append(nil, binary.LittleEndian, embed(t, text)[0])
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(bytes)
		if got := hex.EncodeToString(sum[:8]); got != want {
			t.Errorf("%.40q: fingerprint %q, want %q", text, got, want)
		}
	}
}

func TestVectorsHaveUnitLength(t *testing.T) {
	long := strings.Repeat("Text of ten thousand characters and more, with numbers like 42. ", 20_000)
	for i, v := range embed(t, "a", "one", "two words", "日", "\xff broken \xc3 bytes", long) {
		if len(v) != hashing.Model.Dimension || math.Abs(cosine(v, v)-1) > 1e-5 {
			t.Errorf("text %d: %d dimensions, squared length %v", i, len(v), cosine(v, v))
		}
	}
}

// A text too large for the memory that is kept leaves no trace in the texts after it.
func TestHugeTextBetweenSmallOnes(t *testing.T) {
	huge := manyWords(20_000)
	v := embed(t, "small", huge, "small", huge)
	if !slices.Equal(v[0], v[2]) || !slices.Equal(v[1], v[3]) {
		t.Error("equal texts have different vectors")
	}
}

func TestTextWithoutWordsIsZero(t *testing.T) {
	for i, v := range embed(t, "", " \n\t", "?!… — ***", "👍🏽") {
		if cosine(v, v) != 0 {
			t.Errorf("text %d has a vector", i)
		}
	}
}

func TestSpellingsOfOneWordAreEqual(t *testing.T) {
	for _, same := range [][]string{
		{"Café", "CAFÉ", "cafe", "cafe\u0301", "ＣＡＦＥ", "(cafe)!"},
		{"Straße", "STRASSE", "strasse"},
		{"ΣΟΦΟΣ", "σοφος", "σοφοσ"},
		{"Łódź", "lodz"},
	} {
		vectors := embed(t, same...)
		for i := range same {
			if c := cosine(vectors[0], vectors[i]); c < 0.99999 {
				t.Errorf("%q and %q: cosine %.3f", same[0], same[i], c)
			}
		}
	}
}

// What "lexical" means: shared words, stems and neighbours count, meaning does not.
func TestLikeness(t *testing.T) {
	near := func(a, b, other string) {
		t.Helper()
		v := embed(t, a, b, other)
		if x, y := cosine(v[0], v[1]), cosine(v[0], v[2]); x <= y+0.03 {
			t.Errorf("%q: %q %.3f is not nearer than %q %.3f", a, b, x, other, y)
		}
	}
	near("the deployment", "deployments", "departments")
	near("she was hiking", "hikes in the hills", "reads in the house")
	near("dog bites man", "the dog bites a man", "man bites dog")
	near("what is the name of it", "name", "what is the of it")

	v := embed(t, "car", "automobile", "unrelated")
	if c := cosine(v[0], v[1]); math.Abs(c) > 0.15 {
		t.Errorf("synonyms have cosine %.3f; the documentation says they are strangers", c)
	}
}

func TestCancelledContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := hashing.New().Embed(ctx, []string{"text"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestClosedIsUnavailable(t *testing.T) {
	e := hashing.New()
	if err := e.Ping(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := e.Embed(context.Background(), nil)
	if !errors.Is(err, stores.ErrUnavailable) || !errors.Is(e.Ping(context.Background()), stores.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	want := embed(t, memories...)
	e := hashing.New()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got, err := e.Embed(context.Background(), memories)
			if err != nil {
				t.Error(err)
				return
			}
			for i := range want {
				for d := range want[i] {
					if got[i][d] != want[i][d] {
						t.Errorf("text %d differs", i)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkEmbed(b *testing.B) {
	text := strings.Join(append(memories[:8:8], distractors[:4]...), " ")
	b.Logf("%d words", len(strings.Fields(text)))
	for name, text := range map[string]string{"question": held[4], "paragraph": text} {
		b.Run(name, func(b *testing.B) {
			e, texts := hashing.New(), []string{text}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Embed(context.Background(), texts); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
