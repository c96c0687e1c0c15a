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
