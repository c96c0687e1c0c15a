package saga

import (
	"context"

	"thalamus/stores"
)

// pointsPut is a step that inserts or replaces the points of a noun.
func (w *Writer) pointsPut(s stores.Scope, kind stores.Kind, points []stores.Point) step {
	c := stores.Collections[kind]
	ids := make([]stores.ID, len(points))
	for i, p := range points {
		ids[i] = p.ID
	}
	return step{
		role: stores.RoleVectors, name: string(c) + ".upsert",
		do:   func(ctx context.Context) error { return w.set.Vectors.Upsert(ctx, s, c, points) },
		look: func(ctx context.Context) (func(context.Context) error, error) { return w.pointsBefore(ctx, s, c, ids) },
	}
}

// pointPayload is a step that merges keys into the payload of a point.
func (w *Writer) pointPayload(s stores.Scope, kind stores.Kind, id stores.ID, payload map[stores.Field]any) step {
	c := stores.Collections[kind]
	return step{
		role: stores.RoleVectors, name: string(c) + ".payload",
		do: func(ctx context.Context) error {
			return w.set.Vectors.SetPayload(ctx, s, c, map[stores.ID]map[stores.Field]any{id: payload})
		},
		look: func(ctx context.Context) (func(context.Context) error, error) {
			return w.pointsBefore(ctx, s, c, []stores.ID{id})
		},
	}
}

// pointsDelete is a step that deletes points.
func (w *Writer) pointsDelete(s stores.Scope, kind stores.Kind, ids ...stores.ID) step {
	c := stores.Collections[kind]
	return step{
		role: stores.RoleVectors, name: string(c) + ".delete",
		do: func(ctx context.Context) error {
			_, err := w.set.Vectors.Delete(ctx, s, c, ids)
			return err
		},
		look: func(ctx context.Context) (func(context.Context) error, error) { return w.pointsBefore(ctx, s, c, ids) },
	}
}

// pointsBefore reads points and gives the way back to them.
func (w *Writer) pointsBefore(ctx context.Context, s stores.Scope, c stores.Collection, ids []stores.ID) (func(context.Context) error, error) {
	before, err := w.set.Vectors.Get(ctx, s, c, ids)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		var created []stores.ID
		var restore []stores.Point
		for _, id := range ids {
			if p, ok := before[id]; ok {
				restore = append(restore, p)
			} else {
				created = append(created, id)
			}
		}
		if _, err := w.set.Vectors.Delete(ctx, s, c, created); err != nil {
			return err
		}
		return w.set.Vectors.Upsert(ctx, s, c, restore)
	}, nil
}
