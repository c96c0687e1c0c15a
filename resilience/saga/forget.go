package saga

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"thalamus/stores"
)

// Selection says what is forgotten: the nodes of Refs, or, without any, those that match the filter of their noun. Nouns
// without a filter are kept.
type Selection struct {
	Refs  []stores.Ref
	Where map[stores.Kind]stores.Filter
}

// Forgotten is what was forgotten, or will be once the sagas are committed.
type Forgotten struct {
	Nodes    []stores.Ref
	Receipts []stores.Receipt // summed up over the sagas
	Sagas    []*stores.Saga
}

// forgetSize is how many nodes one saga forgets. What it keeps of them until it ends has to fit into a row of the journal.
const forgetSize = 200

// Forget deletes many nodes with their traces, saga by saga, each of which is all or nothing and about one noun, until all
// is gone that was there at first. Nodes that are not there are passed over. An error ends it half way, beside what was
// forgotten until then; the same request goes on from there. Under a key each of its sagas has an answer of its own, so
// that a request that was carried out answers the same again.
func (w *Writer) Forget(ctx context.Context, s stores.Scope, r Request, what Selection) (Forgotten, error) {
	var out Forgotten
	f, start := forgetting{w: w, scope: s, what: what}, time.Now()
	for _, ref := range what.Refs {
		r.claims = append(r.claims, string(ref.ID))
	}
	for n := 0; ; n++ {
		part := r.part(n, start)
		some, err := run(ctx, w, s, part, f.next)
		if err == nil && part.Outcome.waits() && len(some.Seen) == 0 { // as it was sent: what it is about is found out later
			out.Sagas = append(out.Sagas, part.Outcome.Saga)
			return out, nil
		}
		if err != nil || len(some.Seen) == 0 {
			return out, err
		}
		f.pass(some.Seen)
		out.add(some, part.Outcome.Saga)
	}
}

// part is the request of one of several sagas.
func (r Request) part(n int, start time.Time) Request {
	r.Outcome = &Outcome{}
	if r.AtMost > 0 && n > 0 {
		r.AtMost = max(r.AtMost-time.Since(start), 1)
	}
	if r.Key != nil && n > 0 {
		key := fmt.Sprintf("%x part %d", sha256.Sum256([]byte(*r.Key)), n)
		r.Key = &key
	}
	return r
}

// forgottenPart is the answer of one saga.
type forgottenPart struct {
	Seen []stores.Ref // what it was about; nothing: nothing was left
	Gone []stores.Ref // what of it was there
}

// add counts what one saga forgot.
func (f *Forgotten) add(p forgottenPart, s *stores.Saga) {
	f.Nodes = append(f.Nodes, p.Gone...)
	if s == nil {
		return
	}
	f.Sagas = append(f.Sagas, s)
	for _, r := range s.Receipts {
		same := func(o stores.Receipt) bool { return o.Store == r.Store && o.Kind == r.Kind && o.Name == r.Name }
		if i := slices.IndexFunc(f.Receipts, same); i >= 0 {
			f.Receipts[i].Deleted += r.Deleted
			f.Receipts[i].Left += r.Left
			continue
		}
		f.Receipts = append(f.Receipts, r)
	}
}

// forgetting is a request to forget under way.
type forgetting struct {
	w     *Writer
	scope stores.Scope
	what  Selection
	found bool
	rest  []stores.Ref // what is left of what was found, noun by noun
}

// next plans the saga that forgets the first nodes of those that are left.
func (f *forgetting) next(ctx context.Context) (plan[forgottenPart], error) {
	var p plan[forgottenPart]
	if err := f.find(ctx); err != nil || len(f.rest) == 0 {
		return p, err
	}
	kind := f.rest[0].Kind
	end := slices.IndexFunc(f.rest, func(r stores.Ref) bool { return r.Kind != kind })
	if end < 0 {
		end = len(f.rest)
	}
	p.answer.Seen = f.rest[:min(end, forgetSize)]
	there := map[stores.Ref]bool{}
	if err := f.w.present(ctx, f.scope, kind, idsOf(p.answer.Seen), there); err != nil {
		return p, err
	}
	var absent []stores.ID
	for _, ref := range p.answer.Seen {
		if !there[ref] {
			absent = append(absent, ref.ID)
		}
	}
	if err := f.w.underWay(ctx, f.scope, absent...); err != nil {
		return p, err
	}
	for _, ref := range p.answer.Seen {
		if there[ref] {
			p.nodes = append(p.nodes, ref)
			p.claims = append(p.claims, string(ref.ID))
			p.events = append(p.events, forgotten(ref))
		}
	}
	if ids := idsOf(p.nodes); len(ids) > 0 {
		texts, err := f.w.textsOf(ctx, f.scope, kind, ids...)
		if err != nil {
			return p, err
		}
		p.steps = f.w.erasure(kind, ids...)
		p.finish(f.w.forgetCopies(kind, texts...), f.w.forgetAnswers(ids...))
	}
	p.answer.Gone = p.nodes
	return p, nil
}

// pass goes on behind what one saga was about. What an answer of before tells of is not among the rest.
func (f *forgetting) pass(seen []stores.Ref) {
	done := map[stores.Ref]bool{}
	for _, r := range seen {
		done[r] = true
	}
	f.rest = slices.DeleteFunc(slices.Clone(f.rest), func(r stores.Ref) bool { return done[r] })
}

// find looks once for all that is to be forgotten. Edges go first and what others point at last, so that receipts count
// nothing twice.
func (f *forgetting) find(ctx context.Context) error {
	if f.found {
		return nil
	}
	byKind := map[stores.Kind][]stores.Ref{}
	for _, r := range f.what.Refs {
		byKind[r.Kind] = append(byKind[r.Kind], r)
	}
	var all []stores.Ref
	for _, kind := range slices.Backward(stores.Kinds) {
		if where, ok := f.what.Where[kind]; ok {
			var err error
			if byKind[kind], err = f.w.matching(ctx, f.scope, kind, where); err != nil {
				return err
			}
		}
		slices.SortFunc(byKind[kind], func(a, b stores.Ref) int { return strings.Compare(string(a.ID), string(b.ID)) })
		all = append(all, slices.Compact(byKind[kind])...)
	}
	f.rest, f.found = all, true
	return nil
}

// matching reads which nodes of a noun match a filter.
func (w *Writer) matching(ctx context.Context, s stores.Scope, kind stores.Kind, where stores.Filter) ([]stores.Ref, error) {
	switch kind {
	case stores.KindEpisode:
		return refsOf(ctx, s, where, w.set.Episodes.List)
	case stores.KindEntity:
		return refsOf(ctx, s, where, w.set.Entities.List)
	case stores.KindProcedure:
		return refsOf(ctx, s, where, w.set.Procedures.List)
	case stores.KindRelationship:
		return refsOf(ctx, s, where, w.set.Relationships.List)
	case stores.KindProfile:
		return refsOf(ctx, s, where, w.set.Profiles.List)
	case stores.KindTodo:
		return refsOf(ctx, s, where, w.set.Todos.List)
	}
	return nil, nil
}

// refsOf reads a list to its end, page by page.
func refsOf[T stores.Node](ctx context.Context, s stores.Scope, where stores.Filter,
	list func(context.Context, stores.Scope, stores.Query) (stores.Slice[T], error),
) ([]stores.Ref, error) {
	var refs []stores.Ref
	err := everyNode(ctx, s, where, list, func(n T) { refs = append(refs, n.Ref()) })
	return refs, err
}

func idsOf(refs []stores.Ref) []stores.ID {
	ids := make([]stores.ID, len(refs))
	for i, r := range refs {
		ids[i] = r.ID
	}
	return ids
}
