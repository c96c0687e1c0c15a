package sqlite

import (
	"strings"

	"thalamus/stores/words"
)

// matchWords is the FTS5 query for points of a corner whose text has any word of the given one; empty when the text has
// no word. It is made of quoted letters and digits only, so that no text can reach FTS5's query language.
func matchWords(c corner, text string) string {
	searched := words.Searched(text)
	if len(searched) == 0 {
		return ""
	}
	return "home : " + homeToken(c) + ` AND text : ("` + strings.Join(searched, `" OR "`) + `")`
}

// spacedText is a text as it is indexed: each character of an unspaced script is a word.
func spacedText(text string) string {
	if !strings.ContainsFunc(text, words.Unspaced) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if words.Unspaced(r) {
			b.WriteByte(' ')
			b.WriteRune(r)
			b.WriteByte(' ')
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
