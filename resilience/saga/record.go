package saga

import (
	"context"
	"errors"

	"thalamus/stores"
)

// turned completes the steps that change an entity with those that change its record: where the stores are several, the
// record is turned to its next version first, which refuses what came too late, and settled last.
func (w *Writer) turned(before, after *stores.EntityRecord, steps ...step) []step {
	if !w.split() {
		return append([]step{w.entityRecords().Put(after)}, steps...)
	}
	turn := step{stores.RoleRecords, "entityRecords.turn", &turnRecord{w: w, Before: before, Record: after}}
	settle := step{stores.RoleRecords, "entityRecords.settle", &settleRecord{w: w, ID: after.ID, Version: after.Version}}
	return append(append([]step{turn}, steps...), settle)
}

// turnRecord replaces a record by that of the next version of its entity, and keeps what it was beside it.
type turnRecord struct {
	w      *Writer
	Before *stores.EntityRecord // as it was read; without an id when there was none
	Record *stores.EntityRecord
}

func (a *turnRecord) look(context.Context, stores.Scope) error { return nil }

func (a *turnRecord) do(ctx context.Context, s stores.Scope) error {
	next := *a.Record
	if a.Before.ID != "" {
		was := *a.Before
		was.Before = nil
		next.Before = &was
	}
	found, err := a.w.set.EntityRecords.ByID(ctx, s, []stores.ID{a.Record.ID}, nil)
	if err != nil {
		return err
	}
	switch now := found[a.Record.ID]; {
	case now != nil && equal(now, &next): // it did so before
		return nil
	case now == nil && a.Before.ID != "", now != nil && now.Version != a.Before.Version:
		return stores.Conflict("the entity was changed meanwhile; read it again")
	}
	return a.w.putRecords(ctx, s, []*stores.EntityRecord{&next})
}

func (a *turnRecord) undo(ctx context.Context, s stores.Scope) error {
	if a.Before.ID == "" {
		_, err := a.w.set.EntityRecords.Delete(ctx, s, []stores.ID{a.Record.ID})
		return err
	}
	was := *a.Before
	was.Before = nil
	return a.w.set.EntityRecords.Put(ctx, s, []*stores.EntityRecord{&was})
}

// settleRecord lets a record forget what it was before.
type settleRecord struct {
	w *Writer
	unchanging
	ID      stores.ID
	Version int
}

func (a *settleRecord) do(ctx context.Context, s stores.Scope) error {
	found, err := a.w.set.EntityRecords.ByID(ctx, s, []stores.ID{a.ID}, nil)
	now := found[a.ID]
	if err != nil || now == nil || now.Version != a.Version || now.Before == nil {
		return err
	}
	settled := *now
	settled.Before = nil
	return a.w.set.EntityRecords.Put(ctx, s, []*stores.EntityRecord{&settled})
}

// putRecords writes records, and says of a name that is taken which input it is about.
func (w *Writer) putRecords(ctx context.Context, s stores.Scope, records []*stores.EntityRecord) error {
	err := w.set.EntityRecords.Put(ctx, s, records)
	if e, ok := errors.AsType[*stores.Error](err); ok && errors.Is(e.Kind, stores.ErrConflict) && e.Path == nil {
		named := *e
		named.Path = []string{"name"}
		return &named
	}
	return err
}
