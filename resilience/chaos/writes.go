package chaos

import (
	"context"
	"slices"
	"strings"

	"thalamus/stores"
)

// noun is how a kind of nodes is written.
type noun struct {
	kind                   stores.Kind
	create, update, remove string
	field, text            string         // of the payload, and of the node
	more                   map[string]any // of a new one
}

var nouns = []noun{
	{stores.KindEntity, "upsertEntity", "updateEntity", "deleteEntity", "entity", "summary", nil},
	{stores.KindEpisode, "createEpisode", "updateEpisode", "deleteEpisode", "episode", "content", map[string]any{"sessionId": "session"}},
	{stores.KindProcedure, "createProcedure", "updateProcedure", "deleteProcedure", "procedure", "triggerPattern", map[string]any{"name": "work", "domain": "CODING"}},
	{stores.KindTodo, "createTodo", "updateTodo", "deleteTodo", "todo", "content", nil},
}

func nounOf(k stores.Kind) noun {
	return nouns[slices.IndexFunc(nouns, func(n noun) bool { return n.kind == k })]
}

// inputOf is the type of a mutation's input.
func inputOf(operation string) string {
	return strings.ToUpper(operation[:1]) + operation[1:] + "Input"
}

func (n noun) shows() string { return "node: " + n.field + " { id version }" }

// texts are the fields that hold a text. Of an entity, two stores keep a part each.
func (n noun) texts(text string) map[string]any {
	fields := map[string]any{n.text: text}
	if n.kind == stores.KindEntity {
		fields["content"] = text
	}
	return fields
}

// create writes a new node of its own.
func (w *writer) create(ctx context.Context, n noun) {
	text := w.text()
	fields := n.texts(text)
	for field, v := range n.more {
		fields[field] = v
	}
	var mentions []stores.ID
	switch n.kind {
	case stores.KindEntity:
		fields["name"] = text
	case stores.KindEpisode:
		var ids []string
		for _, e := range append(slices.Clone(w.own), w.shared...) {
			if e.ref.Kind == stores.KindEntity && e.next == "" && len(ids) < 2 {
				ids, mentions = append(ids, global(e.ref)), append(mentions, e.ref.ID)
			}
		}
		fields["entities"] = ids
	}
	p := w.request(ctx, n.create, inputOf(n.create), n.shows(), fields)
	if p == nil || p.Node == nil {
		return
	}
	e := w.run.book.note(w.scope, refOf(p.Node.ID), p.Node.Version, text)
	w.run.book.change(func() { e.mentions = mentions })
	w.own, w.last = append(w.own, e), e
}

// update changes the text of a node. Nobody else changes its own, so that it knows their version.
func (w *writer) update(ctx context.Context, e *entry, own bool) {
	n, text := nounOf(e.ref.Kind), w.text()
	fields := n.texts(text)
	fields["id"] = global(e.ref)
	if own && e.next == "" && w.dice.IntN(2) == 0 {
		fields["expectedVersion"] = e.versions
	}
	if p := w.request(ctx, n.update, inputOf(n.update), n.shows(), fields); p != nil && p.Node != nil {
		w.run.book.note(w.scope, e.ref, p.Node.Version, text)
		w.last = e
	}
}

// remove deletes a node of its own.
func (w *writer) remove(ctx context.Context, at int) {
	e := w.own[at]
	n := nounOf(e.ref.Kind)
	p := w.request(ctx, n.remove, "DeleteInput", "id deleted", map[string]any{"id": global(e.ref)})
	if p == nil {
		return
	}
	if !p.Deleted {
		w.run.book.complain("%s %s was gone before it was deleted", e.ref.Kind, e.ref.ID)
	}
	w.run.book.forget(w.scope, e.ref.ID)
	w.own = slices.Delete(w.own, at, at+1)
	w.edges = slices.DeleteFunc(w.edges, func(e *entry) bool { return e.gone })
}

// supersede opens the next version of an entity of its own. The old one stays as it is.
func (w *writer) supersede(ctx context.Context) {
	at := slices.IndexFunc(w.own, func(e *entry) bool { return e.ref.Kind == stores.KindEntity && e.next == "" })
	if at < 0 {
		w.create(ctx, nouns[0])
		return
	}
	old, text := w.own[at], w.text()
	p := w.request(ctx, "supersedeEntity", "SupersedeEntityInput", nouns[0].shows(),
		map[string]any{"id": global(old.ref), "summary": text, "content": text})
	if p == nil || p.Node == nil {
		return
	}
	next := w.run.book.note(w.scope, refOf(p.Node.ID), p.Node.Version, text)
	w.run.book.change(func() {
		was := old.texts[old.versions]
		old.versions++
		old.texts[old.versions], old.next = was, next.ref.ID
	})
	w.own = append(w.own, next)
}

// relate joins one of its own nodes, or one that is shared, with another.
func (w *writer) relate(ctx context.Context) {
	nodes := slices.DeleteFunc(append(slices.Clone(w.own), w.shared...), func(e *entry) bool { return e.ref.Kind == stores.KindTodo })
	if len(nodes) < 2 {
		return
	}
	i, j := w.dice.IntN(len(nodes)), w.dice.IntN(len(nodes)-1)
	if j >= i {
		j++
	}
	from, to := nodes[i], nodes[j]
	p := w.request(ctx, "relate", "RelateInput", "node: relationship { id version }",
		map[string]any{"source": global(from.ref), "target": global(to.ref), "type": "USES", "weight": w.dice.Float64()})
	if p == nil || p.Node == nil {
		return
	}
	e := w.run.book.note(w.scope, refOf(p.Node.ID), p.Node.Version, "")
	w.run.book.change(func() {
		e.ends, e.shared = []stores.ID{from.ref.ID, to.ref.ID}, from.shared && to.shared
	})
	if !slices.Contains(w.edges, e) && !e.shared || w.bond == nil {
		w.edges = append(w.edges, e)
	}
}

// strengthen counts one more use of an edge.
func (w *writer) strengthen(ctx context.Context, e *entry) {
	p := w.request(ctx, "strengthen", "StrengthenInput", "nodes: relationships { id version uses: coAccessCount }",
		map[string]any{"edges": map[string]any{"id": global(e.ref)}, "rate": 0.1})
	if p == nil {
		return
	}
	for _, n := range p.Nodes {
		w.run.book.note(w.scope, e.ref, n.Version, "")
	}
	w.run.book.change(func() { e.uses++ })
}

// unrelate deletes an edge of its own.
func (w *writer) unrelate(ctx context.Context) {
	e := w.edges[0]
	if p := w.request(ctx, "unrelate", "DeleteInput", "id deleted", map[string]any{"id": global(e.ref)}); p != nil {
		w.run.book.forget(w.scope, e.ref.ID)
		w.edges = w.edges[1:]
	}
}

// profile writes the profile that the scope shares.
func (w *writer) profile(ctx context.Context) {
	text := w.text()
	if p := w.request(ctx, "upsertProfile", "UpsertProfileInput", "node: profile { id version }", map[string]any{"content": text}); p != nil && p.Node != nil {
		w.run.book.note(w.scope, refOf(p.Node.ID), p.Node.Version, text)
	}
}
