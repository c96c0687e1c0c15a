package graph_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"thalamus/graph/graphtest"
	"thalamus/resilience"
	"thalamus/resilience/saga"
	"thalamus/stores"
)

// queueing is a write to a todo as a gateway sends it on, allowed to wait.
func queueing(t *testing.T, operation string, key *string, input map[string]any) (saga.Request, *saga.Outcome) {
	t.Helper()
	sent, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	out := &saga.Outcome{}
	return saga.Request{Operation: operation, Key: key, Input: sent, OnDown: stores.OnDownQueue, Outcome: out}, out
}

// down breaks every call to a role.
func down(g *graphtest.Gateway, role stores.Role) {
	g.Break(func(op resilience.Op) error {
		if op.Role == role {
			return stores.Unavailable(op.Backend, errDriver)
		}
		return nil
	})
}

// TestWritesThatCannotBePlannedWait sends edits while the store is down that has to be read for them. They happen in their
// order once it is back, each once, with the answer under its key; one whose version does not fit any more does not.
func TestWritesThatCannotBePlannedWait(t *testing.T) {
	g := graphtest.NewSplit(t)
	s, ctx := graphtest.Scope, context.Background()
	e, err := g.Writes.CreateEpisode(ctx, s, saga.Request{}, &stores.Episode{SessionID: "s", Content: "first"})
	if err != nil {
		t.Fatal(err)
	}
	down(g, stores.RoleGraph)
	var waiting []*saga.Outcome
	for i := range 20 {
		r, out := queueing(t, "updateEpisode", new(fmt.Sprint("edit ", i)), map[string]any{"id": graphtest.Global(e), "content": fmt.Sprint("edit ", i)})
		if _, err := g.Writes.UpdateEpisode(ctx, s, r, e.ID, nil, func(*stores.Episode) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if out.Saga == nil || out.Saga.State != stores.SagaQueued {
			t.Fatalf("the saga %+v", out.Saga)
		}
		waiting = append(waiting, out)
	}
	late, refused := queueing(t, "updateEpisode", new("late"), map[string]any{"id": graphtest.Global(e), "content": "late", "expectedVersion": 1})
	if _, err := g.Writes.UpdateEpisode(ctx, s, late, e.ID, nil, func(*stores.Episode) error { return nil }); err != nil {
		t.Fatal(err)
	}
	fits, fitting := queueing(t, "createEpisode", nil, map[string]any{"sessionId": "s", "content": "with numbers", "sequencePosition": 3, "emotionalValence": 0.5, "entities": []string{}})
	_, err = g.Writes.UpdateEpisode(ctx, s, fits, e.ID, nil, func(*stores.Episode) error { return nil }) // which does not look at the input
	if err != nil {
		t.Fatal(err)
	}
	strict := saga.Request{Operation: "updateEpisode"}
	if _, err := g.Writes.UpdateEpisode(ctx, s, strict, e.ID, nil, func(*stores.Episode) error { return nil }); !errors.Is(err, stores.ErrUnavailable) {
		t.Errorf("a write that may not wait: %v", err)
	}
	g.Break(nil)
	settled(t, g, append(waiting, refused, fitting))
	if state := stateOf(t, g, fitting.Saga.ID); state != stores.SagaCommitted {
		t.Errorf("a write with numbers is %s", state)
	}

	found, err := g.Set.Episodes.ByID(ctx, s, []stores.ID{e.ID}, nil)
	if err != nil || found[e.ID].Content != "edit 19" || found[e.ID].Version != 21 {
		t.Errorf("after 20 edits: %+v, %v", found[e.ID], err)
	}
	for i, out := range waiting {
		a, err := g.Set.Answers.Get(ctx, s, fmt.Sprint("edit ", i))
		var answered stores.Episode
		if err != nil || a == nil || a.Saga != out.Saga.ID || json.Unmarshal(a.Response, &answered) != nil || answered.Version != i+2 {
			t.Errorf("the answer of edit %d: %+v, %v", i, a, err)
		}
	}
	if state := stateOf(t, g, refused.Saga.ID); state != stores.SagaCompensated {
		t.Errorf("an edit of an older version is %s", state)
	}
	if a, err := g.Set.Answers.Get(ctx, s, "late"); a != nil || err != nil {
		t.Errorf("its key is taken: %+v, %v", a, err)
	}
}

// settled carries on what waits until all of it has ended.
func settled(t *testing.T, g *graphtest.Gateway, all []*saga.Outcome) {
	t.Helper()
	for _, out := range all {
		for range 100 {
			if stateOf(t, g, out.Saga.ID).Ended() {
				break
			}
			if _, err := g.Set.Journal.Wake(t.Context(), graphtest.Scope, out.Saga.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := g.Writes.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func stateOf(t *testing.T, g *graphtest.Gateway, id stores.ID) stores.SagaState {
	t.Helper()
	found, err := g.Set.Journal.ByID(t.Context(), graphtest.Scope, []stores.ID{id})
	if err != nil || found[id] == nil {
		t.Fatalf("%v, %v", found, err)
	}
	return found[id].State
}

// TestNothingOvertakesWhatWaits sends writes that may not wait while one to the same node waits as it was sent: with its store
// down, and after that is back. They are refused, whatever stores they need, until the earlier one has happened.
func TestNothingOvertakesWhatWaits(t *testing.T) {
	for name, open := range map[string]func(testing.TB) *graphtest.Gateway{"OneDatabase": graphtest.New, "SeveralDatabases": graphtest.NewSplit} {
		t.Run(name, func(t *testing.T) {
			g := open(t)
			s, ctx := graphtest.Scope, context.Background()
			upsert := func(r saga.Request, name, summary string) (*stores.Entity, error) {
				return g.Writes.UpsertEntity(ctx, s, r, name, nil, func(e saga.EntityParts) error { e.Entity.Summary = summary; return nil })
			}
			e, err := upsert(saga.Request{}, "Vega", "v0")
			if err != nil {
				t.Fatal(err)
			}
			down(g, stores.RoleEmbedder)
			var waiting []*saga.Outcome
			for _, summary := range []string{"v1", "v2"} {
				r, out := queueing(t, "upsertEntity", nil, map[string]any{"name": "Vega", "summary": summary})
				if _, err := upsert(r, "Vega", summary); err != nil || out.Saga.State != stores.SagaQueued {
					t.Fatalf("%+v, %v", out.Saga, err)
				}
				waiting = append(waiting, out)
			}
			later := map[string]func() error{
				"by name": func() error { _, err := upsert(saga.Request{}, "Vega", "v3"); return err },
				"by id": func() error {
					_, err := g.Writes.UpdateEntity(ctx, s, saga.Request{}, e.ID, nil, func(e saga.EntityParts) error { e.Entity.Summary = "v3"; return nil })
					return err
				},
				"of nothing": func() error { _, err := upsert(saga.Request{}, "Vega", "v0"); return err },
				"that needs no vector": func() error {
					_, err := g.Writes.UpdateEntity(ctx, s, saga.Request{}, e.ID, nil, func(e saga.EntityParts) error { e.Entity.Label = "Star"; return nil })
					return err
				},
			}
			refused := func() {
				t.Helper()
				for what, write := range later {
					var claimed *stores.Claimed
					if err := write(); !errors.Is(err, stores.ErrConflict) || !errors.As(err, &claimed) || claimed.Saga != waiting[0].Saga.ID {
						t.Errorf("a write %s: %v", what, err)
					}
				}
			}
			g.Break(nil)
			refused()
			settled(t, g, waiting)
			found, err := g.Set.Entities.ByID(ctx, s, []stores.ID{e.ID}, nil)
			if err != nil || found[e.ID].Summary != "v2" {
				t.Errorf("%+v, %v", found[e.ID], err)
			}
			for what, write := range later {
				if err := write(); err != nil {
					t.Errorf("a write %s, afterwards: %v", what, err)
				}
			}
		})
	}
}

// TestDeletionsWaitForTheCreation that they are about, and have their receipts under the id that their author was given.
func TestDeletionsWaitForTheCreation(t *testing.T) {
	g := graphtest.NewSplit(t)
	s, ctx := graphtest.Scope, context.Background()
	for name, remove := range map[string]func(saga.Request, stores.ID) error{
		"deleteEpisode": func(r saga.Request, id stores.ID) error {
			_, err := g.Writes.DeleteEpisode(ctx, s, r, id, nil)
			return err
		},
		"forget": func(r saga.Request, id stores.ID) error {
			out, err := g.Writes.Forget(ctx, s, r, saga.Selection{Refs: []stores.Ref{{Kind: stores.KindEpisode, ID: id}}})
			if err == nil && len(out.Sagas) != 1 {
				t.Errorf("forget does not say that it waits: %+v", out)
			}
			return err
		},
	} {
		down(g, stores.RoleVectors)
		r, made := queueing(t, "createEpisode", nil, map[string]any{"sessionId": "s", "content": "secret"})
		e, err := g.Writes.CreateEpisode(ctx, s, r, &stores.Episode{SessionID: "s", Content: "secret"})
		if err != nil {
			t.Fatal(err)
		}
		if err := remove(saga.Request{Operation: name, Input: []byte(`{}`)}, e.ID); !errors.Is(err, stores.ErrConflict) {
			t.Errorf("%s that may not wait: %v", name, err)
		}
		input := map[string]any{"id": graphtest.Global(e)}
		if name == "forget" {
			input = map[string]any{"ids": []string{graphtest.Global(e)}}
		}
		r, gone := queueing(t, name, nil, input)
		if err := remove(r, e.ID); err != nil {
			t.Fatal(err)
		}
		g.Break(nil)
		waiting, err := g.Set.Journal.List(ctx, s, stores.Query{Where: stores.Where("state", stores.Eq, "QUEUED"), Page: stores.Page{First: 10}})
		if err != nil || len(waiting.Items) != 2 {
			t.Fatalf("%s: %d writes wait, %v", name, len(waiting.Items), err)
		}
		all := []*saga.Outcome{made}
		for _, w := range waiting.Items {
			all = append(all, &saga.Outcome{Saga: w})
		}
		settled(t, g, all)
		if found, err := g.Set.Episodes.ByID(ctx, s, []stores.ID{e.ID}, nil); err != nil || len(found) > 0 {
			t.Errorf("%s: it is there again: %v, %v", name, found, err)
		}
		id := waiting.Items[0].ID
		if gone.Saga != nil {
			id = gone.Saga.ID
		} else if waiting.Items[1].Operation == name {
			id = waiting.Items[1].ID
		}
		done, err := g.Set.Journal.ByID(ctx, s, []stores.ID{id})
		if err != nil || len(done[id].Receipts) == 0 || len(done[id].Nodes) != 1 {
			t.Errorf("%s: %+v, %v", name, done[id], err)
		}
	}
}
