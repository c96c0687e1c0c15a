package saga

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"thalamus/stores"
)

// pointsPut inserts or replaces points.
type pointsPut struct {
	w          *Writer
	Collection stores.Collection
	Points     points
	Fresh      bool // none of them is there yet
	Before     points
}

func (a *pointsPut) look(ctx context.Context, s stores.Scope) (err error) {
	if !a.Fresh {
		a.Before, err = a.w.stored(ctx, s, a.Collection, a.Points.ids())
	}
	return err
}

func (a *pointsPut) do(ctx context.Context, s stores.Scope) error {
	return a.w.set.Vectors.Upsert(ctx, s, a.Collection, a.Points)
}

func (a *pointsPut) undo(ctx context.Context, s stores.Scope) error {
	return a.w.pointsBack(ctx, s, a.Collection, a.Points.ids(), a.Before)
}

// pointPayload merges keys into the payload of a point.
type pointPayload struct {
	w          *Writer
	Collection stores.Collection
	Point      points // one, whose payload is merged
	Before     points
}

func (a *pointPayload) look(ctx context.Context, s stores.Scope) (err error) {
	a.Before, err = a.w.stored(ctx, s, a.Collection, a.Point.ids())
	return err
}

func (a *pointPayload) do(ctx context.Context, s stores.Scope) error {
	return a.w.set.Vectors.SetPayload(ctx, s, a.Collection, map[stores.ID]map[stores.Field]any{a.Point[0].ID: a.Point[0].Payload})
}

func (a *pointPayload) undo(ctx context.Context, s stores.Scope) error {
	return a.w.pointsBack(ctx, s, a.Collection, a.Point.ids(), a.Before)
}

// pointsErase deletes points.
type pointsErase struct {
	w          *Writer
	Collection stores.Collection
	Kind       stores.Kind
	IDs        []stores.ID
	Before     points
}

func (a *pointsErase) look(ctx context.Context, s stores.Scope) (err error) {
	a.Before, err = a.w.stored(ctx, s, a.Collection, a.IDs)
	return err
}

func (a *pointsErase) do(ctx context.Context, s stores.Scope) error {
	_, err := a.w.set.Vectors.Delete(ctx, s, a.Collection, a.IDs)
	return err
}

func (a *pointsErase) undo(ctx context.Context, s stores.Scope) error {
	return a.w.pointsBack(ctx, s, a.Collection, a.IDs, a.Before)
}

func (a *pointsErase) receipt(ctx context.Context, s stores.Scope) ([]stores.Receipt, error) {
	left, err := a.w.set.Vectors.Get(ctx, s, a.Collection, a.IDs)
	return []stores.Receipt{{Store: stores.RoleVectors, Kind: a.Kind, Name: "points", Deleted: len(a.Before) - len(left), Left: len(left)}}, err
}

// createPoints is a step that inserts the points of new nodes.
func (w *Writer) createPoints(kind stores.Kind, all []stores.Point) step {
	c := stores.Collections[kind]
	return step{stores.RoleVectors, string(c) + ".upsert", &pointsPut{w: w, Collection: c, Points: all, Fresh: true}}
}

// putPoints is a step that inserts or replaces the points of a noun.
func (w *Writer) putPoints(kind stores.Kind, all []stores.Point) step {
	c := stores.Collections[kind]
	return step{stores.RoleVectors, string(c) + ".upsert", &pointsPut{w: w, Collection: c, Points: all}}
}

// putPayload is a step that merges keys into the payload of a point.
func (w *Writer) putPayload(kind stores.Kind, id stores.ID, payload map[stores.Field]any) step {
	c := stores.Collections[kind]
	return step{stores.RoleVectors, string(c) + ".payload", &pointPayload{w: w, Collection: c, Point: points{{ID: id, Payload: payload}}}}
}

// erasePoints is a step that deletes the points of a noun.
func (w *Writer) erasePoints(kind stores.Kind, ids ...stores.ID) step {
	c := stores.Collections[kind]
	return step{stores.RoleVectors, string(c) + ".erase", &pointsErase{w: w, Collection: c, Kind: kind, IDs: ids}}
}

// stored reads points in the order of ids.
func (w *Writer) stored(ctx context.Context, s stores.Scope, c stores.Collection, ids []stores.ID) (points, error) {
	there, err := w.set.Vectors.Get(ctx, s, c, ids)
	var out points
	for _, id := range ids {
		if p, ok := there[id]; ok {
			out = append(out, p)
		}
	}
	return out, err
}

// pointsBack brings points back as they were: those that were not there go.
func (w *Writer) pointsBack(ctx context.Context, s stores.Scope, c stores.Collection, ids []stores.ID, before points) error {
	was := map[stores.ID]bool{}
	for _, p := range before {
		was[p.ID] = true
	}
	var created []stores.ID
	for _, id := range ids {
		if !was[id] {
			created = append(created, id)
		}
	}
	if len(created) > 0 {
		if _, err := w.set.Vectors.Delete(ctx, s, c, created); err != nil {
			return err
		}
	}
	if len(before) == 0 {
		return nil
	}
	return w.set.Vectors.Upsert(ctx, s, c, before)
}

// points are written down with the types of their payloads.
type points []stores.Point

func (p points) ids() []stores.ID {
	ids := make([]stores.ID, len(p))
	for i := range p {
		ids[i] = p[i].ID
	}
	return ids
}

// keptPoint is a point as it is written down.
type keptPoint struct {
	ID      stores.ID                    `json:"id"`
	Vector  []float32                    `json:"vector,omitempty"`
	Text    string                       `json:"text,omitempty"`
	Payload map[stores.Field]keptPayload `json:"payload,omitempty"`
}

// keptPayload is a value of a payload: exactly one of its fields is set, none for null.
type keptPayload struct {
	Text   *string    `json:"text,omitempty"`
	Number *float64   `json:"number,omitempty"`
	Flag   *bool      `json:"flag,omitempty"`
	Time   *time.Time `json:"time,omitempty"`
}

// MarshalJSON writes points down.
func (p points) MarshalJSON() ([]byte, error) {
	out := make([]keptPoint, len(p))
	for i, point := range p {
		k := keptPoint{ID: point.ID, Vector: point.Vector, Text: point.Text, Payload: map[stores.Field]keptPayload{}}
		for f, v := range point.Payload {
			value, err := keepPayload(v)
			if err != nil {
				return nil, fmt.Errorf("payload %s: %w", f, err)
			}
			k.Payload[f] = value
		}
		out[i] = k
	}
	return json.Marshal(out)
}

func keepPayload(v any) (keptPayload, error) {
	switch v := v.(type) {
	case nil:
		return keptPayload{}, nil
	case string:
		return keptPayload{Text: &v}, nil
	case float64:
		return keptPayload{Number: &v}, nil
	case bool:
		return keptPayload{Flag: &v}, nil
	case time.Time:
		return keptPayload{Time: &v}, nil
	}
	return keptPayload{}, fmt.Errorf("a %T is no payload", v)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (p *points) UnmarshalJSON(data []byte) error {
	var all []keptPoint
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	*p = make(points, len(all))
	for i, k := range all {
		point := stores.Point{ID: k.ID, Vector: k.Vector, Text: k.Text}
		if len(k.Payload) > 0 {
			point.Payload = make(map[stores.Field]any, len(k.Payload))
		}
		for f, v := range k.Payload {
			point.Payload[f] = v.value()
		}
		(*p)[i] = point
	}
	return nil
}

func (k keptPayload) value() any {
	switch {
	case k.Text != nil:
		return *k.Text
	case k.Number != nil:
		return *k.Number
	case k.Flag != nil:
		return *k.Flag
	case k.Time != nil:
		return *k.Time
	}
	return nil
}
