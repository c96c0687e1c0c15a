package resilience

import (
	"context"
	"errors"

	"thalamus/stores"
)

// gate is where one role enters its guard.
type gate struct {
	guard *Guard
	role  stores.Role
}

func (g gate) read(name string, keys int) entry { return g.enter(Op{Name: name, Keys: keys}) }
func (g gate) write(name string, keys int) entry {
	return g.enter(Op{Name: name, Keys: keys, Write: true})
}

// once is a write that must not be repeated: an error may hide that it was done.
func (g gate) once(name string, keys int) entry {
	return g.enter(Op{Name: name, Keys: keys, Write: true, Once: true})
}

// waits is a write that takes as long as the caller is ready to wait.
func (g gate) waits(name string, keys int) entry {
	return g.enter(Op{Name: name, Keys: keys, Write: true, Once: true, Waits: true})
}

func (g gate) enter(op Op) entry {
	op.Role, op.tally = g.role, &tally{}
	return entry{guard: g.guard, op: op}
}

// entry is one call about to pass its guard.
type entry struct {
	guard *Guard
	op    Op
	scope *stores.Scope // that it asks about; nil when it is about all or none
}

// of is the entry of a call whose first argument may be a scope.
func (e entry) of(a any) entry {
	if s, ok := a.(stores.Scope); ok {
		e.scope = &s
	}
	return e
}

// call runs a method that answers with a value, of which rows drops what is not the asker's, and counts the rest.
func call[T any](ctx context.Context, e entry, rows func(*T, asker) int, method func(context.Context) (T, error)) (T, error) {
	answer, err := reach(ctx, e, rows, method)
	degradedFrom(ctx).missing(e, err)
	return answer, err
}

// reach is [call] without a note of what is missing.
func reach[T any](ctx context.Context, e entry, rows func(*T, asker) int, method func(context.Context) (T, error)) (T, error) {
	var answer T
	err := e.guard.Do(ctx, e.op, func(ctx context.Context) (err error) {
		if answer, err = method(ctx); err == nil {
			e.op.tally.rows = rows(&answer, asker{e.scope, e.op.tally})
		}
		return err
	})
	return answer, err
}

// call2 is [call] for a method of two arguments after the context.
func call2[A, B, T any](ctx context.Context, e entry, rows func(*T, asker) int, method func(context.Context, A, B) (T, error), a A, b B) (T, error) {
	answer, err := call(ctx, e.of(a), rows, func(ctx context.Context) (T, error) { return method(ctx, a, b) })
	changed(e, a, err)
	return answer, err
}

// call3 is [call] for a method of three arguments after the context.
func call3[A, B, C, T any](ctx context.Context, e entry, rows func(*T, asker) int, method func(context.Context, A, B, C) (T, error), a A, b B, c C) (T, error) {
	answer, err := call(ctx, e.of(a), rows, func(ctx context.Context) (T, error) { return method(ctx, a, b, c) })
	changed(e, a, err)
	return answer, err
}

// call4 is [call] for a method of four arguments after the context.
func call4[A, B, C, D, T any](ctx context.Context, e entry, rows func(*T, asker) int, method func(context.Context, A, B, C, D) (T, error), a A, b B, c C, d D) (T, error) {
	answer, err := call(ctx, e.of(a), rows, func(ctx context.Context) (T, error) { return method(ctx, a, b, c, d) })
	changed(e, a, err)
	return answer, err
}

// do runs a method that answers with nothing but an error.
func do(ctx context.Context, e entry, method func(context.Context) error) error {
	return e.guard.Do(ctx, e.op, method)
}

// do2 is [do] for a method of two arguments after the context.
func do2[A, B any](ctx context.Context, e entry, method func(context.Context, A, B) error, a A, b B) error {
	err := do(ctx, e, func(ctx context.Context) error { return method(ctx, a, b) })
	changed(e, a, err)
	return err
}

// do3 is [do] for a method of three arguments after the context.
func do3[A, B, C any](ctx context.Context, e entry, method func(context.Context, A, B, C) error, a A, b B, c C) error {
	err := do(ctx, e, func(ctx context.Context) error { return method(ctx, a, b, c) })
	changed(e, a, err)
	return err
}

// changed lets go the answers that a write to a record of truth has made old, whatever became of it, unless it never reached
// its store. Writes have their scope as first argument.
func changed[A any](e entry, a A, err error) {
	if sent, ok := errors.AsType[*stores.Error](err); ok && sent.Unsent {
		return
	}
	if !e.op.Write || e.guard.memory == nil || e.op.Role != stores.RoleGraph && e.op.Role != stores.RoleRecords {
		return
	}
	if s, ok := any(a).(stores.Scope); ok {
		e.guard.memory.written(shelf{s, e.op.part()})
	}
}
