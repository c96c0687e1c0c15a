package loaders

import (
	"context"

	"thalamus/stores"
)

// Episode loads one episode; nil when there is none.
func (l *Loaders) Episode(ctx context.Context, at *Place, id stores.ID) (*stores.Episode, error) {
	return byID(ctx, l, at, stores.KindEpisode, id, l.set.Episodes.ByID)
}

// EpisodesOfEntity loads one page of the episodes that mention an entity.
func (l *Loaders) EpisodesOfEntity(ctx context.Context, at *Place, entity stores.ID, q stores.Query) (stores.Slice[*stores.Episode], error) {
	return load(ctx, l, at, entity, func(ctx context.Context, ids []stores.ID, places []*Place) (map[stores.ID]stores.Slice[*stores.Episode], error) {
		q.Fields = selected(places, stores.KindEpisode)
		return l.set.Episodes.ByEntity(ctx, l.scope, ids, q)
	}, page)
}

// Previous loads the episode before another in its session; nil at the start.
func (l *Loaders) Previous(ctx context.Context, at *Place, id stores.ID) (*stores.Episode, error) {
	return load(ctx, l, at, beside{id, false}, l.adjacent, one)
}

// Next loads the episode after another in its session; nil at the end.
func (l *Loaders) Next(ctx context.Context, at *Place, id stores.ID) (*stores.Episode, error) {
	return load(ctx, l, at, beside{id, true}, l.adjacent, one)
}

type beside struct {
	id    stores.ID
	after bool
}

// adjacent serves previous and next of one level together: one call for the neighbours' ids, one for the neighbours.
func (l *Loaders) adjacent(ctx context.Context, keys []beside, places []*Place) (map[beside]*stores.Episode, error) {
	ids := make([]stores.ID, len(keys))
	for i, k := range keys {
		ids[i] = k.id
	}
	neighbours, err := l.set.Episodes.Adjacent(ctx, l.scope, present(ids))
	if err != nil {
		return nil, err
	}
	wanted := make([]stores.ID, len(keys))
	for i, k := range keys {
		if wanted[i] = neighbours[k.id].Previous; k.after {
			wanted[i] = neighbours[k.id].Next
		}
	}
	episodes, err := readAll(ctx, l.scope, wanted, selected(places, stores.KindEpisode), l.set.Episodes.ByID)
	out := make(map[beside]*stores.Episode, len(keys))
	for i, k := range keys {
		if e := episodes[wanted[i]]; e != nil {
			out[k] = e
		}
	}
	return out, err
}
