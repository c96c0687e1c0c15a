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
