package saga_test

import (
	"context"
	"sync"
	"testing"

	"thalamus/graph/graphtest"
	"thalamus/resilience"
	"thalamus/resilience/saga"
	"thalamus/stores"
)

// TestAnswerThatComesMeanwhile sends a request again while it is carried out, and lets it end between the moment in which its
// answer is looked for and that in which its saga is.
func TestAnswerThatComesMeanwhile(t *testing.T) {
	g := graphtest.NewSplit(t)
	s, r := stores.NewScope("meanwhile", "", ""), saga.Request{Operation: "createProcedure", Key: new("key"), Input: []byte(`{}`)}
	create := func() (*stores.Procedure, error) {
		return g.Writes.CreateProcedure(context.Background(), s, r, &stores.Procedure{Name: "p", Domain: stores.DomainCoding})
	}
	stepping, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var once, again sync.Once
	g.Break(func(op resilience.Op) error {
		switch op.Name {
		case "procedures.put":
			once.Do(func() { close(stepping); <-goOn })
		case "journal.byId":
			again.Do(func() { close(goOn); <-ended })
		}
		return nil
	})
	var first *stores.Procedure
	go func() {
		defer close(ended)
		first, _ = create()
	}()
	<-stepping
	second, err := create()
	if err != nil || first == nil || second.ID != first.ID {
		t.Errorf("the same request again: %+v, %v; the first time %+v", second, err, first)
	}
}

// TestChangesOfOneVersion lets two changes of an entity start from the same version, where the stores are several: the second
// is made to what the first left.
func TestChangesOfOneVersion(t *testing.T) {
	g := graphtest.NewSplit(t)
	m := remember(t, g)
	id, thought := m.batch.Entities[0].Entity.ID, 0
	got, err := g.Writes.UpdateEntity(t.Context(), m.scope, saga.Request{}, id, nil, func(e saga.EntityParts) error {
		if thought++; thought == 1 {
			if _, err := g.Writes.UpdateEntity(context.Background(), m.scope, saga.Request{}, id, nil, func(e saga.EntityParts) error { e.Record.Content = "came between"; return nil }); err != nil {
				t.Error(err)
			}
		}
		e.Entity.Summary = "changed"
		return nil
	})
	records, failed := m.Set.EntityRecords.ByID(t.Context(), m.scope, []stores.ID{id}, nil)
	if err != nil || failed != nil || thought != 2 || got.Summary != "changed" || records[id].Content != "came between" {
		t.Errorf("after %d thoughts %+v, %+v; %v, %v", thought, got, records[id], err, failed)
	}
	m.whole(t)
}

// TestFirstProfileTwice lets another profile come between the look for one and the writing of the first.
func TestFirstProfileTwice(t *testing.T) {
	g := graphtest.New(t)
	s, thought := stores.NewScope("first profile", "", ""), 0
	got, err := g.Writes.UpsertProfile(t.Context(), s, saga.Request{}, nil, func(p *stores.Profile) error {
		if thought++; thought == 1 {
			if _, err := g.Writes.UpsertProfile(context.Background(), s, saga.Request{}, nil, func(p *stores.Profile) error { p.Content, p.Summary = "other", "kept"; return nil }); err != nil {
				t.Error(err)
			}
		}
		p.Content = "changed"
		return nil
	})
	if err != nil || thought != 2 || got.Version != 2 || got.Content != "changed" || got.Summary != "kept" {
		t.Errorf("after %d thoughts %+v, %v", thought, got, err)
	}
}

// TestFirstEdgeTwice lets the same edge come between the look for one and the writing of the first.
func TestFirstEdgeTwice(t *testing.T) {
	for name, g := range map[string]*graphtest.Gateway{"one database": graphtest.New(t), "several": graphtest.NewSplit(t)} {
		m, thought := remember(t, g), 0
		edge := stores.Relationship{Type: "USES", Source: m.batch.Entities[0].Entity.Ref(), Target: m.batch.Entities[1].Entity.Ref()}
		got, err := g.Writes.Relate(t.Context(), m.scope, saga.Request{}, edge, func(e *stores.Relationship) error {
			if thought++; thought == 1 {
				if _, err := g.Writes.Relate(context.Background(), m.scope, saga.Request{}, edge, func(e *stores.Relationship) error {
					e.Weight, e.Metadata = 0.9, map[string]any{"kept": true}
					return nil
				}); err != nil {
					t.Error(err)
				}
			}
			e.Weight = 0.4
			return nil
		})
		if err != nil || thought != 2 || got.Version != 2 || got.Weight != 0.4 || got.Metadata["kept"] != true {
			t.Errorf("%s: after %d thoughts %+v, %v", name, thought, got, err)
		}
	}
}
