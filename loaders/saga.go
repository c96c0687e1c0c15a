package loaders

import (
	"context"
	"time"

	"thalamus/stores"
)

// Saga is a saga as a node.
type Saga struct{ *stores.Saga }

// NewSaga makes a saga a node; nil stays nil.
func NewSaga(s *stores.Saga) *Saga {
	if s == nil {
		return nil
	}
	return &Saga{s}
}

// Owner is the scope of what the saga writes.
func (s *Saga) Owner() stores.Scope { return s.Scope }

// Validate finds nothing wrong: nobody but a gateway writes a saga.
func (s *Saga) Validate() error { return nil }

// NextAttemptAt is when the saga is worked on again; nil while somebody works on it, and once it has ended.
func (s *Saga) NextAttemptAt() *time.Time {
	if s.State.Ended() || s.Saga.Owner != "" {
		return nil
	}
	return &s.NotBefore
}

// Saga loads one saga; nil when there is none.
func (l *Loaders) Saga(ctx context.Context, at *Place, id stores.ID) (*Saga, error) {
	return byID(ctx, l, at, stores.KindSaga, id, Sagas{l.set.Journal}.read)
}

// Sagas reads the journal as a list of nodes.
type Sagas struct{ Journal stores.Journal }

func (r Sagas) read(ctx context.Context, s stores.Scope, ids []stores.ID, _ []stores.Field) (map[stores.ID]*Saga, error) {
	found, err := r.Journal.ByID(ctx, s, ids)
	out := make(map[stores.ID]*Saga, len(found))
	for id, saga := range found {
		out[id] = NewSaga(saga)
	}
	return out, err
}

// List reads a page of sagas.
func (r Sagas) List(ctx context.Context, s stores.Scope, q stores.Query) (stores.Slice[*Saga], error) {
	page, err := r.Journal.List(ctx, s, q)
	out := stores.Slice[*Saga]{Cursors: page.Cursors, HasNext: page.HasNext, HasPrevious: page.HasPrevious}
	for _, saga := range page.Items {
		out.Items = append(out.Items, NewSaga(saga))
	}
	return out, err
}

// Count counts the sagas that match.
func (r Sagas) Count(ctx context.Context, s stores.Scope, where stores.Filter) (int, error) {
	return r.Journal.Count(ctx, s, where)
}
