package storestest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"thalamus/stores"
)

// Scopes asks whether a backend keeps the contract of [stores.Scopes] for the nouns that the set holds. Other scopes may
// come and go on a shared server meanwhile.
func Scopes(t *testing.T, open func(testing.TB) *stores.Set) {
	s := suite{t, open(t)}
	s.run("OfEveryNoun", testScopesOfEveryNoun)
	s.run("Lookalikes", testScopesLookalikes)
	s.run("Interrupted", func(w *world) { interrupted(w, scopesCalls(w), func() any { return nil }) })
	closed(t, open, scopesCalls)
}

func scopesCalls(w *world) []call {
	return []call{{"Scopes", ask(func(ctx context.Context) ([]stores.Scope, error) { return w.set.Scopes.Scopes(ctx) })}}
}

// listed reads the list of scopes and leaves those that a test knows of. The list must be in order, each scope once.
func (w *world) listed(known ...stores.Scope) []stores.Scope {
	w.t.Helper()
	all, err := w.set.Scopes.Scopes(w.ctx())
	noError(w.t, err)
	var mine []stores.Scope
	for i, s := range all {
		if i > 0 && strings.Compare(all[i-1].Key(), s.Key()) >= 0 {
			w.t.Errorf("scope %s is listed after %s", s.Key(), all[i-1].Key())
		}
		if slices.Contains(known, s) {
			mine = append(mine, s)
		}
	}
	return mine
}

// holding stores one bare record in a scope and gives what deletes it.
func holding[T any](w *world, n noun[T]) func() {
	b := bench[T]{w, n}
	item := b.bare(w)
	b.save(item)
	return func() { b.remove(b.id(item)) }
}

// holders are ways to have a scope hold a noun, by the nouns of the set. Edges are left out: they need nodes.
func holders(set *stores.Set) map[string]func(*world) func() {
	out := map[string]func(*world) func(){}
	if set.Episodes != nil {
		out["episode"] = func(w *world) func() { return holding(w, episodeNoun(set)) }
	}
	switch {
	case set.Entities != nil:
		out["entity"] = func(w *world) func() { return holding(w, entityNoun(set)) }
	case set.EntityRecords != nil:
		out["entity record"] = func(w *world) func() { return holding(w, entityRecordNoun(set)) }
	}
	if set.Procedures != nil {
		out["procedure"] = func(w *world) func() { return holding(w, procedureNoun(set)) }
	}
	if set.Profiles != nil {
		out["profile"] = func(w *world) func() { return holding(w, profileNoun(set)) }
	}
	if set.Todos != nil {
		out["todo"] = func(w *world) func() { return holding(w, todoNoun(set)) }
	}
	return out
}

func testScopesOfEveryNoun(w *world) {
	for noun, hold := range holders(w.set) {
		here := w.in(newScope())
		same(w.t, "an empty scope in the list", 0, len(here.listed(here.scope)))
		remove := hold(here)
		same(w.t, "a scope that holds one "+noun, []stores.Scope{here.scope}, here.listed(here.scope))
		remove()
		same(w.t, "a scope that held one "+noun, 0, len(here.listed(here.scope)))
	}
	everything := w.in(newScope())
	for _, hold := range holders(w.set) {
		hold(everything)
	}
	same(w.t, "a scope that holds every noun", []stores.Scope{everything.scope}, w.listed(everything.scope))
}

func testScopesLookalikes(w *world) {
	all := lookalikes()
	for _, hold := range holders(w.set) {
		for _, s := range all {
			hold(w.in(s))
		}
		break
	}
	want := slices.SortedFunc(slices.Values(all), func(a, b stores.Scope) int { return strings.Compare(a.Key(), b.Key()) })
	same(w.t, "scopes that look alike", want, w.listed(all...))
}
