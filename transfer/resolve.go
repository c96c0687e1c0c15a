package transfer

import (
	"context"
	"hash/maphash"
	"slices"

	"thalamus/stores"
)

// scopeBatch is the drafts of one scope that are written together, with what is stored beside them.
type scopeBatch struct {
	*importer
	scope  stores.Scope
	drafts []*draft // in the order in which nouns can be written

	current map[string]*stores.EntityRecord // stored, by name
	stored  map[stores.Ref]noun
	records map[stores.ID]*stores.EntityRecord
	there   map[stores.Ref]bool // what may be pointed at
}

// writeScope takes a batch of drafts home: it finds out who they are, passes over what is stored already, lets those wait
// that lack something, and writes the rest.
func (im *importer) writeScope(ctx context.Context, s stores.Scope, drafts []*draft) error {
	slices.SortStableFunc(drafts, func(a, b *draft) int {
		return slices.Index(stores.Kinds, a.ref().Kind) - slices.Index(stores.Kinds, b.ref().Kind)
	})
	b := &scopeBatch{
		importer: im, scope: s, drafts: drafts, stored: map[stores.Ref]noun{}, records: map[stores.ID]*stores.EntityRecord{},
		there: map[stores.Ref]bool{},
	}
	for _, step := range []func(context.Context) error{b.identify, b.lookUp, b.complete, b.lookAround} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	ready, err := b.ready()
	if err != nil {
		return err
	}
	return im.write(ctx, s, ready)
}

// keep drops the drafts that are refused or have to wait.
func (b *scopeBatch) keep(which func(*draft) (bool, error)) error {
	kept := b.drafts[:0]
	for _, d := range b.drafts {
		ok, err := which(d)
		if err != nil {
			return err
		}
		if ok {
			kept = append(kept, d)
		}
	}
	b.drafts = kept
	return nil
}

// identify gives every draft its id, and the ends of relations theirs.
func (b *scopeBatch) identify(ctx context.Context) (err error) {
	if b.current, err = b.Set.EntityRecords.ByName(ctx, b.scope, b.names()); err != nil {
		return err
	}
	named := map[string]stores.ID{}
	for name, r := range b.current {
		named[name] = r.ID
	}
	profile, err := b.profile(ctx)
	if err != nil {
		return err
	}
	return b.keep(func(d *draft) (bool, error) {
		switch n := d.noun.(type) {
		case *stores.Entity:
			if n.ID == "" {
				n.ID = firstID(named[n.Name], madeID(b.scope, stores.KindEntity, n.Name))
			}
			if n.SupersededBy == "" {
				named[n.Name] = n.ID
			}
		case *stores.Profile: // there is one in a scope
			n.ID = firstID(profile, n.ID, madeID(b.scope, stores.KindProfile))
		case *stores.Relationship:
			if d.ends != nil {
				n.Source.ID, n.Target.ID = named[d.ends.from], named[d.ends.to]
				for i, end := range []stores.Ref{n.Source, n.Target} {
					if end.ID == "" {
						name := []string{d.ends.from, d.ends.to}[i]
						return false, b.postpone(d, &stores.Error{Kind: stores.ErrNotFound, Message: "no entity is named " + quoted(name)})
					}
				}
			}
			if n.ID == "" {
				n.ID = madeID(b.scope, stores.KindRelationship, string(n.Source.ID), string(n.Type), n.Label, string(n.Target.ID))
			}
		default:
			if id := parts(n).id; *id == "" {
				*id = madeID(b.scope, n.Ref().Kind, string(d.text))
			}
		}
		return true, nil
	})
}

func (b *scopeBatch) names() (names []string) {
	for _, d := range b.drafts {
		if e, ok := d.noun.(*stores.Entity); ok {
			names = append(names, e.Name)
		}
		if d.ends != nil {
			names = append(names, d.ends.from, d.ends.to)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// profile is the id of the stored profile, if there is one and a draft needs it.
func (b *scopeBatch) profile(ctx context.Context) (stores.ID, error) {
	if len(b.drafts) == 0 || b.drafts[0].ref().Kind != stores.KindProfile { // they come first
		return "", nil
	}
	p, err := b.Set.Profiles.Of(ctx, b.scope, []stores.Field{})
	if p == nil {
		return "", err
	}
	return p.ID, err
}

func firstID(ids ...stores.ID) stores.ID {
	for _, id := range ids {
		if id != "" {
			return id
		}
	}
	return ""
}

// lookUp reads what is stored under the ids of the drafts.
func (b *scopeBatch) lookUp(ctx context.Context) error {
	ids := map[stores.Kind][]stores.ID{}
	for _, d := range b.drafts {
		ids[d.ref().Kind] = append(ids[d.ref().Kind], d.ref().ID)
	}
	if err := b.read(ctx, ids, nil, func(n noun) { b.stored[n.Ref()] = n }); err != nil {
		return err
	}
	var err error
	if list := ids[stores.KindEntity]; len(list) > 0 {
		if b.records, err = b.Set.EntityRecords.ByID(ctx, b.scope, list, nil); err != nil {
			return err
		}
	}
	return b.lookUpEdges(ctx)
}

// read brings nouns of any kind.
func (b *scopeBatch) read(ctx context.Context, ids map[stores.Kind][]stores.ID, fields []stores.Field, each func(noun)) error {
	for kind, list := range ids {
		var err error
		switch kind {
		case stores.KindProfile:
			err = read(ctx, b.scope, list, fields, b.Set.Profiles.ByID, each)
		case stores.KindEntity:
			err = read(ctx, b.scope, list, fields, b.Set.Entities.ByID, each)
		case stores.KindEpisode:
			err = read(ctx, b.scope, list, fields, b.Set.Episodes.ByID, each)
		case stores.KindProcedure:
			err = read(ctx, b.scope, list, fields, b.Set.Procedures.ByID, each)
		case stores.KindTodo:
			err = read(ctx, b.scope, list, fields, b.Set.Todos.ByID, each)
		case stores.KindRelationship:
			err = read(ctx, b.scope, list, fields, b.Set.Relationships.ByID, each)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func read[T noun](ctx context.Context, s stores.Scope, ids []stores.ID, fields []stores.Field,
	by func(context.Context, stores.Scope, []stores.ID, []stores.Field) (map[stores.ID]T, error), each func(noun),
) error {
	found, err := by(ctx, s, ids, fields)
	for _, n := range found {
		each(n)
	}
	return err
}

// mostEdges is how many edges of different types and labels are looked at from one node to those of a batch.
const mostEdges = 2 * maxBatch

// lookUpEdges finds the stored edges that have another id than the drafts that say the same: these take it over, as the
// stores would have it.
func (b *scopeBatch) lookUpEdges(ctx context.Context) error {
	unknown := map[edge]*stores.Relationship{}
	var sources []stores.ID
	var targets []any
	for _, d := range b.drafts {
		if r, ok := d.noun.(*stores.Relationship); ok && b.stored[r.Ref()] == nil {
			unknown[edgeOf(r)] = r
			sources, targets = append(sources, r.Source.ID), append(targets, string(r.Target.ID))
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	pages, err := b.Set.Relationships.ByNode(ctx, b.scope, sources, stores.FlowOut, stores.Query{
		Where: stores.Where("target", stores.In, targets), Page: stores.Page{First: mostEdges},
	})
	for _, page := range pages {
		for _, there := range page.Items {
			if r := unknown[edgeOf(there)]; r != nil {
				r.ID = there.ID
				b.stored[r.Ref()] = there
			}
		}
	}
	return err
}

// edge is what a scope holds once.
type edge struct {
	source, target stores.ID
	kind           stores.RelationType
	label          string
}

func edgeOf(r *stores.Relationship) edge { return edge{r.Source.ID, r.Target.ID, r.Type, r.Label} }

// sighting is where a noun was met first in the file.
type sighting struct {
	line uint32
	text uint32 // part of the hash of the line
}

// meet notes the nouns of a file. It says on which line a noun stood before, and whether that line said the same.
func (im *importer) meet(d *draft) (line int, same bool) {
	if d.again {
		return 0, false
	}
	keys := []string{string(d.ref().Kind) + string(d.ref().ID)}
	if r, ok := d.noun.(*stores.Relationship); ok {
		keys = append(keys, string(r.Source.ID)+string(r.Type)+string(r.Target.ID)+r.Label)
	}
	now := sighting{uint32(d.at), uint32(maphash.Bytes(im.seed, d.text))}
	for _, key := range keys {
		h := maphash.String(im.seed, d.noun.Owner().Key()+key)
		if before, ok := im.seen[h]; ok {
			return int(before.line), before.text == now.text
		}
		im.seen[h] = now
	}
	return 0, false
}
