package qdrant_test

import (
	"context"
	"testing"

	"thalamus/stores"
	"thalamus/stores/qdrant"
	"thalamus/stores/storestest"
	"thalamus/stores/storestest/servers"
)

func TestFaults(t *testing.T) {
	storestest.Faults(t, stores.RoleVectors, servers.Qdrant, func(ctx context.Context, url string) (*stores.Set, error) {
		v, err := qdrant.Open(ctx, url, qdrant.Options{})
		if err != nil {
			return nil, err
		}
		return &stores.Set{Vectors: v, Backends: []stores.Playing{{Role: stores.RoleVectors, Backend: v}}}, nil
	})
}
