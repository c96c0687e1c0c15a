package saga

import (
	"context"
	"slices"

	"thalamus/stores"
)

// CreateEpisode writes a new episode: vectors, then graph.
func (w *Writer) CreateEpisode(ctx context.Context, s stores.Scope, r Request, e *stores.Episode) (*stores.Episode, error) {
	return run(ctx, w, s, r, func(ctx context.Context) (plan[*stores.Episode], error) {
		e.Scope = s
		e.SetDefaults(stores.Now())
		if err := e.Validate(); err != nil {
			return plan[*stores.Episode]{}, err
		}
		if err := w.mentioned(ctx, s, e); err != nil {
			return plan[*stores.Episode]{}, err
		}
		points, err := w.embed(ctx, []document{episodeDocument(e)})
		return creation(e, w.createPoints(stores.KindEpisode, points), w.episodes().Create(e)), err
	})
}

// UpdateEpisode changes an episode: vectors, then graph.
func (w *Writer) UpdateEpisode(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int, change func(*stores.Episode) error) (*stores.Episode, error) {
	return run(ctx, w, s, r.about(string(id)), func(ctx context.Context) (plan[*stores.Episode], error) {
		none := plan[*stores.Episode]{}
		e, err := current(ctx, s, stores.Ref{Kind: stores.KindEpisode, ID: id}, expected, w.set.Episodes.ByID)
		if err != nil {
			return none, err
		}
		before, mentions, version := episodeDocument(e), slices.Clone(e.Mentions), e.Version
		fields, err := edit(e, change)
		if err != nil || fields == nil {
			return still(e), err
		}
		if !slices.Equal(mentions, e.Mentions) {
			if err := w.mentioned(ctx, s, e); err != nil {
				return none, err
			}
		}
		index, err := w.reindex(ctx, before, episodeDocument(e))
		return alteration(e, fields, w.checked(w.episodes().Check(id, version), index, w.episodes().Swap(e))...), err
	})
}

// DeleteEpisode removes an episode, its mentions and edges, and its vector. It says whether there was one.
func (w *Writer) DeleteEpisode(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int) (bool, error) {
	ref := stores.Ref{Kind: stores.KindEpisode, ID: id}
	return remove(ctx, w, s, r, ref, expected, w.episodes())
}

func (w *Writer) mentioned(ctx context.Context, s stores.Scope, e *stores.Episode) error {
	return exist(ctx, s, "entities", stores.KindEntity, e.Mentions, w.set.Entities.ByID)
}
