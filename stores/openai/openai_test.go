package openai_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"thalamus/stores"
	"thalamus/stores/openai"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func wantVectors(t *testing.T, e *openai.Embedder, texts []string, dimension int) {
	t.Helper()
	got, err := e.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(texts) {
		t.Fatalf("%d vectors for %d texts", len(got), len(texts))
	}
	for i, text := range texts {
		want := unit(text, dimension)
		if strings.TrimSpace(text) == "" {
			want = make([]float32, dimension)
		}
		if diff := cmp.Diff(want, got[i], cmp.Comparer(near)); diff != "" {
			t.Fatalf("text %d, %q (-want +got):\n%s", i, text, diff)
		}
	}
}

func near(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-6 }

func numbered(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprint("text number ", i)
	}
	return texts
}

func TestWireFormat(t *testing.T) {
	f := &fake{dimension: 8}
	e := serve(t, f, nil)
	wantVectors(t, e, []string{"a", "b"}, 8)
	want := []request{{
		Input: []string{"a", "b"}, Model: "fake-1", Dimensions: 8,
		key: "Bearer " + string(secret), path: "POST /v1/embeddings",
	}}
	if diff := cmp.Diff(want, f.seen(), cmp.AllowUnexported(request{})); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if got := e.Model(); got != (stores.Model{Name: "fake-1", Dimension: 8}) {
		t.Errorf("model %v", got)
	}
}

func TestServersWithoutKey(t *testing.T) {
	f := &fake{dimension: 8}
	e := serve(t, f, func(c *openai.Config) { c.APIKey = "" })
	wantVectors(t, e, []string{"a"}, 8)
	if key := f.seen()[0].key; key != "" {
		t.Errorf("sent Authorization %q", key)
	}
}

func TestBatches(t *testing.T) {
	f := &fake{dimension: 8}
	e := serve(t, f, func(c *openai.Config) { c.BatchSize = 10 })
	wantVectors(t, e, numbered(95), 8)
	sizes := map[int]int{}
	for _, r := range f.seen() {
		sizes[len(r.Input)]++
	}
	if diff := cmp.Diff(map[int]int{10: 9, 5: 1}, sizes); diff != "" {
		t.Errorf("sizes of requests:\n%s", diff)
	}
}

func TestNothingToAsk(t *testing.T) {
	f := &fake{dimension: 8}
	e := serve(t, f, nil)
	wantVectors(t, e, nil, 8)
	wantVectors(t, e, []string{"", " \n"}, 8)
	if n := len(f.seen()); n != 0 {
		t.Errorf("%d requests were sent for nothing", n)
	}
	wantVectors(t, e, []string{"", "a", " ", "b", ""}, 8)
	if got := f.seen()[0].Input; !cmp.Equal(got, []string{"a", "b"}) {
		t.Errorf("sent %q", got)
	}
}

// As many requests as allowed run at the same time, and no more, whoever asks.
func TestConcurrencyIsBounded(t *testing.T) {
	const limit = 3
	arrived, release := make(chan struct{}), make(chan struct{})
	f := &fake{dimension: 8}
	for range 12 {
		f.script = append(f.script, reply{before: func() { arrived <- struct{}{}; <-release }})
	}
	e := serve(t, f, func(c *openai.Config) { c.BatchSize, c.Concurrency = 1, limit })
	done := make(chan error)
	for range 2 {
		go func() {
			_, err := e.Embed(context.Background(), numbered(6))
			done <- err
		}()
	}
	for range limit {
		<-arrived
	}
	go func() {
		for range 12 - limit {
			<-arrived
		}
	}()
	close(release)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.peak != limit {
		t.Errorf("%d requests ran at the same time, want %d", f.peak, limit)
	}
}

func TestLongTextsAreCut(t *testing.T) {
	f := &fake{dimension: 8}
	e := serve(t, f, func(c *openai.Config) { c.MaxBytes = 10 })
	if _, err := e.Embed(t.Context(), []string{"0123456789abc", "äöüäöüäöü", "1äöüäöüäöü", "日本語日本語", "short"}); err != nil {
		t.Fatal(err)
	}
	want := []string{"0123456789", "äöüäö", "1äöüä", "日本語", "short"}
	if diff := cmp.Diff(want, f.seen()[0].Input); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

func TestHugeInput(t *testing.T) {
	f := &fake{dimension: 8}
	e := serve(t, f, func(c *openai.Config) { c.MaxBytes = 1 << 20 })
	texts := []string{strings.Repeat("a", 1<<20), "small"}
	for i := range 100 {
		texts = append(texts, strings.Repeat(fmt.Sprint(i), 10_000))
	}
	wantVectors(t, e, texts, 8)
	for _, r := range f.seen() {
		if n := len(strings.Join(r.Input, "")); n > 256<<10 && len(r.Input) > 1 {
			t.Errorf("a request carries %d texts of %d bytes", len(r.Input), n)
		}
	}
}

func TestDimensionIsLearned(t *testing.T) {
	f := &fake{dimension: 5}
	e := serve(t, f, func(c *openai.Config) { c.Dimension = 0 })
	if got := e.Model().Dimension; got != 5 {
		t.Fatalf("learned %d dimensions", got)
	}
	wantVectors(t, e, []string{"a"}, 5)
	for _, r := range f.seen() {
		if r.Dimensions != 0 {
			t.Errorf("asked for %d dimensions of a model that has its own", r.Dimensions)
		}
	}
	if n := len(f.seen()); n != 2 {
		t.Errorf("%d requests, want one to learn and one to embed", n)
	}
}

func TestCancelled(t *testing.T) {
	f := &fake{dimension: 8}
	e := serve(t, f, nil)
	ctx, cancel := context.WithCancel(t.Context())
	f.script = []reply{{hang: true, before: cancel}}
	if _, err := e.Embed(ctx, []string{"a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled under way: %v", err)
	}
	if _, err := e.Embed(ctx, []string{"a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v", err)
	}
	if n := len(f.seen()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestPingAndClose(t *testing.T) {
	f := &fake{dimension: 8}
	e := serve(t, f, nil)
	if err := e.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.script = []reply{{status: 503}}
	if err := e.Ping(t.Context()); !errors.Is(err, stores.ErrUnavailable) {
		t.Errorf("Ping of a server that is down: %v", err)
	}
	if n := len(f.seen()); n != 2 {
		t.Errorf("%d requests; Ping does not retry", n)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := e.Embed(t.Context(), nil)
	for _, err := range []error{err, e.Ping(t.Context())} {
		if !errors.Is(err, stores.ErrUnavailable) {
			t.Errorf("after Close: %v", err)
		}
	}
}
