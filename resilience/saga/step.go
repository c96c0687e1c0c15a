package saga

import (
	"context"
	"encoding/json"
	"fmt"

	"thalamus/stores"
)

// step is one write to one store.
type step struct {
	role stores.Role
	name string // "episodes.put"
	action
}

// action is what a step does. It is written down as JSON, so that any gateway can do or undo it.
//
// Doing it again is the same as doing it once, and so is undoing it. Undo is right whether or not it was done.
type action interface {
	// look reads what do is about to replace, which undo needs.
	look(ctx context.Context, s stores.Scope) error
	do(ctx context.Context, s stores.Scope) error
	undo(ctx context.Context, s stores.Scope) error
}

// receipted is an action that erases, and proves it.
type receipted interface {
	// receipt reads what is left of what do erased.
	receipt(ctx context.Context, s stores.Scope) ([]stores.Receipt, error)
}

// putting is an action that puts one node.
type putting interface{ node() any }

// public says that readers see at once what a step does in a database of its own: it writes a record of truth.
func (st step) public() bool {
	_, idle := st.action.(interface{ idle() })
	return st.role == stores.RoleGraph && !idle
}

// item is the node that a step puts, nil when it puts none or several.
func (st step) item() any {
	if p, ok := st.action.(putting); ok {
		return p.node()
	}
	return nil
}

// writes says that a step puts this very node.
func (st step) writes(node any) bool { return node != nil && st.item() == node }

// kept is a step as it is written down.
type kept struct {
	Store  stores.Role     `json:"store"`
	Name   string          `json:"name"`
	Action json.RawMessage `json:"action"`
}

func (st step) keep() (kept, error) {
	action, err := json.Marshal(st.action)
	return kept{st.role, st.name, action}, err
}

// unkeep reads a step that was written down.
func (w *Writer) unkeep(k kept) (step, error) {
	make := w.actions[k.Name]
	if make == nil {
		return step{}, fmt.Errorf("the journal names the unknown step %q", k.Name)
	}
	st := step{k.Store, k.Name, make()}
	return st, json.Unmarshal(k.Action, st.action)
}

// vocabulary makes an empty action for the name of every step.
func (w *Writer) vocabulary() map[string]func() action {
	all := map[string]func() action{}
	entityRecords := w.entityRecords()
	speak(all, w.episodes())
	speak(all, w.entities())
	speak(all, w.procedures())
	speak(all, w.relationships())
	speak(all, entityRecords)
	speak(all, w.profiles())
	speak(all, w.todos())
	for _, c := range stores.Collections {
		all[string(c)+".upsert"] = func() action { return &pointsPut{w: w, Collection: c} }
		all[string(c)+".payload"] = func() action { return &pointPayload{w: w, Collection: c} }
		all[string(c)+".erase"] = func() action { return &pointsErase{w: w, Collection: c} }
	}
	all["relationships.vacant"] = func() action { return &vacant{w: w} }
	all["relationships.decay"] = func() action { return &decay{w: w} }
	all["entityRecords.turn"] = func() action { return &turnRecord{w: w} }
	all["entityRecords.settle"] = func() action { return &settleRecord{w: w} }
	all["copies.forget"] = func() action { return &forgetCopies{w: w} }
	all["answers.forget"] = func() action { return &forgetAnswers{w: w} }
	return all
}

func speak[T any](all map[string]func() action, c contract[T]) {
	all[c.name+".put"] = func() action { return &put[T]{c: c} }
	all[c.name+".swap"] = func() action { return &swap[T]{c: c} }
	all[c.name+".check"] = func() action { return &check[T]{c: c} }
	all[c.name+".delete"] = func() action { return &erase[T]{c: c} }
}

// unchanging is the part of an action that has nothing to take back, and that readers see nothing of.
type unchanging struct{}

func (unchanging) idle() {}

func (unchanging) look(context.Context, stores.Scope) error { return nil }
func (unchanging) undo(context.Context, stores.Scope) error { return nil }

// forgetAnswers erases the remembered answers that show nodes. Nobody needs them back: a request that is sent again is
// told that what it wrote was deleted.
type forgetAnswers struct {
	w *Writer
	unchanging
	Nodes  []stores.ID
	erased int
}

func (a *forgetAnswers) do(ctx context.Context, s stores.Scope) (err error) {
	a.erased, err = a.w.set.Answers.Forget(ctx, s, a.Nodes)
	return err
}

func (a *forgetAnswers) receipt(ctx context.Context, s stores.Scope) ([]stores.Receipt, error) {
	left, err := a.w.set.Answers.Showing(ctx, s, a.Nodes)
	return []stores.Receipt{{Store: stores.RoleRecords, Name: "answers", Deleted: a.erased, Left: left}}, err
}

func (w *Writer) forgetAnswers(ids ...stores.ID) step {
	return step{stores.RoleRecords, "answers.forget", &forgetAnswers{w: w, Nodes: ids}}
}

// forgetCopies erases the copies of the vectors of texts. They vanish by themselves, so nobody needs them back.
type forgetCopies struct {
	w *Writer
	unchanging
	Kind  stores.Kind
	Texts []string
	there int
}

func (a *forgetCopies) do(ctx context.Context, _ stores.Scope) error {
	n, err := a.w.set.Copies.Forget(ctx, a.Texts)
	a.there = max(a.there, n)
	return err
}

func (a *forgetCopies) receipt(ctx context.Context, _ stores.Scope) ([]stores.Receipt, error) {
	left, err := a.w.set.Copies.Kept(ctx, a.Texts)
	return []stores.Receipt{{Store: stores.RoleCache, Kind: a.Kind, Name: "copies", Deleted: a.there, Left: left}}, err
}

// forgetCopies are the steps that erase the copies of the vectors of texts: none where there are none.
func (w *Writer) forgetCopies(kind stores.Kind, texts ...string) []step {
	if w.set.Copies == nil || len(texts) == 0 {
		return nil
	}
	return []step{{stores.RoleCache, "copies.forget", &forgetCopies{w: w, Kind: kind, Texts: texts}}}
}
