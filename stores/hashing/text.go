package hashing

import "unicode"

// plainSpelling gives accented and joined Latin letters the plain spelling, so that "café", "cafe" and "cafe" followed by
// a combining accent are one word. The standard library has no Unicode normalisation (NFC, NFKD); this covers the blocks
// Latin-1 Supplement and Latin Extended-A, and [appendFolded] the rest of what can be done with character classes.
var plainSpelling = spell(map[string]string{
	"a": "àáâãäåāăą", "ae": "æ", "c": "çćĉċč", "d": "ðďđ", "e": "èéêëēĕėęě", "g": "ĝğġģ", "h": "ĥħ", "i": "ìíîïĩīĭįı",
	"ij": "ĳ", "j": "ĵ", "k": "ķĸ", "l": "ĺļľŀł", "n": "ñńņňŉŋ", "o": "òóôõöøōŏő", "oe": "œ", "r": "ŕŗř", "s": "śŝşš",
	"ss": "ß", "t": "ţťŧ", "th": "þ", "u": "ùúûüũūŭůűų", "w": "ŵ", "y": "ýÿŷ", "z": "źżž",
})

func spell(letters map[string]string) map[rune][]rune {
	table := map[rune][]rune{}
	for plain, accented := range letters {
		for _, r := range accented {
			table[r] = []rune(plain)
		}
	}
	return table
}

// appendFolded appends the lower-case plain spelling of r. Combining accents vanish, full-width ASCII becomes ASCII, and
// letters that share an upper-case form become one (ς and σ).
func appendFolded(word []rune, r rune) []rune {
	switch {
	case r < 0x80:
		return append(word, unicode.ToLower(r))
	case 0x300 <= r && r <= 0x36f: // combining diacritical marks
		return word
	case 0xff01 <= r && r <= 0xff5e: // full-width ! to ~
		return append(word, unicode.ToLower(r-0xff01+'!'))
	}
	r = unicode.ToLower(r)
	if plain, ok := plainSpelling[r]; ok {
		return append(word, plain...)
	}
	return append(word, unicode.ToLower(unicode.ToUpper(r)))
}

// inWord says whether r is part of a word: letters, digits, and the marks that belong to letters.
func inWord(r rune) bool {
	if r < 0x80 {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// standsAlone says whether r is a word by itself: scripts written without spaces, whose words show up as pairs.
func standsAlone(r rune) bool {
	return r >= 0x2e80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// eachWord calls f with every word of the text, folded. The words share the memory of buf; it is returned for reuse.
func eachWord(text string, buf []rune, f func(word []rune)) []rune {
	word := buf[:0]
	end := func() {
		if len(word) > 0 {
			f(word)
			word = word[:0]
		}
	}
	for _, r := range text {
		switch {
		case standsAlone(r):
			end()
			word = append(word, r)
			end()
		case inWord(r):
			word = appendFolded(word, r)
		default:
			end()
		}
	}
	end()
	return word
}

// functionWords carry grammar and little meaning, in English; what is left of 's, 't, 'll, 're and 've among them.
var functionWords = set(
	"a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been", "before",
	"being", "but", "by", "can", "could", "d", "did", "do", "does", "doing", "don", "for", "from", "had", "has", "have",
	"having", "he", "her", "here", "hers", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "ll",
	"m", "me", "my", "no", "not", "of", "on", "or", "our", "ours", "re", "s", "she", "should", "so", "some", "such", "t",
	"than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "too", "us", "ve",
	"was", "we", "were", "what", "when", "where", "which", "while", "who", "whom", "whose", "why", "will", "with",
	"would", "you", "your", "yours",
)

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}
