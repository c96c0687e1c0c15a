package model_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"thalamus/graph/model"
	"thalamus/stores"
)

func TestGlobalID(t *testing.T) {
	seen := map[string]bool{}
	id := stores.NewID()
	for _, kind := range stores.Kinds {
		r := stores.Ref{Kind: kind, ID: id}
		s := model.GlobalID(r)
		if got, err := model.ParseGlobalID(s); err != nil || got != r || seen[s] {
			t.Errorf("%s: %+v, %v", s, got, err)
		}
		seen[s] = true
		for _, store := range []string{"sqlite", "graph", "records"} {
			if b, _ := base64.RawURLEncoding.DecodeString(s); strings.Contains(string(b), store) {
				t.Errorf("%s names a store", b)
			}
		}
	}
	encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for _, bad := range []string{
		"", "x", "====", encode(""), encode("Episode"), encode("Episode:"), encode("Episode:x"), encode("Nothing:" + string(id)), encode(":" + string(id)),
		encode("episode:" + string(id)), encode("Episode:" + strings.ToUpper(string(id))), encode("Episode:"+string(id)) + "=", encode("Episode:" + string(id) + " "), string(id),
		base64.StdEncoding.EncodeToString([]byte("Episode:" + string(id) + "\xff\xfe")),
	} {
		if r, err := model.ParseGlobalID(bad); !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("%q is %+v, %v", bad, r, err)
		}
	}
}

func FuzzGlobalID(f *testing.F) {
	f.Add(model.GlobalID(stores.Ref{Kind: stores.KindEpisode, ID: stores.NewID()}))
	f.Add("RXBpc29kZTp4")
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := model.ParseGlobalID(s); err == nil && model.GlobalID(r) != s {
			t.Errorf("%q and %q are the same id", s, model.GlobalID(r))
		}
	})
}

func TestCursors(t *testing.T) {
	key, s := model.NewSigner([]byte("0123456789abcdef")), stores.NewScope("ann", "", "")
	for _, c := range []stores.Cursor{"x", stores.NewCursor(stores.EpisodeSpec.Default, []any{"é", 1.5, nil}, "id")} {
		signed := key.Sign(s, c)
		if got, err := key.Verify(s, "after", signed); err != nil || got != c {
			t.Errorf("%q came back as %q, %v", c, got, err)
		}
		if _, err := key.Verify(stores.NewScope("bob", "", ""), "after", signed); !errors.Is(err, stores.ErrInvalid) {
			t.Error("a cursor is good in another scope")
		}
		if _, err := model.NewSigner([]byte("another key of 16")).Verify(s, "after", signed); !errors.Is(err, stores.ErrInvalid) {
			t.Error("a cursor is good under another key")
		}
		for i := range signed { // every changed character
			changed := []byte(signed)
			changed[i] ^= 1
			if got, err := key.Verify(s, "after", string(changed)); err == nil && got != c {
				t.Errorf("changed at %d it is %q", i, got)
			}
		}
	}
	for _, bad := range []string{"", "x", "AAAA", "AAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAA", "\x00"} {
		if _, err := key.Verify(s, "after", bad); !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestPage(t *testing.T) {
	key, s := model.NewSigner([]byte("0123456789abcdef")), stores.NewScope("", "", "")
	n, c := func(i int) *int { return &i }, key.Sign(s, "c")
	if p, err := model.Page(key, s, nil, nil, nil, nil); err != nil || p != (stores.Page{First: 20}) {
		t.Errorf("no arguments: %+v, %v", p, err)
	}
	if p, err := model.Page(key, s, n(200), &c, nil, nil); err != nil || p != (stores.Page{First: 200, After: "c"}) {
		t.Errorf("forwards: %+v, %v", p, err)
	}
	if p, err := model.Page(key, s, nil, nil, n(1), &c); err != nil || p != (stores.Page{Last: 1, Before: "c"}) {
		t.Errorf("backwards: %+v, %v", p, err)
	}
	bad := "c"
	for name, call := range map[string]func() (stores.Page, error){
		"zero": func() (stores.Page, error) { return model.Page(key, s, n(0), nil, nil, nil) }, "many": func() (stores.Page, error) { return model.Page(key, s, n(201), nil, nil, nil) },
		"both": func() (stores.Page, error) { return model.Page(key, s, n(1), nil, n(1), nil) }, "last and after": func() (stores.Page, error) { return model.Page(key, s, nil, &c, n(1), nil) },
		"first and before": func() (stores.Page, error) { return model.Page(key, s, n(1), nil, nil, &c) }, "bad cursor": func() (stores.Page, error) { return model.Page(key, s, n(1), &bad, nil, nil) },
	} {
		if p, err := call(); !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func TestDateTime(t *testing.T) {
	for in, want := range map[string]string{
		"2026-11-20T09:30:00Z": "2026-11-20T09:30:00Z", "2026-11-20T09:30:00+02:00": "2026-11-20T07:30:00Z", "2026-11-20T09:30:00.123456789Z": "2026-11-20T09:30:00.123456Z", "0001-01-02T00:00:00Z": "0001-01-02T00:00:00Z",
	} {
		at, err := model.UnmarshalDateTime(in)
		var out bytes.Buffer
		model.MarshalDateTime(at).MarshalGQL(&out)
		if err != nil || at.Location() != time.UTC || out.String() != `"`+want+`"` {
			t.Errorf("%s is %s, %v", in, out.String(), err)
		}
	}
	for _, bad := range []any{"", "yesterday", "2026-11-20", "2026-11-20 09:30:00", "2026-13-20T09:30:00Z", "2026-11-20T09:30:00", "10000-01-01T00:00:00Z", 1.0, nil, true} {
		if at, err := model.UnmarshalDateTime(bad); !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("%v is %v, %v", bad, at, err)
		}
	}
}

func TestNumbers(t *testing.T) {
	for in, want := range map[any]int{json.Number("7"): 7, int64(-3): -3, json.Number("2147483647"): math.MaxInt32, json.Number("-2147483648"): math.MinInt32} {
		if n, err := model.UnmarshalInt(in); err != nil || n != want {
			t.Errorf("%v is %d, %v", in, n, err)
		}
	}
	for _, bad := range []any{"7", json.Number("2147483648"), json.Number("1.5"), json.Number("1e2"), true, []any{}} {
		if n, err := model.UnmarshalInt(bad); !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("%#v is %d, %v", bad, n, err)
		}
	}
	if n, err := model.UnmarshalLong(json.Number("9223372036854775807")); err != nil || n != math.MaxInt64 {
		t.Errorf("%d, %v", n, err)
	}
	for _, bad := range []any{json.Number("9223372036854775808"), "x", 1.5} {
		if n, err := model.UnmarshalLong(bad); !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("%#v is %d, %v", bad, n, err)
		}
	}
	for _, bad := range []any{"1", json.Number("1e999"), true} {
		if f, err := model.UnmarshalFloat(context.Background(), bad); !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("%#v is %v, %v", bad, f, err)
		}
	}
	if d, err := model.UnmarshalDuration("P30D"); err != nil || d != 30*24*time.Hour {
		t.Errorf("%v, %v", d, err)
	}
	if d, err := model.UnmarshalDuration("a while"); !errors.Is(err, stores.ErrInvalid) {
		t.Errorf("%v, %v", d, err)
	}
}

func TestJSON(t *testing.T) {
	m, err := model.UnmarshalJSON(map[string]any{"a": json.Number("1"), "b": []any{int64(2), nil, "x"}})
	if err != nil || m["a"] != 1.0 || m["b"].([]any)[0] != 2.0 {
		t.Errorf("%v, %v", m, err)
	}
	for _, bad := range []any{nil, "{}", 1, []any{}, true} {
		if m, err := model.UnmarshalJSON(bad); !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("%v is %v, %v", bad, m, err)
		}
	}
	for want, m := range map[string]graphql.Marshaler{"null": model.MarshalJSON(nil), "{}": model.MarshalJSON(map[string]any{}), "[1,0.5]": model.MarshalVector([]float32{1, 0.5})} {
		var out bytes.Buffer
		if m.MarshalGQL(&out); out.String() != want {
			t.Errorf("%s, want %s", out.String(), want)
		}
	}
}

func TestProblems(t *testing.T) {
	many := errors.Join(stores.Invalid("a.b", "is bad"), errors.Join(stores.Conflict("taken"), stores.Missing("Episode", "x")), &stores.Error{Kind: stores.ErrUnsupported, Message: "cannot"})
	problems, err := model.Problems(many)
	if err != nil || len(problems) != 4 {
		t.Fatalf("%v, %v", problems, err)
	}
	for i, want := range []model.ProblemCode{model.ProblemCodeInvalid, model.ProblemCodeConflict, model.ProblemCodeNotFound, model.ProblemCodeUnsupported} {
		if problems[i].Code != want || problems[i].Message == "" || problems[i].Path == nil {
			t.Errorf("%+v, want %s", problems[i], want)
		}
	}
	secret := errors.New("SELECT hunter2")
	for _, bad := range []error{secret, stores.Unavailable("sqlite", secret), errors.Join(stores.Invalid("a", "b"), secret), context.Canceled} {
		if problems, err := model.Problems(bad); err == nil || problems != nil {
			t.Errorf("%v is no problem of the caller's, but %v", bad, problems)
		}
	}
	problems, err = model.Problems(&stores.Error{Kind: stores.ErrConflict, Cause: secret})
	if err != nil || strings.Contains(problems[0].Message, "hunter2") {
		t.Errorf("%+v, %v", problems, err)
	}
	if problems, err := model.Problems(nil); err != nil || problems == nil || len(problems) != 0 {
		t.Errorf("%v, %v", problems, err)
	}
}
