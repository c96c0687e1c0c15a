package resilience

import (
	"context"
	"time"

	"thalamus/stores"
)

type answers struct {
	next stores.Answers
	gate gate
}

var _ stores.Answers = answers{}

func (d answers) Get(ctx context.Context, s stores.Scope, key string) (*stores.Answer, error) {
	return call2(ctx, d.gate.read("answers.get", 1), pointer, d.next.Get, s, key)
}

func (d answers) Put(ctx context.Context, s stores.Scope, a *stores.Answer) error {
	return do2(ctx, d.gate.once("answers.put", 1), d.next.Put, s, a)
}

func (d answers) Complete(ctx context.Context, s stores.Scope, saga stores.ID, response []byte) error {
	return do3(ctx, d.gate.write("answers.complete", 1), d.next.Complete, s, saga, response)
}

func (d answers) Release(ctx context.Context, s stores.Scope, saga stores.ID) error {
	return do2(ctx, d.gate.write("answers.release", 1), d.next.Release, s, saga)
}

func (d answers) Forget(ctx context.Context, s stores.Scope, nodes []stores.ID) (int, error) {
	return call2(ctx, d.gate.write("answers.forget", len(nodes)), affected, d.next.Forget, s, nodes)
}

func (d answers) Showing(ctx context.Context, s stores.Scope, nodes []stores.ID) (int, error) {
	return call2(ctx, d.gate.read("answers.showing", len(nodes)), one, d.next.Showing, s, nodes)
}

func (d answers) Prune(ctx context.Context, before time.Time) (int, error) {
	return call(ctx, d.gate.write("answers.prune", 0), affected, func(ctx context.Context) (int, error) { return d.next.Prune(ctx, before) })
}
