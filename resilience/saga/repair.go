package saga

import (
	"context"
	"slices"

	"thalamus/stores"
)

// repairAtOnce is how many findings one saga mends.
const repairAtOnce = 200

// Repair mends what [Writer.Drift] finds, and says what it found and how much of it is mended: copies without their node are
// deleted, missing ones are made again from the record of truth. Written or deleted meanwhile is left to the writes.
func (w *Writer) Repair(ctx context.Context, s stores.Scope, kinds []DriftKind) (found []Finding, mended int, err error) {
	if found, err = w.Drift(ctx, s, kinds); err != nil {
		return nil, 0, err
	}
	for part := range slices.Chunk(found, repairAtOnce) {
		done, err := run(ctx, w, s, Request{Operation: "repairDrift"}, func(ctx context.Context) (plan[int], error) {
			return w.mending(ctx, s, part)
		})
		if err != nil {
			return found, mended, err
		}
		mended += done
	}
	return found, mended, nil
}

// mending plans to mend findings.
func (w *Writer) mending(ctx context.Context, s stores.Scope, findings []Finding) (plan[int], error) {
	p := plan[int]{answer: len(findings)}
	ids := map[DriftKind]map[stores.Kind][]stores.ID{}
	for _, f := range findings {
		if ids[f.Kind] == nil {
			ids[f.Kind] = map[stores.Kind][]stores.ID{}
		}
		ids[f.Kind][f.Node.Kind] = append(ids[f.Kind][f.Node.Kind], f.Node.ID)
		p.nodes = append(p.nodes, f.Node)
		p.claims = append(p.claims, string(f.Node.ID))
	}
	add := func(n int, st step) {
		if n > 0 {
			p.steps = append(p.steps, st)
		}
	}
	gone := ids[OrphanRecord][stores.KindEntity]
	add(len(gone), w.entityRecords().Delete(gone...))
	records, err := w.missingRecords(ctx, s, slices.Concat(ids[MissingRecord][stores.KindEntity], ids[UnsettledRecord][stores.KindEntity]))
	if err != nil {
		return p, err
	}
	add(len(records), w.entityRecords().Put(records...))
	for _, kind := range stores.Kinds {
		orphans := ids[OrphanPoint][kind]
		add(len(orphans), w.erasePoints(kind, orphans...))
		points, err := w.pointsAnew(ctx, s, kind, ids[MissingPoint][kind])
		if err != nil {
			return p, err
		}
		add(len(points), w.putPoints(kind, points))
	}
	loose := ids[DanglingEdge][stores.KindRelationship]
	add(len(loose), w.relationships().Delete(loose...))
	return p, nil
}

// missingRecords makes records fit their entities: what is written about an entity stays, where there is anything.
func (w *Writer) missingRecords(ctx context.Context, s stores.Scope, ids []stores.ID) ([]*stores.EntityRecord, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	entities, err := w.set.Entities.ByID(ctx, s, ids, nil)
	if err != nil {
		return nil, err
	}
	records, err := w.set.EntityRecords.ByID(ctx, s, ids, nil)
	if err != nil {
		return nil, err
	}
	var out []*stores.EntityRecord
	for _, id := range ids {
		e := entities[id]
		if e == nil {
			continue
		}
		next := stores.EntityRecord{}
		if r := records[id].At(e.Version); r != nil {
			next = *r
		}
		EntityParts{e, &next}.join(s)
		next.Before = nil
		out = append(out, &next)
	}
	return out, nil
}

// pointsAnew embeds nodes that are there.
func (w *Writer) pointsAnew(ctx context.Context, s stores.Scope, kind stores.Kind, ids []stores.ID) ([]stores.Point, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	docs, err := w.documentsOf(ctx, s, kind, ids)
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	return w.embed(ctx, docs)
}

func (w *Writer) documentsOf(ctx context.Context, s stores.Scope, kind stores.Kind, ids []stores.ID) ([]document, error) {
	switch kind {
	case stores.KindEpisode:
		return documentsBy(ctx, s, ids, w.set.Episodes.ByID, each(episodeDocument))
	case stores.KindEntity:
		return documentsBy(ctx, s, ids, w.set.Entities.ByID, func(found []*stores.Entity) ([]document, error) { return w.entityDocuments(ctx, s, found) })
	case stores.KindProcedure:
		return documentsBy(ctx, s, ids, w.set.Procedures.ByID, each(procedureDocument))
	case stores.KindTodo:
		return documentsBy(ctx, s, ids, w.set.Todos.ByID, each(todoDocument))
	}
	return nil, nil
}

func documentsBy[T any](ctx context.Context, s stores.Scope, ids []stores.ID,
	read func(context.Context, stores.Scope, []stores.ID, []stores.Field) (map[stores.ID]*T, error), documents func([]*T) ([]document, error),
) ([]document, error) {
	found, err := read(ctx, s, ids, nil)
	if err != nil {
		return nil, err
	}
	return documents(inOrder(ids, found))
}
