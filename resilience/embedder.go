package resilience

import (
	"context"

	"thalamus/stores"
)

type embedder struct {
	next stores.Embedder
	gate gate
}

var _ stores.Embedder = embedder{}

func (d embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	return call(ctx, d.gate.read("embedder.embed", len(texts)), items, func(ctx context.Context) ([][]float32, error) { return d.next.Embed(ctx, texts) })
}

// Model is a fact that the embedder knows without being asked: not a call.
func (d embedder) Model() stores.Model { return d.next.Model() }
