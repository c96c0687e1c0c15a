package qdrant_test

import (
	"strings"
	"testing"

	"thalamus/stores/qdrant"
)

// TestWordsFound asks what the tests of the embedded engine ask: a question that finds a text there finds it here.
func TestWordsFound(t *testing.T) {
	texts := []string{
		"Deploying the billing service failed", "Café Zürich serves crêpes", "Привет, мир", "用户喜欢深色模式", "カードを使う",
		"한국어를 배우다", "to be or not to be", "cafe\u0301 re\u0301sume\u0301", "snake_case and kebab-case v2.1.0", "naïve 𐐀𐐁 🙂",
		"हिन्दी में", strings.Repeat("k", 100_000), "第 3 章",
	}
	for _, tt := range []struct {
		question string
		want     []int
	}{
		{"deployment of services", []int{0}},
		{"DEPLOYED", []int{0}},
		{"cafe", []int{1, 7}},
		{"zurich", []int{1}},
		{"résumé", []int{7}},
		{"re\u0301sume\u0301", []int{7}},
		{"привет", []int{2}},
		{"深色", []int{3}},
		{"喜欢的模式", []int{3}},
		{"欢", []int{3}},
		{"欢喜", nil},
		{"カード", []int{4}},
		{"ガード", []int{4}}, // ード
		{"한국어", []int{5}},
		{"to be or not", []int{6}},
		{"what is the service", []int{0}},
		{"kebab", []int{8}},
		{"snake_case", []int{8}},
		{"हिन्दी", []int{10}},
		{"हनद", nil}, // the same without its vowels
		{strings.Repeat("k", 100_000), []int{11}},
		{"第三章", nil},
		{"章", []int{12}},
		{"🙂", nil},
		{"... !? --", nil},
		{"\xff\xfe naive", []int{9}},
		{"unknown", nil},
	} {
		var got []int
		for i, text := range texts {
			if qdrant.Found(text, tt.question) {
				got = append(got, i)
			}
		}
		if len(got) != len(tt.want) || len(got) > 0 && got[0] != tt.want[0] {
			t.Errorf("%.40q finds %v, want %v", tt.question, got, tt.want)
		}
	}
}
