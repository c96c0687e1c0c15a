package embedcache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"thalamus/stores"
	"thalamus/stores/embedcache"
	"thalamus/stores/hashing"
	"thalamus/stores/inprocess"
)

// counting is the hashing embedder under any model name; it notes what it was asked.
type counting struct {
	*hashing.Embedder
	name  string
	asked []string
	fail  error
}

func (c *counting) Model() stores.Model { return stores.Model{Name: c.name, Dimension: 1024} }

func (c *counting) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	c.asked = append(c.asked, texts...)
	if c.fail != nil {
		return nil, c.fail
	}
	return c.Embedder.Embed(ctx, texts)
}

func newCounting(name string) *counting { return &counting{Embedder: hashing.New(), name: name} }

func newCache(t *testing.T) *inprocess.Cache {
	c := inprocess.New(0)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func embed(t *testing.T, e stores.Embedder, texts ...string) [][]float32 {
	t.Helper()
	vectors, err := e.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := hashing.New().Embed(t.Context(), texts)
	if !slices.EqualFunc(want, vectors, slices.Equal[[]float32]) {
		t.Fatalf("the vectors of %q are not those of the embedder", texts)
	}
	return vectors
}

func wantAsked(t *testing.T, c *counting, texts ...string) {
	t.Helper()
	if diff := cmp.Diff(texts, c.asked); diff != "" {
		t.Errorf("texts sent on (-want +got):\n%s", diff)
	}
	c.asked = nil
}

func TestOnlyMissingTextsAreSentOn(t *testing.T) {
	next := newCounting("m")
	e := embedcache.New(next, newCache(t), nil)
	embed(t, e, "one", "two")
	wantAsked(t, next, "one", "two")
	embed(t, e, "three", "two", "", "one", "three")
	wantAsked(t, next, "three", "")
	embed(t, e, "", "three", "one")
	wantAsked(t, next)
	if e.Model() != next.Model() {
		t.Errorf("model %v", e.Model())
	}
}

func TestVectorsBelongToTheCaller(t *testing.T) {
	e := embedcache.New(newCounting("m"), newCache(t), nil)
	for range 2 {
		v := embed(t, e, "one", "one")
		v[0][0] = 42
		if v[1][0] == 42 {
			t.Error("two answers share their memory")
		}
	}
	embed(t, e, "one")
}

func TestModelsAreApart(t *testing.T) {
	cache := newCache(t)
	first, second := newCounting("first"), newCounting("second")
	embed(t, embedcache.New(first, cache, nil), "text")
	embed(t, embedcache.New(second, cache, nil), "text")
	wantAsked(t, second, "text")

	long := newCounting(strings.Repeat("long name ", 100))
	for range 2 {
		embed(t, embedcache.New(long, cache, nil), "text")
	}
	wantAsked(t, long, "text")
}

func TestForgottenAfterADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := inprocess.New(0)
		defer func() { _ = cache.Close() }()
		next := newCounting("m")
		e := embedcache.New(next, cache, nil)
		embed(t, e, "text")
		time.Sleep(23 * time.Hour)
		embed(t, e, "text")
		wantAsked(t, next, "text")
		time.Sleep(2 * time.Hour)
		embed(t, e, "text")
		wantAsked(t, next, "text")
	})
}

func TestFailingCacheIsAnEmptyOne(t *testing.T) {
	cache := newCache(t)
	_ = cache.Close()
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	next := newCounting("m")
	e := embedcache.New(next, cache, log)
	for range 2 {
		embed(t, e, "secret question")
		wantAsked(t, next, "secret question")
	}
	if n := strings.Count(out.String(), "level=DEBUG"); n != 4 {
		t.Errorf("%d lines were logged, want 4:\n%s", n, &out)
	}
	if strings.Contains(out.String(), "secret") {
		t.Errorf("the log holds the text:\n%s", &out)
	}
}

// broken answers every key with bytes that are no vector of the model.
type broken struct{ stores.Cache }

func (broken) Get(_ context.Context, _ stores.Scope, keys []string) (map[string][]byte, error) {
	values := map[string][]byte{}
	for _, k := range keys {
		values[k] = []byte("no vector")
	}
	return values, nil
}

func TestBrokenEntriesAreMissing(t *testing.T) {
	next := newCounting("m")
	e := embedcache.New(next, broken{newCache(t)}, nil)
	embed(t, e, "text")
	wantAsked(t, next, "text")
}

func TestErrors(t *testing.T) {
	next := newCounting("m")
	e := embedcache.New(next, newCache(t), nil)
	next.fail = stores.Unavailable("embedder", errors.New("down"))
	if _, err := e.Embed(t.Context(), []string{"text"}); !errors.Is(err, stores.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	next.fail = nil
	embed(t, e, "text") // the failure was not remembered

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, texts := range [][]string{{"text"}, {}} {
		if _, err := e.Embed(ctx, texts); !errors.Is(err, context.Canceled) {
			t.Errorf("%v: %v", texts, err)
		}
	}
}

func TestManyTexts(t *testing.T) {
	var texts []string
	for i := range 500 {
		texts = append(texts, fmt.Sprint("text ", i%300))
	}
	next := newCounting("m")
	e := embedcache.New(next, newCache(t), nil)
	embed(t, e, texts...)
	wantAsked(t, next, texts[:300]...)
}
