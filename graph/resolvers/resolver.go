// Package resolvers answers the fields of the schema. A resolver is one line of five kinds: load, list, write, recall, follow.
// What the lines share is in this file and in list.go; gqlgen rewrites the *.resolvers.go files and moves anything else out.
package resolvers

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"thalamus/access"
	"thalamus/events"
	"thalamus/graph/model"
	"thalamus/graph/selection"
	"thalamus/loaders"
	"thalamus/recall"
	"thalamus/resilience/saga"
	"thalamus/stores"
)

// Resolver holds what the resolvers need. Fields are unexported, lest they hide fields of the schema.
type Resolver struct {
	set    *stores.Set
	writes *saga.Writer
	recall *recall.Engine
	signer *model.Signer
	events *events.Hub

	backends Backends
	told     func(context.Context, stores.EventType)
}

// Backends are the guarded stores, for operators.
type Backends interface {
	// Health asks each how it is.
	Health(ctx context.Context) []*model.Backend
	// Hold keeps every call from the backend of a role, or lets them through again.
	Hold(role stores.Role, held bool) error
	// Playing are those that play roles, as they were when they were called last.
	Playing(roles []stores.Role) []*model.Backend
}

// New makes the resolvers. told is called with each event that a subscriber was handed.
func New(set *stores.Set, writes *saga.Writer, engine *recall.Engine, hub *events.Hub, signer *model.Signer, backends Backends,
	told func(context.Context, stores.EventType),
) *Resolver {
	return &Resolver{set: set, writes: writes, recall: engine, events: hub, signer: signer, backends: backends, told: told}
}

// scope is the caller's.
func scope(ctx context.Context) stores.Scope { return access.Scope(ctx) }

// now is the instant the operation began: the same for every field of an answer.
func now(ctx context.Context) time.Time {
	return graphql.GetOperationContext(ctx).Stats.OperationStart.UTC()
}

// load gives the loaders of the response, and at the place that the running resolver loads for.
func load(ctx context.Context) *loaders.Loaders { return loaders.For(ctx) }

func at(ctx context.Context) *loaders.Place { return selection.At(ctx) }

// request identifies the running mutation for its idempotency key. The input is taken as it was sent, so that a field
// left out differs from a null. How its author waits is no part of it.
func request(ctx context.Context) saga.Request {
	fc := graphql.GetFieldContext(ctx)
	args := fc.Field.ArgumentMap(graphql.GetOperationContext(ctx).Variables)
	sent, _ := args["input"].(map[string]any)
	input := maps.Clone(sent)
	delete(input, "write")
	canonical, err := json.Marshal(input)
	if err != nil {
		panic("resolvers: an input is not JSON: " + err.Error()) // it was parsed from JSON or GraphQL
	}
	r := saga.Request{Operation: fc.Field.Name, Input: canonical, Outcome: &saga.Outcome{}}
	if key, ok := input["idempotencyKey"].(string); ok {
		r.Key = &key
	}
	if write, ok := sent["write"].(map[string]any); ok {
		waiting(&r, write)
	}
	return r
}

// waiting reads how the author of a write waits. Its values were checked before.
func waiting(r *saga.Request, write map[string]any) {
	wait, _ := write["wait"].(string)
	down, _ := write["onStoreDown"].(string)
	r.Wait, r.OnDown = saga.Wait(wait), stores.OnDown(down)
	if most, err := model.UnmarshalDuration(write["waitAtMost"]); err == nil {
		if r.AtMost = most; most == 0 {
			r.Wait = saga.UntilAccepted
		}
	}
}

// arrived announces nodes that a resolver answers without a loader.
func arrived[T stores.Node](ctx context.Context, nodes ...T) {
	kinds := map[stores.Kind]int{}
	for _, n := range nodes {
		kinds[n.Ref().Kind]++
	}
	at(ctx).Arrived(kinds)
}

// payload announces the node of a payload. There is none yet of a write that waits as it was sent.
func payload[T stores.Node, P any](ctx context.Context, make func(*saga.Outcome, T, error) (P, error), r saga.Request, node T, err error) (P, error) {
	var none T
	if err == nil && any(node) != any(none) {
		arrived(ctx, node)
	}
	return make(r.Outcome, node, err)
}

// keyOf is the key in a global id that has to name a given noun; any other gives the empty key, which is nobody's.
func keyOf(r stores.Ref, kind stores.Kind) stores.ID {
	if r.Kind != kind {
		return ""
	}
	return r.ID
}

// create writes the new node that an input describes.
func create[T stores.Node, P any](ctx context.Context, describe func() (T, error),
	write func(context.Context, stores.Scope, saga.Request, T) (T, error), make func(*saga.Outcome, T, error) (P, error),
) (P, error) {
	r := request(ctx)
	node, err := describe()
	if err == nil {
		node, err = write(ctx, scope(ctx), r, node)
	}
	return payload(ctx, make, r, node, err)
}

// update changes the node of an id that has to name a given noun.
func update[T stores.Node, C, P any](ctx context.Context, ref stores.Ref, kind stores.Kind, expected graphql.Omittable[*int], change C,
	write func(context.Context, stores.Scope, saga.Request, stores.ID, *int, C) (T, error), make func(*saga.Outcome, T, error) (P, error),
) (P, error) {
	r := request(ctx)
	id, err := model.KeyOf("id", ref, kind)
	var changed T
	if err == nil {
		changed, err = write(ctx, scope(ctx), r, id, expected.Value(), change)
	}
	return payload(ctx, make, r, changed, err)
}

// deletion deletes the node of an id that has to name a given noun.
func deletion(ctx context.Context, in model.DeleteInput, kind stores.Kind,
	remove func(context.Context, stores.Scope, saga.Request, stores.ID, *int) (bool, error),
) (*model.DeletePayload, error) {
	r, deleted := request(ctx), false
	id, err := model.KeyOf("id", in.ID, kind)
	if err == nil {
		deleted, err = remove(ctx, scope(ctx), r, id, in.ExpectedVersion.Value())
	}
	return model.NewDeletePayload(r.Outcome, in.ID, deleted, err)
}

// forget erases what an input selects.
func forget(ctx context.Context, input model.ForgetInput,
	write func(context.Context, stores.Scope, saga.Request, saga.Selection) (saga.Forgotten, error),
) (*model.ForgetPayload, error) {
	what, err := input.Selection()
	if err != nil {
		return model.NewForgetPayload(saga.Forgotten{}, false, err)
	}
	done, err := write(ctx, scope(ctx), request(ctx), what)
	return model.NewForgetPayload(done, what.Refs != nil, err)
}

// administer does something about the saga of an id.
func administer(ref stores.Ref, do func(stores.ID) (*stores.Saga, error)) (*model.SagaPayload, error) {
	id, err := model.KeyOf("id", ref, stores.KindSaga)
	if err != nil {
		return model.NewSagaPayload(nil, err)
	}
	return model.NewSagaPayload(do(id))
}

// episodeKey is the key that the source of an entity names, if it names one.
func episodeKey(source string) stores.ID {
	id, err := stores.ParseID(source)
	if err != nil {
		return ""
	}
	return id
}
