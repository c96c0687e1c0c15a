package resilience

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"thalamus/stores"
)

// kept2 is [call2] for a read of a scope that an earlier answer to the same question may stand in for.
func kept2[B, T any](ctx context.Context, e entry, rows func(*T, asker) int, method func(context.Context, stores.Scope, B) (T, error), s stores.Scope, b B) (T, error) {
	const whole = ""
	inside := func(m *map[string]T, a asker) int {
		answer := (*m)[whole]
		n := rows(&answer, a)
		(*m)[whole] = answer
		return n
	}
	answer, err := each(ctx, e, inside, s, []string{whole}, []any{b}, func(ctx context.Context) (map[string]T, error) {
		answer, err := method(ctx, s, b)
		return map[string]T{whole: answer}, err
	})
	return answer[whole], err
}

// each2 is [call2] for a read of several keys of a scope, for each of which an earlier answer may stand in.
func each2[K ~string, V any](ctx context.Context, e entry, rows func(*map[K]V, asker) int, method func(context.Context, stores.Scope, []K) (map[K]V, error), s stores.Scope, keys []K) (map[K]V, error) {
	return each(ctx, e, rows, s, keys, nil, func(ctx context.Context) (map[K]V, error) { return method(ctx, s, keys) })
}

// each3 is [each2] for a method of three arguments after the context.
func each3[K ~string, C, V any](ctx context.Context, e entry, rows func(*map[K]V, asker) int, method func(context.Context, stores.Scope, []K, C) (map[K]V, error), s stores.Scope, keys []K, c C) (map[K]V, error) {
	return each(ctx, e, rows, s, keys, []any{c}, func(ctx context.Context) (map[K]V, error) { return method(ctx, s, keys, c) })
}

// each4 is [each2] for a method of four arguments after the context.
func each4[K ~string, C, D, V any](ctx context.Context, e entry, rows func(*map[K]V, asker) int, method func(context.Context, stores.Scope, []K, C, D) (map[K]V, error), s stores.Scope, keys []K, c C, d D) (map[K]V, error) {
	return each(ctx, e, rows, s, keys, []any{c, d}, func(ctx context.Context) (map[K]V, error) { return method(ctx, s, keys, c, d) })
}

// each runs a read and keeps its answer key by key. When the backend is down, what was kept answers if it has something for
// every key. An answer without any row is not kept, lest it hide for a while what is there.
func each[K ~string, V any](ctx context.Context, e entry, rows func(*map[K]V, asker) int, s stores.Scope, keys []K, args []any, method func(context.Context) (map[K]V, error)) (map[K]V, error) {
	e.scope = &s
	m := e.guard.memory
	if m == nil || degradedFrom(ctx) == nil || stores.IsStrong(ctx) || isWithin(ctx) {
		return call(ctx, e, rows, method)
	}
	asOf := time.Now()
	answer, err := reach(ctx, e, rows, method)
	switch {
	case err == nil && e.op.tally.rows > 0:
		keep(m, ask(e.op, s, args), asOf, keys, answer)
	case KindOf(err) == KindUnavailable:
		if stale, from, ok := earlierAnswer[K, V](m, ask(e.op, s, args), keys); ok {
			degradedFrom(ctx).stale(ctx, e, err, from)
			return stale, nil
		}
		degradedFrom(ctx).missing(e, err)
	}
	return answer, err
}

// ask makes the question of a read.
func ask(op Op, s stores.Scope, args []any) *question {
	plain := make([]any, len(args))
	for i, a := range args {
		plain[i] = canonical(a)
	}
	text, err := json.Marshal(plain)
	if err != nil { // a number that JSON does not have
		text = fmt.Appendf(nil, "%#v", plain)
	}
	return &question{shelf{s, op.part()}, asked{op.Name, sha256.Sum256(text)}}
}

// canonical makes arguments alike that ask for the same: fields count as a set.
func canonical(arg any) any {
	switch a := arg.(type) {
	case []stores.Field:
		if a != nil {
			a = slices.Clone(a)
			slices.Sort(a)
			a = slices.Compact(a)
		}
		return a
	case stores.Query:
		a.Fields, _ = canonical(a.Fields).([]stores.Field)
		return a
	}
	return arg
}

func keep[K ~string, V any](m *memory, q *question, asOf time.Time, keys []K, answer map[K]V) {
	all := make([]*kept, len(keys))
	for i, key := range keys {
		var value any = absent{}
		if v, ok := answer[key]; ok {
			value = v
		}
		all[i] = &kept{question: q, key: string(key), value: value, asOf: asOf, size: keptSize + weigh(value)}
	}
	m.put(all)
}

// earlierAnswer joins what was kept of every key; it is as old as the oldest part.
func earlierAnswer[K ~string, V any](m *memory, q *question, keys []K) (map[K]V, earlier, bool) {
	plain := make([]string, len(keys))
	for i, key := range keys {
		plain[i] = string(key)
	}
	found, ok := m.get(q, plain)
	if !ok {
		return nil, earlier{}, false
	}
	answer, from := make(map[K]V, len(found)), earlier{found[0].asOf, m.limit}
	for _, k := range found {
		if v, ok := k.value.(V); ok {
			answer[K(k.key)] = v
		}
		if k.asOf.Before(from.asOf) {
			from.asOf = k.asOf
		}
	}
	return answer, from, true
}
