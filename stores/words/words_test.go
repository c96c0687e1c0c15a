package words_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"thalamus/stores/words"
)

func TestEach(t *testing.T) {
	for text, want := range map[string][]string{
		"":                          nil,
		"... !? 🙂":                  nil,
		"snake_case v2.1":           {"snake", "case", "v2", "1"},
		"Don't":                     {"Don", "t"},
		"cafe\u0301 au lait":        {"cafe\u0301", "au", "lait"},
		"深色模式":                      {"深 色", "色 模", "模 式"},
		"第 3 章":                     {"第", "3", "章"},
		"用Go写":                      {"用", "Go", "写"},
		"カード":                       {"カ ー", "ー ド"},
		"한국":                        {"한 국"},
		"\xff\xfe bytes \x00 apart": {"bytes", "apart"},
	} {
		if got := slices.Collect(words.Each(text)); !slices.Equal(got, want) {
			t.Errorf("%q has the words %q, want %q", text, got, want)
		}
	}
}

func TestSearched(t *testing.T) {
	for text, want := range map[string][]string{
		"What is the Service":  {"service"},
		"to be or not to be":   {"to", "be", "or", "not"},
		"Echo echo ECHO alpha": {"echo", "alpha"},
		"":                     nil,
	} {
		if got := words.Searched(text); !slices.Equal(got, want) {
			t.Errorf("%q is searched by %q, want %q", text, got, want)
		}
	}
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprint("word", i))
	}
	if got := words.Searched(strings.Join(many, " the ")); !slices.Equal(got, many[:words.MaxSearched]) {
		t.Errorf("of 100 words, %d are searched", len(got))
	}
}
