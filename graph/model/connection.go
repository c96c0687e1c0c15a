package model

import (
	"context"

	"thalamus/loaders"
	"thalamus/stores"
)

// Connection is a page of a list, in the shape of the Relay specification. Its cursors are signed.
type Connection[T any] struct {
	Edges    []*Edge[T]
	PageInfo *PageInfo

	count func(context.Context) (int, error)
}

// Edge is one item with its position.
type Edge[T any] struct {
	Cursor string
	Node   T
}

// The connections of the nouns and of their writes.
type (
	EpisodeConnection      = Connection[*stores.Episode]
	EpisodeEdge            = Edge[*stores.Episode]
	EntityConnection       = Connection[*stores.Entity]
	EntityEdge             = Edge[*stores.Entity]
	ProcedureConnection    = Connection[*stores.Procedure]
	ProcedureEdge          = Edge[*stores.Procedure]
	RelationshipConnection = Connection[*stores.Relationship]
	RelationshipEdge       = Edge[*stores.Relationship]
	ProfileConnection      = Connection[*stores.Profile]
	ProfileEdge            = Edge[*stores.Profile]
	TodoConnection         = Connection[*stores.Todo]
	TodoEdge               = Edge[*stores.Todo]
	SagaConnection         = Connection[*loaders.Saga]
	SagaEdge               = Edge[*loaders.Saga]
)

// NewConnection turns a page of a store into a connection. count, which may be nil, is called only when the total is
// selected.
func NewConnection[T any](sign *Signer, s stores.Scope, page stores.Slice[T], count func(context.Context) (int, error)) *Connection[T] {
	c := &Connection[T]{
		Edges:    make([]*Edge[T], len(page.Items)),
		PageInfo: &PageInfo{HasNextPage: page.HasNext, HasPreviousPage: page.HasPrevious},
		count:    count,
	}
	for i, item := range page.Items {
		c.Edges[i] = &Edge[T]{Cursor: sign.Sign(s, page.Cursors[i]), Node: item}
	}
	if n := len(c.Edges); n > 0 {
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = &c.Edges[0].Cursor, &c.Edges[n-1].Cursor
	}
	return c
}

// TotalCount counts the matches of the whole list, or answers null where that is not offered.
func (c *Connection[T]) TotalCount(ctx context.Context) (*int, error) {
	if c.count == nil {
		return nil, nil
	}
	n, err := c.count(ctx)
	if err != nil {
		return nil, err
	}
	return &n, nil
}

// Values lists the nodes.
func (c *Connection[T]) Values() []any {
	if c == nil {
		return nil
	}
	out := make([]any, len(c.Edges))
	for i, e := range c.Edges {
		out[i] = e.Node
	}
	return out
}

// Limits on pages.
const (
	DefaultPage = 20
	MaxPage     = 200
)

// Page reads the arguments of a connection. A number outside 1..200, first together with last, or a cursor that this
// gateway did not sign for this scope is [stores.ErrInvalid].
func Page(sign *Signer, s stores.Scope, first *int, after *string, last *int, before *string) (p stores.Page, err error) {
	switch {
	case first != nil && last != nil:
		return p, stores.Invalid("last", "cannot be combined with first")
	case before != nil && last == nil:
		return p, stores.Invalid("before", "goes with last; to read forwards use first and after")
	case after != nil && last != nil:
		return p, stores.Invalid("after", "goes with first; to read backwards use last and before")
	case last != nil:
		p.Last, err = pageSize("last", *last)
	case first != nil:
		p.First, err = pageSize("first", *first)
	default:
		p.First = DefaultPage
	}
	if err != nil {
		return p, err
	}
	if after != nil {
		if p.After, err = sign.Verify(s, "after", *after); err != nil {
			return p, err
		}
	}
	if before != nil {
		p.Before, err = sign.Verify(s, "before", *before)
	}
	return p, err
}

func pageSize(name string, n int) (int, error) {
	if n < 1 || n > MaxPage {
		return 0, stores.Invalid(name, "is %d; it must be between 1 and %d", n, MaxPage)
	}
	return n, nil
}
