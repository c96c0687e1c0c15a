// Package words takes texts apart into the words that keyword searches compare. What engines index and what they look
// for has to be cut in the same way; how words are folded and stemmed is left to each engine.
package words

import (
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxSearched is how many words of a text a keyword search looks for: the first ones.
const MaxSearched = 64

// stopWords are so common in English that they find nothing in particular; the single letters are what is left of
// words like "don't".
var stopWords = func() map[string]bool {
	words := map[string]bool{}
	for _, w := range strings.Fields(`a about an and are as at be been but by can could d did do does for from had has have he her
		him his how i if in into is it its just ll m me my no not of on or our re s she should so t than that the their them
		then there these they this those to us ve was we were what when where which who whom why will with would you your`) {
		words[w] = true
	}
	return words
}()

// Searched are the words of a text to look for: lower case, each once, without stop words unless there are no others.
func Searched(text string) []string {
	var words, stopped []string
	for w := range Each(strings.ToLower(text)) {
		list := &words
		if stopWords[w] {
			list = &stopped
		}
		if !slices.Contains(*list, w) {
			*list = append(*list, w)
		}
		if len(words) == MaxSearched {
			break
		}
	}
	if len(words) == 0 {
		return stopped
	}
	return words
}

// Each yields the words of a text: runs of letters, digits and the marks on them. Scripts written without spaces have no
// such runs; their text yields every two neighbouring characters with a space between them, or a single one that has no
// neighbour.
func Each(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, run := range strings.FieldsFunc(text, func(r rune) bool { return !inWord(r) }) {
			if !eachPart(run, yield) {
				return
			}
		}
	}
}

// eachPart yields the spaced and the unspaced parts of a run, and says whether to go on.
func eachPart(run string, yield func(string) bool) bool {
	for run != "" {
		first, _ := utf8.DecodeRuneInString(run)
		end := strings.IndexFunc(run, func(r rune) bool { return Unspaced(r) != Unspaced(first) })
		if end < 0 {
			end = len(run)
		}
		part := run[:end]
		run = run[end:]
		if !Unspaced(first) {
			if !yield(part) {
				return false
			}
			continue
		}
		letters := []rune(part)
		if len(letters) == 1 && !yield(part) {
			return false
		}
		for i := 1; i < len(letters); i++ {
			if !yield(string(letters[i-1]) + " " + string(letters[i])) {
				return false
			}
		}
	}
	return true
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }

// Unspaced says that a character belongs to a script that puts no spaces between words, or, as in Korean, hangs
// endings on them.
func Unspaced(r rune) bool {
	return r >= 0x1100 && (r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul))
}
