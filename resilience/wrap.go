package resilience

import (
	"context"

	"thalamus/stores"
)

// Wrap puts each role's guard in front of the contracts of a set; the set itself stays as it is. Closing the result
// closes the backends. A contract that the set lacks stays nil, and a role without a guard is passed through.
//
// What the stores do inside Atomic, that of the set or of its journal, are calls, which never wait for their turn; the transaction around them is none.
func Wrap(set *stores.Set, guards Guards) *stores.Set {
	graph, records, caching := guards.gate(stores.RoleGraph), guards.gate(stores.RoleRecords), guards.gate(stores.RoleCache)
	return &stores.Set{
		Episodes:      front(set.Episodes, graph, func(n stores.Episodes, g gate) stores.Episodes { return episodes{n, g} }),
		Entities:      front(set.Entities, graph, func(n stores.Entities, g gate) stores.Entities { return entities{n, g} }),
		Procedures:    front(set.Procedures, graph, func(n stores.Procedures, g gate) stores.Procedures { return procedures{n, g} }),
		Relationships: front(set.Relationships, graph, func(n stores.Relationships, g gate) stores.Relationships { return relationships{n, g} }),
		EntityRecords: front(set.EntityRecords, records, func(n stores.EntityRecords, g gate) stores.EntityRecords { return entityRecords{n, g} }),
		Profiles:      front(set.Profiles, records, func(n stores.Profiles, g gate) stores.Profiles { return profiles{n, g} }),
		Todos:         front(set.Todos, records, func(n stores.Todos, g gate) stores.Todos { return todos{n, g} }),
		Answers:       front(set.Answers, records, func(n stores.Answers, g gate) stores.Answers { return answers{n, g} }),
		Journal:       front(set.Journal, records, func(n stores.Journal, g gate) stores.Journal { return journal{n, g} }),
		Outbox:        front(set.Outbox, records, func(n stores.Outbox, g gate) stores.Outbox { return outbox{n, g} }),
		Scopes:        guards.scopes(set.Scopes),
		Vectors:       front(set.Vectors, guards.gate(stores.RoleVectors), func(n stores.Vectors, g gate) stores.Vectors { return vectors{n, g} }),
		Cache:         front(set.Cache, caching, func(n stores.Cache, g gate) stores.Cache { return cache{n, g} }),
		Locks:         front(set.Locks, caching, func(n stores.Locks, g gate) stores.Locks { return locks{n, g} }),
		Bus:           front(set.Bus, caching, func(n stores.Bus, g gate) stores.Bus { return bus{n, g} }),
		Embedder:      front(set.Embedder, guards.gate(stores.RoleEmbedder), func(n stores.Embedder, g gate) stores.Embedder { return embedder{n, g} }),
		Copies:        front(set.Copies, caching, func(n stores.Copies, g gate) stores.Copies { return copies{n, g} }),
		Atomic:        transaction(set.Atomic),
		Backends:      guards.backends(set.Backends),
	}
}

// transaction marks what happens inside of transactions.
func transaction(run func(context.Context, func(context.Context) error) error) func(context.Context, func(context.Context) error) error {
	if run == nil {
		return nil
	}
	return func(ctx context.Context, fn func(context.Context) error) error {
		return run(ctx, func(ctx context.Context) error { return fn(within(ctx)) })
	}
}

// front decorates a contract that is there and has a guard.
func front[T any](next T, g gate, decorate func(T, gate) T) T {
	if g.guard == nil || any(next) == nil {
		return next
	}
	return decorate(next, g)
}

// scopes puts the guard of each role in front of its list.
func (g Guards) scopes(all stores.Scopes) stores.Scopes {
	decorate := func(n stores.Scopes, g gate) stores.Scopes { return scopes{n, g} }
	parts, ok := all.(stores.ScopesOf)
	if !ok {
		return front(all, g.gate(stores.RoleRecords), decorate)
	}
	out := stores.ScopesOf{}
	for role, part := range parts {
		out[role] = front(part, g.gate(role), decorate)
	}
	return out
}

func (g Guards) gate(role stores.Role) gate { return gate{g[role], role} }

// backends puts the guards in front of the backends, so that a ping counts as any other call does. The roles of one
// backend keep sharing one value.
func (g Guards) backends(all []stores.Playing) []stores.Playing {
	out := make([]stores.Playing, len(all))
	for i, p := range all {
		if guard := g[p.Role]; guard != nil {
			p.Backend = guarded{guard}
		}
		out[i] = p
	}
	return out
}

// guarded is a backend behind its guard.
type guarded struct{ guard *Guard }

func (b guarded) Name() string                   { return b.guard.backend.Name() }
func (b guarded) Ping(ctx context.Context) error { return b.guard.Ping(ctx) }
func (b guarded) Close() error                   { return b.guard.backend.Close() }
