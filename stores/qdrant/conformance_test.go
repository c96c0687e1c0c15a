package qdrant_test

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"thalamus/stores"
	"thalamus/stores/qdrant"
	"thalamus/stores/storestest"
)

// ownURL is the URL of the server under test with names of collections that nobody else uses. What is made under them is
// deleted in the end.
func ownURL(t testing.TB, options ...string) string {
	t.Helper()
	url, separator := storestest.Server(t, stores.RoleVectors), "?"
	if strings.Contains(url, separator) {
		separator = "&"
	}
	url += separator + strings.Join(append(options, "prefix=test-"+string(stores.NewID())+"-"), "&")
	t.Cleanup(func() {
		if err := qdrant.Drop(context.Background(), url); err != nil {
			t.Error(err)
		}
	})
	return url
}

// open opens an engine on the server under test.
func open(t testing.TB, url string, more ...grpc.DialOption) *qdrant.Vectors {
	t.Helper()
	v, err := qdrant.Open(t.Context(), url, qdrant.Dialing(qdrant.Options{}, more...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

func TestVectorsConformance(t *testing.T) {
	storestest.Vectors(t, func(t testing.TB) *stores.Set {
		v := open(t, ownURL(t))
		return &stores.Set{Vectors: v, Backends: []stores.Playing{{Role: stores.RoleVectors, Backend: v}}}
	})
}
