package qdrant

import (
	"hash/fnv"
	"strings"
	"unicode"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/porter"
	"golang.org/x/text/unicode/norm"

	"thalamus/stores/words"
)

// sparse is a sparse vector: each index once.
type sparse struct {
	indices []uint32
	values  []float32
}

// BM25 (Robertson and Zaragoza 2009) is a sum over words of idf · tf·(k1+1) / (tf + k1·(1 - b + b·length/average)). The
// server multiplies by idf; the rest is the value of a word in the text's vector. The average length of texts is not
// known beforehand, so it is a constant, about that of a remark or a summary.
const (
	bm25K1        = 1.2
	bm25B         = 0.75
	averageLength = 40
)

// indexedWords is the vector of a text: its words, and each character of a script without spaces.
func indexedWords(text string) sparse {
	folded := fold(text)
	counts, length := map[uint32]float64{}, 0.0
	for w := range words.Each(folded) {
		counts[termOf(w)]++
		length++
	}
	for _, r := range folded {
		if words.Unspaced(r) {
			term := termOf(string(r))
			counts[term] = max(counts[term], 1)
		}
	}
	var out sparse
	for term, tf := range counts {
		out.indices = append(out.indices, term)
		out.values = append(out.values, float32(tf*(bm25K1+1)/(tf+bm25K1*(1-bm25B+bm25B*length/averageLength))))
	}
	return out
}

// searchedWords is the vector of a question: each of its words counts once.
func searchedWords(text string) sparse {
	var out sparse
	seen := map[uint32]bool{}
	for _, w := range words.Searched(fold(text)) {
		if term := termOf(w); !seen[term] {
			seen[term] = true
			out.indices, out.values = append(out.indices, term), append(out.values, 1)
		}
	}
	return out
}

// fold makes spellings equal that are searched as one: lower case, composed, without the accents that stand for
// themselves (U+0300 to U+036F). Marks of other scripts are letters in their own right and stay.
func fold(text string) string {
	bare := strings.Map(func(r rune) rune {
		if 0x300 <= r && r <= 0x36f {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(text))
	return norm.NFC.String(bare)
}

// termOf is the index of a word: a hash of its stem (Porter 1980, as in the embedded engine). Two of a hundred thousand
// stems share an index about once, and then each finds the other, too.
func termOf(word string) uint32 {
	if len(word) > 2 && len(word) <= longestStemmed {
		env := snowballstem.NewEnv(word)
		porter.Stem(env)
		word = env.Current()
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(word))
	sum := h.Sum64()
	return uint32(sum>>32) ^ uint32(sum)
}

// longestStemmed is the longest word with an ending worth looking at, in bytes.
const longestStemmed = 64
