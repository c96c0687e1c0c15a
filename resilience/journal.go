package resilience

import (
	"context"
	"time"

	"thalamus/stores"
)

type journal struct {
	next stores.Journal
	gate gate
}

var _ stores.Journal = journal{}

// Atomic is no call: what happens inside is.
func (d journal) Atomic(ctx context.Context, fn func(context.Context) error) error {
	return transaction(d.next.Atomic)(ctx, fn)
}

// Begin is not repeated: a saga that was begun by an attempt whose answer got lost would stand in the way of the next.
func (d journal) Begin(ctx context.Context, saga *stores.Saga, lease time.Duration) error {
	return do2(ctx, d.gate.once("journal.begin", 1), d.next.Begin, saga, lease)
}

// Advance is not repeated: an attempt whose answer got lost may have raised the fence.
func (d journal) Advance(ctx context.Context, saga *stores.Saga, held int) error {
	return do2(ctx, d.gate.once("journal.advance", 1), d.next.Advance, saga, held)
}

func (d journal) Renew(ctx context.Context, owner string, ids []stores.ID, lease time.Duration) ([]stores.ID, error) {
	return call3(ctx, d.gate.write("journal.renew", len(ids)), items, d.next.Renew, owner, ids, lease)
}

// Due is not repeated: what an attempt whose answer got lost took over is nobody's until its lease ends.
func (d journal) Due(ctx context.Context, owner string, lease time.Duration, alone bool, limit int) ([]*stores.Saga, error) {
	return call4(ctx, d.gate.once("journal.due", 0), items, d.next.Due, owner, lease, alone, limit)
}

// Take is not repeated, either.
func (d journal) Take(ctx context.Context, s stores.Scope, id stores.ID, owner string, lease time.Duration) (*stores.Saga, error) {
	return call4(ctx, d.gate.once("journal.take", 1), pointer, d.next.Take, s, id, owner, lease)
}

func (d journal) Wake(ctx context.Context, s stores.Scope, id stores.ID) (bool, error) {
	return call2(ctx, d.gate.write("journal.wake", 1), one, d.next.Wake, s, id)
}

func (d journal) ByID(ctx context.Context, s stores.Scope, ids []stores.ID) (map[stores.ID]*stores.Saga, error) {
	return call2(ctx, d.gate.read("journal.byId", len(ids)), keyed, d.next.ByID, s, ids)
}

func (d journal) List(ctx context.Context, s stores.Scope, q stores.Query) (stores.Slice[*stores.Saga], error) {
	return call2(ctx, d.gate.read("journal.list", 0), page, d.next.List, s, q)
}

func (d journal) Count(ctx context.Context, s stores.Scope, where stores.Filter) (int, error) {
	return call2(ctx, d.gate.read("journal.count", 0), one, d.next.Count, s, where)
}

func (d journal) Holding(ctx context.Context, s stores.Scope, claims []string) (map[string]stores.ID, error) {
	return call2(ctx, d.gate.read("journal.holding", len(claims)), keyed, d.next.Holding, s, claims)
}

func (d journal) Unfinished(ctx context.Context) (map[stores.SagaState]int, error) {
	return call(ctx, d.gate.read("journal.unfinished", 0), keyed, d.next.Unfinished)
}

func (d journal) Prune(ctx context.Context, before time.Time) (int, error) {
	return call(ctx, d.gate.write("journal.prune", 0), affected, func(ctx context.Context) (int, error) { return d.next.Prune(ctx, before) })
}

func (d journal) Exclusive() bool { return d.next.Exclusive() }
