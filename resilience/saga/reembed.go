package saga

import (
	"context"

	"thalamus/stores"
)

// reembedPage is how many nouns are embedded at once.
const reembedPage = 200

// Reembedded says how far [Writer.Reembed] has come.
type Reembedded struct {
	Scopes, AllScopes int
	Nouns             map[stores.Kind]int
}

// Reembed makes every vector anew with the embedder of the set: it deletes all of them and binds the engine to that
// embedder, then goes through every scope. Nouns are read and their vectors written page by page; progress, which may be
// nil, is told after each. When it is interrupted, searches miss what was not reached: run it again.
func (w *Writer) Reembed(ctx context.Context, progress func(Reembedded)) (Reembedded, error) {
	done := Reembedded{Nouns: map[stores.Kind]int{}}
	scopes, err := w.set.Scopes.Scopes(ctx)
	if err != nil {
		return done, err
	}
	if err := w.set.Vectors.Reset(ctx, w.set.Embedder.Model()); err != nil {
		return done, err
	}
	done.AllScopes = len(scopes)
	written := func(kind stores.Kind, n int) {
		done.Nouns[kind] += n
		if progress != nil {
			progress(done)
		}
	}
	for _, s := range scopes {
		if err := w.reembedScope(ctx, s, written); err != nil {
			return done, err
		}
		done.Scopes++
	}
	return done, nil
}

func (w *Writer) reembedScope(ctx context.Context, s stores.Scope, written func(stores.Kind, int)) error {
	entities := func(found []*stores.Entity) ([]document, error) { return w.entityDocuments(ctx, s, found) }
	for _, walk := range []func() error{
		func() error { return reembed(ctx, w, s, stores.KindEntity, w.set.Entities.List, entities, written) },
		func() error {
			return reembed(ctx, w, s, stores.KindEpisode, w.set.Episodes.List, each(episodeDocument), written)
		},
		func() error {
			return reembed(ctx, w, s, stores.KindProcedure, w.set.Procedures.List, each(procedureDocument), written)
		},
		func() error {
			return reembed(ctx, w, s, stores.KindTodo, w.set.Todos.List, each(todoDocument), written)
		},
	} {
		if err := walk(); err != nil {
			return err
		}
	}
	return nil
}

// reembed pages through one noun of a scope, in the order of ids, which no write changes.
func reembed[T stores.Node](ctx context.Context, w *Writer, s stores.Scope, kind stores.Kind,
	list func(context.Context, stores.Scope, stores.Query) (stores.Slice[T], error), documents func([]T) ([]document, error),
	written func(stores.Kind, int),
) error {
	query := stores.Query{Order: []stores.Order{{Field: "id", Direction: stores.Ascending}}, Page: stores.Page{First: reembedPage}}
	for {
		page, err := list(ctx, s, query)
		if err != nil || len(page.Items) == 0 {
			return err
		}
		docs, err := documents(page.Items)
		if err != nil {
			return err
		}
		points, err := w.embed(ctx, docs)
		if err != nil {
			return err
		}
		if err := w.set.Vectors.Upsert(ctx, s, stores.Collections[kind], points); err != nil {
			return err
		}
		written(kind, len(points))
		if !page.HasNext {
			return nil
		}
		query.Page.After = page.Cursors[len(page.Cursors)-1]
	}
}

func each[T any](one func(T) document) func([]T) ([]document, error) {
	return func(found []T) ([]document, error) {
		docs := make([]document, len(found))
		for i, n := range found {
			docs[i] = one(n)
		}
		return docs, nil
	}
}

// entityDocuments brings the records of entities along.
func (w *Writer) entityDocuments(ctx context.Context, s stores.Scope, found []*stores.Entity) ([]document, error) {
	ids := make([]stores.ID, len(found))
	for i, e := range found {
		ids[i] = e.ID
	}
	records, err := w.set.EntityRecords.ByID(ctx, s, ids, nil)
	docs := make([]document, len(found))
	for i, e := range found {
		docs[i] = entityDocument(e, records[e.ID])
	}
	return docs, err
}
