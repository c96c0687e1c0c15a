package graph_test

import (
	"testing"

	"thalamus/graph/graphtest"
	"thalamus/resilience"
	"thalamus/stores"
)

// TestNoHalves stops writes before and after each of their calls to a store, and wants readers to see the memory as it was
// before the write or as it is afterwards, and never a mix of both. What supersedes an entity writes two nodes and an edge, one
// after the other: of that each entity is seen whole, and its name always leads to one of both.
func TestNoHalves(t *testing.T) {
	for _, c := range []struct {
		mutation string
		input    func(in) in
		calls    []string // at which it stops
	}{
		{"upsertEntity", func(in) in { return in{"name": "Smith", "content": "Hammers", "aliases": []any{"Forger"}} }, []string{"vectors.upsert", "entities.put"}},
		{"upsertEntity", func(in) in { return in{"name": "Mill", "summary": "New", "content": "New", "keywords": []any{"new"}} }, []string{"vectors.upsert", "entities.swap"}},
		{"updateEntity", func(v in) in { return in{"id": v["Mill"], "name": "Windmill", "content": "New"} }, []string{"vectors.upsert", "entities.swap"}},
		{"supersedeEntity", func(v in) in { return in{"id": v["Mill"], "summary": "New", "content": "New"} }, []string{"vectors.upsert", "vectors.setPayload", "entities.put", "entities.swap", "relationships.put"}},
		{"deleteEntity", func(v in) in { return in{"id": v["Mill"]} }, []string{"entities.delete", "vectors.delete"}},
		{"createEpisode", func(v in) in { return in{"sessionId": "s", "content": "New", "entities": []any{v["Mill"]}} }, []string{"vectors.upsert", "episodes.put"}},
		{"updateEpisode", func(v in) in { return in{"id": v["visit"], "content": "New", "entities": []any{}} }, []string{"vectors.upsert", "episodes.swap"}},
		{"deleteEpisode", func(v in) in { return in{"id": v["visit"]} }, []string{"episodes.delete", "vectors.delete"}},
	} {
		for _, call := range c.calls {
			for _, ran := range []bool{false, true} {
				t.Run(c.mutation+" at "+call+map[bool]string{true: ", done"}[ran], func(t *testing.T) {
					t.Parallel()
					a := author{graphtest.NewSplit(t), graphtest.Scope}
					v := a.village(t)
					stopped(t, a, v, c.mutation, c.input(v), call, ran)
				})
			}
		}
	}
}

// stopped holds a write up at a call and compares what readers see with before and afterwards.
func stopped(t *testing.T, a author, v in, mutation string, input in, call string, ran bool) {
	t.Helper()
	before := a.seen(t, v)
	held, hold := make(chan struct{}, 8), make(chan struct{})
	a.Break(func(op resilience.Op) error {
		if op.Name != call {
			return nil
		}
		select {
		case <-hold:
			return nil
		default:
		}
		if ran { // the call is made, and made again once readers have looked
			held <- struct{}{}
			return graphtest.Ran(stores.Unavailable(op.Backend, errDriver))
		}
		held <- struct{}{}
		<-hold
		return nil
	})
	done := make(chan map[string]any, 1)
	write := merge(input, "write", in{"onStoreDown": "QUEUE"})
	go func() { done <- a.run(t, mutation, "saga{id state}", write) }()
	select {
	case <-held:
	case p := <-done:
		t.Fatalf("it never calls %s: %v", call, p)
	}
	var p map[string]any
	if ran {
		p = <-done
		if graphtest.At(p, "saga", "state") != "QUEUED" {
			t.Fatalf("%v", p)
		}
	}
	during := a.seen(t, v)
	close(hold)
	if !ran {
		p = <-done
	}
	a.Break(nil)
	a.settled(t)
	if len(p["problems"].([]any)) > 0 && !ran {
		t.Fatalf("%v", p)
	}
	after := a.seen(t, v)
	if jsonEqual(before, after) {
		t.Fatalf("it changes nothing: %v", p)
	}
	if mutation == "supersedeEntity" {
		before, during, after = whole(before), whole(during), whole(after)
		for field, now := range during {
			if !jsonEqual(now, before[field]) && !jsonEqual(now, after[field]) {
				t.Errorf("%s is %v, which is neither %v nor %v", field, now, before[field], after[field])
			}
		}
		return
	}
	if jsonEqual(during, before) || jsonEqual(during, after) {
		return
	}
	for field := range before {
		t.Errorf("%s differs from before %s\nand from after %s", field, difference(indented(t, before[field]), indented(t, during[field])),
			difference(indented(t, after[field]), indented(t, during[field])))
	}
}

// whole leaves of the superseded entity, and of what its name leads to, the fields that are their own.
func whole(seen map[string]any) map[string]any {
	out := map[string]any{}
	for _, field := range []string{"mill", "named"} {
		own := map[string]any{}
		for _, name := range []string{"id", "name", "summary", "content", "keywords", "aliases"} {
			own[name] = graphtest.At(seen[field], name)
		}
		out[field] = own
	}
	return out
}

// seen is what readers see of a village, in every way that leads to its entities and episodes.
func (a author) seen(t *testing.T, v in) map[string]any {
	t.Helper()
	const entity = `{id name summary content keywords aliases version validTo versions{id name summary content} supersedes{id} episodes{edges{node{content}}} relationships(first:50){edges{node{type source{...on Entity{name content}} target{...on Entity{name content}}}}}}`
	return a.Query(t, `query($mill:ID!,$visit:ID!){
		mill:node(id:$mill){...on Entity`+entity+`} named:entity(by:{name:"Mill"})`+entity+` renamed:entity(by:{name:"Windmill"})`+entity+` smith:entity(by:{name:"Smith"})`+entity+`
		entities(orderBy:[{field:NAME}]){totalCount edges{node`+entity+`}}
		visit:node(id:$visit){...on Episode{content version entities{name content summary}}}
		episodes{totalCount edges{node{content version entities{name content}}}}
	}`, in{"mill": v["Mill"], "visit": v["visit"]}, nil)
}
