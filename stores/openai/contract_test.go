package openai_test

import (
	"context"
	"net/http/httptest"
	"testing"

	"thalamus/stores"
	"thalamus/stores/hashing"
	"thalamus/stores/openai"
	"thalamus/stores/storestest"
)

// hashed is a model that knows something about likeness.
func hashed(text string, _ int) []float64 {
	vectors, err := hashing.New().Embed(context.Background(), []string{text})
	if err != nil {
		return nil
	}
	wide := make([]float64, len(vectors[0]))
	for i, x := range vectors[0] {
		wide[i] = 3 * float64(x)
	}
	wide[0]++ // no text is without a vector
	return wide
}

func TestContract(t *testing.T) {
	storestest.Embedder(t, func(t testing.TB) *stores.Set {
		server := httptest.NewServer(&fake{model: hashed})
		t.Cleanup(server.Close)
		e, err := openai.New(t.Context(), openai.Config{BaseURL: server.URL, Model: "fake-1"})
		if err != nil {
			t.Fatal(err)
		}
		set := &stores.Set{Embedder: e, Backends: []stores.Playing{{Role: stores.RoleEmbedder, Backend: e}}}
		t.Cleanup(func() { _ = set.Close() })
		return set
	})
}
