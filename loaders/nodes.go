package loaders

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"

	"thalamus/resilience"
	"thalamus/stores"
)

// one, many and page list the nodes of the values that loaders give.
func one[T stores.Node](v T) []stores.Node {
	if reflect.ValueOf(&v).Elem().IsNil() {
		return nil
	}
	return []stores.Node{v}
}

func many[T stores.Node](list []T) []stores.Node {
	var out []stores.Node
	for _, v := range list {
		out = append(out, one(v)...)
	}
	return out
}

func page[T stores.Node](s stores.Slice[T]) []stores.Node { return many(s.Items) }

// reader is the ByID of any noun.
type reader[T stores.Node] func(context.Context, stores.Scope, []stores.ID, []stores.Field) (map[stores.ID]T, error)

// byID loads one node. The empty id is nobody's and costs nothing.
func byID[T stores.Node](ctx context.Context, l *Loaders, at *Place, kind stores.Kind, id stores.ID, read reader[T]) (T, error) {
	return load(ctx, l, at, id, func(ctx context.Context, ids []stores.ID, places []*Place) (map[stores.ID]T, error) {
		return readAll(ctx, l.scope, ids, selected(places, kind), read)
	}, one)
}

// readAll reads ids that may include the empty one; without any other it makes no call.
func readAll[T stores.Node](ctx context.Context, s stores.Scope, ids []stores.ID, fields []stores.Field, read reader[T]) (map[stores.ID]T, error) {
	ids = present(ids)
	if len(ids) == 0 {
		return nil, nil
	}
	return read(ctx, s, ids, fields)
}

func present(ids []stores.ID) []stores.ID {
	var out []stores.ID
	seen := map[stores.ID]bool{"": true}
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

// Node loads any node; nil when there is none.
func (l *Loaders) Node(ctx context.Context, at *Place, ref stores.Ref) (stores.Node, error) {
	return load(ctx, l, at, ref, l.nodes, one)
}

// End loads the node at an end of an edge. Where nothing but its id is selected it is not read, since no edge outlives
// its ends.
func (l *Loaders) End(ctx context.Context, at *Place, ref stores.Ref) (stores.Node, error) {
	return load(ctx, l, at, ref, l.ends, one)
}

func (l *Loaders) ends(ctx context.Context, refs []stores.Ref, places []*Place) (map[stores.Ref]stores.Node, error) {
	known := map[stores.Ref]stores.Node{}
	var unknown []stores.Ref
	wanted := map[stores.Kind]bool{}
	for _, kind := range stores.EndpointKinds {
		wanted[kind] = slices.ContainsFunc(selected(places, kind), func(f stores.Field) bool { return f != "id" && f != "__typename" })
	}
	for _, r := range refs {
		if wanted[r.Kind] {
			unknown = append(unknown, r)
		} else {
			known[r] = bare(r, l.scope)
		}
	}
	read, err := l.nodes(ctx, unknown, places)
	maps.Copy(known, read)
	return known, err
}

// bare is a node of which only the id is known.
func bare(r stores.Ref, s stores.Scope) stores.Node {
	switch r.Kind {
	case stores.KindEpisode:
		return &stores.Episode{ID: r.ID, Scope: s}
	case stores.KindProcedure:
		return &stores.Procedure{ID: r.ID, Scope: s}
	default:
		return &stores.Entity{ID: r.ID, Scope: s}
	}
}

// nodes reads nodes of mixed kinds, one call per kind. It answers what it can beside the errors.
func (l *Loaders) nodes(ctx context.Context, refs []stores.Ref, places []*Place) (map[stores.Ref]stores.Node, error) {
	byKind := map[stores.Kind][]stores.ID{}
	for _, r := range refs {
		byKind[r.Kind] = append(byKind[r.Kind], r.ID)
	}
	out := make(map[stores.Ref]stores.Node, len(refs))
	var errs []error
	for _, kind := range slices.Concat(stores.Kinds, []stores.Kind{stores.KindSaga}) {
		if ids := present(byKind[kind]); len(ids) > 0 {
			errs = append(errs, l.nodesOf(ctx, kind, ids, selected(places, kind), out))
		}
	}
	return out, errors.Join(errs...)
}

func (l *Loaders) nodesOf(ctx context.Context, kind stores.Kind, ids []stores.ID, fields []stores.Field, out map[stores.Ref]stores.Node) error {
	switch kind {
	case stores.KindEpisode:
		return collect(ctx, l.scope, ids, fields, l.set.Episodes.ByID, out)
	case stores.KindEntity:
		return collect(ctx, l.scope, ids, fields, l.set.Entities.ByID, out)
	case stores.KindProcedure:
		return collect(ctx, l.scope, ids, fields, l.set.Procedures.ByID, out)
	case stores.KindRelationship:
		return collect(ctx, l.scope, ids, fields, l.set.Relationships.ByID, out)
	case stores.KindProfile:
		return collect(ctx, l.scope, ids, fields, l.set.Profiles.ByID, out)
	case stores.KindTodo:
		return collect(ctx, l.scope, ids, fields, l.set.Todos.ByID, out)
	case stores.KindSaga:
		return collect(ctx, l.scope, ids, fields, Sagas{l.set.Journal}.read, out)
	}
	return nil
}

func collect[T stores.Node](ctx context.Context, s stores.Scope, ids []stores.ID, fields []stores.Field, read reader[T], out map[stores.Ref]stores.Node) error {
	found, err := read(ctx, s, ids, fields)
	for _, n := range found {
		out[n.Ref()] = n
	}
	return err
}

// Nodes reads many nodes at once, in the order of their references, with nil where there is none and, beside an error,
// where it could not be read. It announces nothing.
func (l *Loaders) Nodes(ctx context.Context, at *Place, refs []stores.Ref) ([]stores.Node, error) {
	found, err := l.nodes(resilience.WithPath(ctx, at.Path), refs, []*Place{at})
	out := make([]stores.Node, len(refs))
	for i, r := range refs {
		if n := found[r]; n != nil {
			out[i] = n
		}
	}
	return out, err
}
