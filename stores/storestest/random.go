package storestest

import (
	"strings"
	"time"

	"thalamus/stores"
)

// hostile holds texts that stores like to misread: quotes and escapes of every query language, wildcards, full-text
// operators, texts that look like numbers, dates or JSON, and the far corners of Unicode.
var hostile = []string{
	`'; DROP TABLE episodes; --`, `" OR ""="`, `\`, `\\' \" \n \u0000 \x00`, "`tick`", `') DETACH DELETE n //`,
	"100%", "under_score", "%", "_", "a*b?c[d]", "${x} $1 ?1 :name @p {{.}} %s", "<script>alert(1)</script>", "&amp;",
	`NEAR(a b) AND NOT c OR "d" -e ^f col:g *`, `{"looks": "like JSON", "n": [1, null]}`, "[1,2,3]", `"quoted"`,
	"2024-01-02T03:04:05Z", "2024-01-02", "null", "NULL", "true", "0", "-1", "007", "1e5", "NaN", "0x10", "1.0",
	"line\nbreak\r\n\ttab", " leading", "trailing ", "two  blanks", "\u007f", "\u00a0x", "\u2028\u2029x", "\ufeffx", "\ufffd",
	"naïve café", "cafe\u0301", "caf\u00e9", "CAFÉ", "straße", "STRASSE", "ſ", "İstanbul", "ı", "Жук", "עברית \u202e", "日本語", "～",
	"👩‍👩‍👧‍👦 🇨🇭", "\U0001f600", "\U0010fffd", "-", "--", "/* x */", "a:b/c#d?e=f&g", "\\N", "undefined",
}

// words is the vocabulary of random records: few and alike, so that filters and orders meet ties, case and wildcards.
var words = []string{
	"a", "A", "b", "B", "ab", "aB", "a b", "a%b", "a_b", "axb", `a\b`, "a'b", "á", "a\u0301", "z", "Z", "é", "É", "ß", "ss", "10", "9", "～", "\U0001f600", "a ",
}

func pick[T any](w *world, from []T) T { return from[w.rand.IntN(len(from))] }

// word is a random text that is not empty.
func (w *world) word() string { return pick(w, words) }

// maybe is a random text that is empty now and then.
func (w *world) maybe() string {
	if w.rand.IntN(3) == 0 {
		return ""
	}
	return w.word()
}

// instant is a random time out of few; some lie a microsecond apart, some before 1970.
func (w *world) instant() time.Time {
	base := time.Date(2024, 2, 29, 23, 59, 59, 999_999_000, time.UTC)
	if w.rand.IntN(4) == 0 {
		base = time.Date(1969, 7, 20, 20, 17, 40, 1000, time.UTC)
	}
	return base.Add(time.Duration(w.rand.IntN(3))*time.Microsecond).AddDate(0, 0, w.rand.IntN(3))
}

// later is nil or a time that does not lie before another.
func (w *world) later(t time.Time) *time.Time {
	if w.rand.IntN(2) == 0 {
		return nil
	}
	return new(t.Add(time.Duration(w.rand.IntN(3)) * time.Hour))
}

func (w *world) maybeInstant() *time.Time { return w.later(w.instant()) }

// unit is a random number from 0 to 1, out of few.
func (w *world) unit() float64 {
	return pick(w, []float64{0, 0.1, 0.30000000000000004, 0.5, 2.0 / 3, 1})
}

// days is a random stability.
func (w *world) days() float64 { return pick(w, []float64{1e-9, 0.1, 1, 1.5, 365.25, 1e12}) }

// times is a random counter from 1.
func (w *world) times() int { return pick(w, []int{1, 2, 3, 9, 10, stores.MaxCount}) }

func (w *world) chance() bool { return w.rand.IntN(2) == 0 }

func (w *world) wordList() []string {
	var list []string
	for range w.rand.IntN(4) {
		list = append(list, w.word())
	}
	return list
}

func (w *world) object() map[string]any {
	if w.chance() {
		return nil
	}
	return map[string]any{w.word(): w.word(), "n": w.unit(), "list": []any{w.word(), true, nil, 1.5}}
}

// everything is a free-form map with every kind of JSON value.
func everything(s string) map[string]any {
	return map[string]any{
		"text": s, "empty": "", "int": 42.0, "big": 1e300, "small": -5e-324, "fraction": 0.1, "true": true, "false": false, "null": nil,
		"list": []any{}, "map": map[string]any{}, "date": "2024-01-02T03:04:05Z", "json": `{"a":[1]}`,
		"deep": map[string]any{"list": []any{1.0, "two", nil, map[string]any{"three": []any{3.0}}}}, s: "as a key",
	}
}

// full is a text of the given length in the widest characters there are.
func full(n int) string { return strings.Repeat("😀", n) }

// optional is a text as filters see it: null when it is empty.
func optional[S ~string](s S) any {
	if s == "" {
		return nil
	}
	return string(s)
}

func optionalTime(t *time.Time) any {
	if t == nil {
		return nil
	}
	return *t
}

func optionalList[S ~string](list []S) any {
	if len(list) == 0 {
		return nil
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}

func optionalNumber[N int | float64](n *N) any {
	if n == nil {
		return nil
	}
	return float64(*n)
}

func idsOf[T any](items []*T, id func(*T) stores.ID) []stores.ID {
	out := make([]stores.ID, len(items))
	for i, item := range items {
		out[i] = id(item)
	}
	return out
}
