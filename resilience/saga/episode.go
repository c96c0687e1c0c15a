package saga

import (
	"context"
	"slices"

	"thalamus/stores"
)

// CreateEpisode writes a new episode: graph, then vectors.
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
		return plan[*stores.Episode]{e, []stores.ID{e.ID}, []step{
			w.episodes().Put(s, e), w.pointsPut(s, stores.KindEpisode, points),
		}}, err
	})
}

// UpdateEpisode changes an episode: graph, then vectors.
func (w *Writer) UpdateEpisode(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int, change func(*stores.Episode) error) (*stores.Episode, error) {
	return run(ctx, w, s, r, func(ctx context.Context) (plan[*stores.Episode], error) {
		none := plan[*stores.Episode]{}
		e, err := current(ctx, s, stores.Ref{Kind: stores.KindEpisode, ID: id}, expected, w.set.Episodes.ByID)
		if err != nil {
			return none, err
		}
		before, mentions := episodeDocument(e), slices.Clone(e.Mentions)
		p := plan[*stores.Episode]{answer: e, nodes: []stores.ID{id}}
		if changed, err := edit(e, change); err != nil || !changed {
			return p, err
		}
		if !slices.Equal(mentions, e.Mentions) {
			if err := w.mentioned(ctx, s, e); err != nil {
				return p, err
			}
		}
		index, err := w.reindex(ctx, s, before, episodeDocument(e))
		p.steps = []step{w.episodes().Swap(s, e), index}
		return p, err
	})
}

// DeleteEpisode removes an episode, its mentions and edges, and its vector. It says whether there was one.
func (w *Writer) DeleteEpisode(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int) (bool, error) {
	return remove(ctx, w, s, r, stores.Ref{Kind: stores.KindEpisode, ID: id}, expected, w.set.Episodes.ByID,
		w.episodes().Delete(s, id), w.pointsDelete(s, stores.KindEpisode, id))
}

func (w *Writer) mentioned(ctx context.Context, s stores.Scope, e *stores.Episode) error {
	return exist(ctx, s, "entities", stores.KindEntity, e.Mentions, w.set.Entities.ByID)
}
