package recall

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"thalamus/stores"
)

// What the text leg looks for, and how much it looks at.
const (
	textWords      = 8   // the longest words of the question
	textLeast      = 3   // characters of a word, unless all are shorter
	textCandidates = 200 // nodes of a noun, the first in its order
)

// texts names the fields of each noun in which the text leg looks.
var texts = map[stores.Kind][]stores.Field{
	stores.KindEpisode:   {"content"},
	stores.KindEntity:    {"name", "summary"},
	stores.KindProcedure: {"name", "triggerPattern"},
	stores.KindTodo:      {"content"},
}

// without goes on when the vectors do not answer: both of their legs are left out, and the text leg stands in for them
// where words count.
func (r *run) without(ctx context.Context, dense, keyword error) error {
	if !errors.Is(keyword, stores.ErrUnavailable) || stores.IsStrong(ctx) || r.query.weight(Text) == 0 {
		return keyword
	}
	found, err := r.text(ctx)
	if len(found) == 0 && err != nil {
		return errors.Join(keyword, err)
	}
	if r.query.weight(Dense) > 0 {
		r.rank(Dense, nil, dense)
	}
	r.rank(Keyword, nil, keyword)
	r.rank(Text, found, err)
	return nil
}

// text finds nodes that hold words of the question, in the records of truth. A word counts the more, the fewer of them hold
// it (inverse document frequency). It answers what it can beside the errors.
func (r *run) text(ctx context.Context) ([]candidate, error) {
	words := longest(r.query.Text)
	if len(words) == 0 {
		return nil, nil
	}
	found := map[stores.Ref]string{}
	var errs []error
	for _, kind := range r.query.Kinds {
		q := stores.Query{Where: stores.All(r.query.Where.filter(kind), holding(texts[kind], words)), Page: stores.Page{First: textCandidates}, Fields: texts[kind]}
		errs = append(errs, r.holders(ctx, kind, q, found))
	}
	return rarest(found, words), errors.Join(errs...)
}

// holders reads the nodes of one noun that a query asks for, with their texts.
func (r *run) holders(ctx context.Context, kind stores.Kind, q stores.Query, into map[stores.Ref]string) error {
	switch kind { //nolint:exhaustive // the others are not recalled
	case stores.KindEpisode:
		return read(ctx, r.scope, q, r.set.Episodes.List, into)
	case stores.KindEntity:
		return read(ctx, r.scope, q, r.set.Entities.List, into)
	case stores.KindProcedure:
		return read(ctx, r.scope, q, r.set.Procedures.List, into)
	case stores.KindTodo:
		return read(ctx, r.scope, q, r.set.Todos.List, into)
	}
	return nil
}

func read[T interface {
	stores.Node
	EmbeddingText() string
}](ctx context.Context, s stores.Scope, q stores.Query, list func(context.Context, stores.Scope, stores.Query) (stores.Slice[T], error), into map[stores.Ref]string) error {
	page, err := list(ctx, s, q)
	for _, n := range page.Items {
		into[n.Ref()] = strings.ToLower(n.EmbeddingText())
	}
	return err
}

// rarest scores texts by the words they hold.
func rarest(found map[stores.Ref]string, words []string) []candidate {
	scores := map[stores.Ref]float64{}
	for _, word := range words {
		var holders []stores.Ref
		for ref, text := range found {
			if strings.Contains(text, word) {
				holders = append(holders, ref)
			}
		}
		for _, ref := range holders {
			scores[ref] += math.Log1p(float64(len(found)) / float64(len(holders)))
		}
	}
	return candidates(scores)
}

// longest picks the words of a question to look for, in lower case: the longest, which say most.
func longest(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	slices.Sort(words)
	words = slices.Compact(words)
	slices.SortStableFunc(words, func(a, b string) int { return utf8.RuneCountInString(b) - utf8.RuneCountInString(a) })
	if n := slices.IndexFunc(words, func(w string) bool { return utf8.RuneCountInString(w) < textLeast }); n > 0 {
		words = words[:n]
	}
	return words[:min(len(words), textWords)]
}

// holding is the condition that one of the fields holds one of the words. Stores compare bytes, so each word is looked for
// in lower case, with a capital, and in capitals.
func holding(fields []stores.Field, words []string) stores.Filter {
	out := stores.Filter{Op: stores.Or}
	for _, field := range fields {
		for _, word := range words {
			first, n := utf8.DecodeRuneInString(word)
			forms := []string{word, string(unicode.ToUpper(first)) + word[n:], strings.ToUpper(word)}
			for _, form := range slices.Compact(forms) {
				out.Terms = append(out.Terms, stores.Where(field, stores.Contains, form))
			}
		}
	}
	return out
}
