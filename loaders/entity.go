package loaders

import (
	"context"
	"strings"

	"thalamus/stores"
)

// Entity loads the graph part of one entity; nil when there is none.
func (l *Loaders) Entity(ctx context.Context, at *Place, id stores.ID) (*stores.Entity, error) {
	return byID(ctx, l, at, stores.KindEntity, id, l.set.Entities.ByID)
}

// EntityByName loads the current entity of a name; nil when there is none.
func (l *Loaders) EntityByName(ctx context.Context, at *Place, name string) (*stores.Entity, error) {
	return load(ctx, l, at, name, func(ctx context.Context, names []string, places []*Place) (map[string]*stores.Entity, error) {
		return l.set.Entities.ByName(ctx, l.scope, names, selected(places, stores.KindEntity))
	}, one)
}

// EntityRecord loads the records part of an entity, as it belongs to the version that was read; never nil.
func (l *Loaders) EntityRecord(ctx context.Context, at *Place, e *stores.Entity) (*stores.EntityRecord, error) {
	r, err := load(ctx, l, at, e.ID, func(ctx context.Context, ids []stores.ID, places []*Place) (map[stores.ID]*stores.EntityRecord, error) {
		fields := make([]stores.Field, len(places))
		for i, p := range places {
			fields[i] = stores.Field(p.Field)
		}
		return l.set.EntityRecords.ByID(ctx, l.scope, ids, fields)
	}, nil)
	if r == nil {
		r = &stores.EntityRecord{}
	}
	return r.At(e.Version), err
}

// EntitiesOfEpisode loads the entities that an episode mentions.
func (l *Loaders) EntitiesOfEpisode(ctx context.Context, at *Place, episode stores.ID) ([]*stores.Entity, error) {
	return load(ctx, l, at, episode, func(ctx context.Context, ids []stores.ID, places []*Place) (map[stores.ID][]*stores.Entity, error) {
		return l.set.Entities.ByEpisode(ctx, l.scope, ids, selected(places, stores.KindEntity))
	}, many)
}

// Versions loads all versions of a lineage, oldest first.
func (l *Loaders) Versions(ctx context.Context, at *Place, lineage stores.ID) ([]*stores.Entity, error) {
	return load(ctx, l, at, lineage, func(ctx context.Context, ids []stores.ID, places []*Place) (map[stores.ID][]*stores.Entity, error) {
		return l.set.Entities.ByLineage(ctx, l.scope, ids, selected(places, stores.KindEntity))
	}, many)
}

// Entities loads a list of entities in the order of their ids, leaving out those that are gone.
func (l *Loaders) Entities(ctx context.Context, at *Place, ids []stores.ID) ([]*stores.Entity, error) {
	return load(ctx, l, at, joinIDs(ids), func(ctx context.Context, lists []string, places []*Place) (map[string][]*stores.Entity, error) {
		var all []stores.ID
		for _, list := range lists {
			all = append(all, splitIDs(list)...)
		}
		found, err := readAll(ctx, l.scope, all, selected(places, stores.KindEntity), l.set.Entities.ByID)
		out := make(map[string][]*stores.Entity, len(lists))
		for _, list := range lists {
			for _, id := range splitIDs(list) {
				if e := found[id]; e != nil {
					out[list] = append(out[list], e)
				}
			}
		}
		return out, err
	}, many)
}

func joinIDs(ids []stores.ID) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = string(id)
	}
	return strings.Join(parts, " ")
}

func splitIDs(list string) []stores.ID {
	var ids []stores.ID
	for _, f := range strings.Fields(list) {
		ids = append(ids, stores.ID(f))
	}
	return ids
}
