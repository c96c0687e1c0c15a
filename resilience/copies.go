package resilience

import (
	"context"

	"thalamus/stores"
)

type copies struct {
	next stores.Copies
	gate gate
}

var _ stores.Copies = copies{}

func (d copies) Forget(ctx context.Context, texts []string) (int, error) {
	return call(ctx, d.gate.write("copies.forget", len(texts)), affected, func(ctx context.Context) (int, error) { return d.next.Forget(ctx, texts) })
}

func (d copies) Kept(ctx context.Context, texts []string) (int, error) {
	return call(ctx, d.gate.read("copies.kept", len(texts)), affected, func(ctx context.Context) (int, error) { return d.next.Kept(ctx, texts) })
}
