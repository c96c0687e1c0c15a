package resilience

import (
	"context"

	"thalamus/stores"
)

type vectors struct {
	next stores.Vectors
	gate gate
}

var _ stores.Vectors = vectors{}

func (d vectors) Upsert(ctx context.Context, s stores.Scope, c stores.Collection, points []stores.Point) error {
	return do3(ctx, d.gate.write("vectors.upsert", len(points)), d.next.Upsert, s, c, points)
}

func (d vectors) Get(ctx context.Context, s stores.Scope, c stores.Collection, ids []stores.ID) (map[stores.ID]stores.Point, error) {
	return call3(ctx, d.gate.read("vectors.get", len(ids)), keyed, d.next.Get, s, c, ids)
}

func (d vectors) Search(ctx context.Context, s stores.Scope, searches []stores.Search) ([][]stores.Hit, error) {
	return call2(ctx, d.gate.read("vectors.search", len(searches)), lists, d.next.Search, s, searches)
}

func (d vectors) Scroll(ctx context.Context, s stores.Scope, c stores.Collection, where stores.Filter, after stores.ID, limit int) ([]stores.ID, error) {
	return call(ctx, d.gate.read("vectors.scroll", 0), items, func(ctx context.Context) ([]stores.ID, error) {
		return d.next.Scroll(ctx, s, c, where, after, limit)
	})
}

func (d vectors) Count(ctx context.Context, s stores.Scope, c stores.Collection, where stores.Filter) (int, error) {
	return call3(ctx, d.gate.read("vectors.count", 0), one, d.next.Count, s, c, where)
}

func (d vectors) SetPayload(ctx context.Context, s stores.Scope, c stores.Collection, payload map[stores.ID]map[stores.Field]any) error {
	return do3(ctx, d.gate.write("vectors.setPayload", len(payload)), d.next.SetPayload, s, c, payload)
}

func (d vectors) SetVectors(ctx context.Context, s stores.Scope, c stores.Collection, change map[stores.ID][]float32) error {
	return do3(ctx, d.gate.write("vectors.setVectors", len(change)), d.next.SetVectors, s, c, change)
}

func (d vectors) Delete(ctx context.Context, s stores.Scope, c stores.Collection, ids []stores.ID) (int, error) {
	return call3(ctx, d.gate.write("vectors.delete", len(ids)), affected, d.next.Delete, s, c, ids)
}

func (d vectors) DeleteWhere(ctx context.Context, s stores.Scope, c stores.Collection, where stores.Filter) (int, error) {
	return call3(ctx, d.gate.write("vectors.deleteWhere", 0), affected, d.next.DeleteWhere, s, c, where)
}

func (d vectors) Model(ctx context.Context) (stores.Model, error) {
	return call(ctx, d.gate.read("vectors.model", 0), one, d.next.Model)
}

func (d vectors) Bind(ctx context.Context, m stores.Model) error {
	return do(ctx, d.gate.write("vectors.bind", 0), func(ctx context.Context) error { return d.next.Bind(ctx, m) })
}

func (d vectors) Reset(ctx context.Context, m stores.Model) error {
	return do(ctx, d.gate.write("vectors.reset", 0), func(ctx context.Context) error { return d.next.Reset(ctx, m) })
}

// Features is a fact that the engine knows without being asked: not a call.
func (d vectors) Features() stores.VectorFeatures { return d.next.Features() }
