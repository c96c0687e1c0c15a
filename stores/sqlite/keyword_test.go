package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"thalamus/stores"
)

// upsertTexts stores one point per text and gives their ids.
func upsertTexts(t testing.TB, v stores.Vectors, s stores.Scope, c stores.Collection, texts ...string) []stores.ID {
	t.Helper()
	points := make([]stores.Point, len(texts))
	out := make([]stores.ID, len(texts))
	for i, text := range texts {
		points[i] = stores.Point{ID: stores.NewID(), Vector: []float32{1, 0}, Text: text}
		out[i] = points[i].ID
	}
	must(t, v.Upsert(context.Background(), s, c, points))
	return out
}

func TestKeywordsFindWords(t *testing.T) {
	_, v := openVectors(t)
	texts := []string{
		"Deploying the billing service failed", "Café Zürich serves crêpes", "Привет, мир", "用户喜欢深色模式", "カードを使う",
		"한국어를 배우다", "to be or not to be", "cafe\u0301 re\u0301sume\u0301", "snake_case and kebab-case v2.1.0", "naïve 𐐀𐐁 🙂",
	}
	stored := upsertTexts(t, v, alice, episodes, texts...)
	for _, tt := range []struct {
		query string
		want  []int
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
		{"カード", []int{4}},
		{"한국어", []int{5}},
		{"欢喜", nil},
		{"to be or not", []int{6}}, // stop words only: they are all there is to look for
		{"what is the service", []int{0}},
		{"kebab", []int{8}},
		{"snake_case", []int{8}},
		{"🙂", nil},
		{"... !? --", nil},
		{"naive", []int{9}},
		{"unknown", nil},
	} {
		hits := search(t, v, alice, stores.Search{Collection: episodes, Text: tt.query, Limit: 10})[0]
		var got []int
		for _, h := range hits {
			if h.Score <= 0 {
				t.Errorf("%q: score %v", tt.query, h.Score)
			}
			got = append(got, slices.Index(stored, h.ID))
		}
		slices.Sort(got)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q found %v, want %v", tt.query, got, tt.want)
		}
	}
}

func TestKeywordsRank(t *testing.T) {
	_, v := openVectors(t)
	texts := []string{"apple pear", "apple banana", "apple banana banana", "cherry", "cherry", "cherry", "plum"}
	stored := upsertTexts(t, v, alice, episodes, texts...)
	upsertTexts(t, v, alice, stores.CollectionTodos, "banana split")
	upsertTexts(t, v, stores.NewScope("bob", "", ""), episodes, "banana bread", "banana milk")
	ask := func(s stores.Search) []stores.Hit {
		s.Collection = episodes
		return search(t, v, alice, s)[0]
	}
	banana := ask(stores.Search{Text: "banana", Limit: 5})
	if got := ids(banana); !slices.Equal(got, []stores.ID{stored[2], stored[1]}) {
		t.Fatalf("banana found %v", banana)
	}
	if got := ids(ask(stores.Search{Text: "banana", Limit: 5, Threshold: banana[0].Score})); !slices.Equal(got, stored[2:3]) {
		t.Errorf("a threshold left %v", got)
	}
	for limit := 1; limit <= 3; limit++ {
		if got := ids(ask(stores.Search{Text: "cherry", Limit: limit})); !slices.Equal(got, stored[3:3+limit]) {
			t.Errorf("equal scores with limit %d: %v", limit, got)
		}
	}
	must(t, v.SetPayload(context.Background(), alice, episodes, map[stores.ID]map[stores.Field]any{stored[1]: {"type": "fruit"}}))
	filtered := stores.Search{Text: "banana", Limit: 1, Where: stores.Where("type", stores.Eq, "fruit")}
	if got := ids(ask(filtered)); !slices.Equal(got, stored[1:2]) {
		t.Errorf("a filter left %v", got)
	}
}

// TestKeywordsFollowWrites compares the words found with the texts stored after random writes, some of them undone.
func TestKeywordsFollowWrites(t *testing.T) {
	ctx := context.Background()
	db, v := openVectors(t)
	vocabulary := []string{"amber", "birch", "cedar", "dune", "ember", ""}
	rapid.Check(t, func(r *rapid.T) {
		scope := stores.NewScope(string(stores.NewID()), "", "")
		known := []stores.ID{stores.NewID(), stores.NewID(), stores.NewID(), stores.NewID()}
		texts := map[stores.ID]string{}
		for range rapid.IntRange(1, 8).Draw(r, "writes") {
			id := rapid.SampledFrom(known).Draw(r, "id")
			text := rapid.SampledFrom(vocabulary).Draw(r, "text") + " " + rapid.SampledFrom(vocabulary).Draw(r, "text")
			drop, undo := rapid.Bool().Draw(r, "delete"), rapid.Bool().Draw(r, "undo")
			undone := errors.New("undone")
			err := db.Atomic(ctx, func(ctx context.Context) (err error) {
				if drop {
					_, err = v.Delete(ctx, scope, episodes, []stores.ID{id})
				} else {
					err = v.Upsert(ctx, scope, episodes, []stores.Point{{ID: id, Vector: []float32{1}, Text: text}})
				}
				if err == nil && undo {
					err = undone
				}
				return err
			})
			switch {
			case err != nil && !errors.Is(err, undone):
				r.Fatal(err)
			case undo:
			case drop:
				delete(texts, id)
			default:
				texts[id] = text
			}
		}
		for _, word := range vocabulary[:len(vocabulary)-1] {
			var want []stores.ID
			for id, text := range texts {
				if strings.Contains(text, word) {
					want = append(want, id)
				}
			}
			got := ids(search(t, v, scope, stores.Search{Collection: episodes, Text: word, Limit: 10})[0])
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				r.Fatalf("%s found %v, want %v", word, got, want)
			}
		}
	})
}

// TestKeywordsKeepToWords feeds what means something to FTS5 or to SQL.
func TestKeywordsKeepToWords(t *testing.T) {
	_, v := openVectors(t)
	secret := upsertTexts(t, v, stores.NewScope("bob", "", ""), episodes, "bob keeps a secret plan")[0]
	stored := upsertTexts(t, v, alice, episodes, "alice keeps a diary")[0]
	for _, text := range []string{
		`"`, `""`, `" OR secret OR "`, `keeps" OR home : *`, `keeps) OR (secret`, `home : keeps`, `{home text} : keeps`, `- keeps`,
		`NEAR(keeps secret, 5)`, `keeps AND NOT alice`, `^keeps`, `keeps*`, `kee*`, `keeps + diary`, "keeps\x00secret", `'; DROP TABLE points; --`,
		"\xff\xfe keeps", strings.Repeat("(", 10_000), strings.Repeat("keeps ", 10_000), strings.Repeat("k", 100_000), "\U0001e900\U0001e901 keeps", "\U0001e900",
		"OR", "AND", "NOT NEAR", `text:"secret`,
	} {
		for _, h := range search(t, v, alice, stores.Search{Collection: episodes, Text: text, Limit: 10})[0] {
			if h.ID == secret || h.ID != stored {
				t.Errorf("%.40q found %v", text, h)
			}
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.String().Draw(r, "text")
		if text == "" {
			return
		}
		if _, err := v.Search(context.Background(), alice, []stores.Search{{Collection: episodes, Text: text, Limit: 1}}); err != nil {
			r.Fatalf("%q: %v", text, err)
		}
	})
}

// TestKeywordsTakeTheFirstWords is about questions of many words.
func TestKeywordsTakeTheFirstWords(t *testing.T) {
	_, v := openVectors(t)
	var words []string
	for i := range 70 {
		words = append(words, fmt.Sprintf("word%d", i))
	}
	stored := upsertTexts(t, v, alice, episodes, words...)
	got := ids(search(t, v, alice, stores.Search{Collection: episodes, Text: strings.Join(words, " the "), Limit: 100})[0])
	slices.Sort(got)
	if !slices.Equal(got, stored[:64]) {
		t.Errorf("found %d points", len(got))
	}
}
