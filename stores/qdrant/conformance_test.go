package qdrant_test

import (
	"context"
	"strings"
	"testing"

	"thalamus/stores"
	"thalamus/stores/qdrant"
	"thalamus/stores/storestest"
)

// ownURL is the URL of the server under test with names of collections that nobody else uses.
func ownURL(t testing.TB) string {
	t.Helper()
	url, separator := storestest.Server(t, stores.RoleVectors), "?"
	if strings.Contains(url, separator) {
		separator = "&"
	}
	return url + separator + "prefix=test-" + string(stores.NewID()) + "-"
}

// open opens an engine on the server under test; what it holds is deleted in the end.
func open(t testing.TB, url string) *qdrant.Vectors {
	t.Helper()
	v, err := qdrant.Open(t.Context(), url, qdrant.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = v.Close()
		last, err := qdrant.Open(context.Background(), url, qdrant.Options{})
		if err != nil {
			return // what a test spoiled on purpose cannot be opened
		}
		if err := last.Drop(context.Background()); err != nil {
			t.Error(err)
		}
		_ = last.Close()
	})
	return v
}

func TestVectorsConformance(t *testing.T) {
	storestest.Vectors(t, func(t testing.TB) *stores.Set {
		v := open(t, ownURL(t))
		return &stores.Set{Vectors: v, Backends: []stores.Playing{{Role: stores.RoleVectors, Backend: v}}}
	})
}
