package graph_test

import (
	"strings"
	"testing"

	"thalamus/graph/graphtest"
	"thalamus/graph/model"
	"thalamus/stores"
)

func TestLifeOfARelationship(t *testing.T) {
	a := newAuthor(t)
	x, y := a.do(t, "upsertEntity", in{"name": "X"})["id"], a.do(t, "upsertEntity", in{"name": "Y"})["id"]
	edge := in{"source": x, "target": y, "type": "USES"}
	r := a.do(t, "relate", merge(edge, "metadata", in{"since": "May"}))
	near(t, "the initial weight", r["weight"], 0.1)
	again := a.do(t, "relate", merge(edge, "weight", 0.5))
	if again["id"] != r["id"] || again["weight"] != 0.5 || again["version"] != 2.0 || !jsonEqual(again["metadata"], in{"since": "May"}) {
		t.Errorf("related again: %v", again)
	}
	if a.do(t, "relate", merge(edge, "label", "gladly"))["id"] == r["id"] || a.do(t, "relate", merge(edge, "type", "CAUSES"))["id"] == r["id"] {
		t.Error("another label or type is another edge")
	}
	a.refuse(t, "relate", merge(edge, "target", x), "INVALID", "target")
	a.refuse(t, "relate", merge(edge, "weight", 1.1), "INVALID", "weight")
	a.refuse(t, "relate", merge(edge, "source", r["id"]), "INVALID", "source.kind")
	a.refuse(t, "relate", merge(edge, "label", strings.Repeat("x", 101)), "INVALID", "label")
	for _, end := range []string{"source", "target"} {
		if p := a.send(t, "relate", merge(edge, end, unknown("Entity"))); graphtest.At(p, "problems", 0, "code") != "NOT_FOUND" {
			t.Errorf("an unknown %s: %v", end, p)
		}
	}
	// An id of the right key and the wrong noun names nobody.
	ref, _ := model.ParseGlobalID(x.(string))
	if p := a.send(t, "relate", merge(edge, "source", model.GlobalID(stores.Ref{Kind: "Episode", ID: ref.ID}))); graphtest.At(p, "problems", 0, "code") != "NOT_FOUND" {
		t.Errorf("an entity named as an episode: %v", p)
	}

	changed := a.do(t, "updateRelationship", in{"id": r["id"], "weight": 0.4, "metadata": nil, "validTo": "2099-01-01T00:00:00Z"})
	if changed["weight"] != 0.4 || changed["metadata"] != nil || changed["validTo"] != "2099-01-01T00:00:00Z" {
		t.Errorf("updated %v", changed)
	}
	for _, field := range []string{"weight", "validFrom"} {
		a.refuse(t, "updateRelationship", in{"id": r["id"], field: nil}, "INVALID", field)
	}
	a.refuse(t, "updateRelationship", in{"id": r["id"], "weight": 0.1, "expectedVersion": 1}, "CONFLICT", "expectedVersion")

	// w' = w + rate·(1 - w), one more use; w' = w·(1 - rate), no use.
	by := in{"id": r["id"]}
	s := graphtest.At(a.do(t, "strengthen", in{"edges": by, "rate": 0.25}), "relationships", 0)
	near(t, "strengthened", graphtest.At(s, "weight"), 0.4+0.25*0.6)
	near(t, "uses", graphtest.At(s, "coAccessCount"), 2)
	s = graphtest.At(a.do(t, "strengthen", in{"edges": by}), "relationships", 0)
	near(t, "strengthened by default", graphtest.At(s, "weight"), 0.55+0.1*0.45)
	w := graphtest.At(a.do(t, "weaken", in{"edges": by, "rate": 0.5}), "relationships", 0)
	near(t, "weakened", graphtest.At(w, "weight"), 0.595*0.5)
	near(t, "uses", graphtest.At(w, "coAccessCount"), 3)
	all := a.do(t, "weaken", in{"edges": in{"between": in{"source": x, "target": y}}, "rate": 0})
	if n := len(all["relationships"].([]any)); n != 3 {
		t.Errorf("%d edges between the two, want 3", n)
	}
	if n := len(a.do(t, "weaken", in{"edges": in{"between": in{"source": x, "target": y, "type": "USES"}}})["relationships"].([]any)); n != 2 {
		t.Errorf("%d USES edges between the two, want 2", n)
	}
	a.refuse(t, "strengthen", in{"edges": by, "rate": 1.5}, "INVALID", "rate")
	a.refuse(t, "strengthen", in{"edges": in{"id": unknown("Relationship")}}, "NOT_FOUND", "edges")
	a.refuse(t, "strengthen", in{"edges": in{"id": x}}, "INVALID", "edges.id")
	a.refuse(t, "weaken", in{"edges": in{"between": in{"source": y, "target": x}}}, "NOT_FOUND", "edges.between")

	if p := a.do(t, "unrelate", in{"id": r["id"]}); p["deleted"] != true || a.read(t, r["id"], "") != nil {
		t.Errorf("unrelated: %v", p)
	}
	if p := a.do(t, "unrelate", in{"id": r["id"]}); p["deleted"] != false {
		t.Errorf("unrelated twice: %v", p)
	}
}

func TestDecay(t *testing.T) {
	a := newAuthor(t)
	x, y := a.do(t, "upsertEntity", in{"name": "X"})["id"], a.do(t, "upsertEntity", in{"name": "Y"})["id"]
	strong := a.do(t, "relate", in{"source": x, "target": y, "type": "USES", "weight": 0.5})["id"]
	faint := a.do(t, "relate", in{"source": x, "target": y, "type": "CAUSES", "weight": 0.02})["id"]
	other := a.do(t, "relate", in{"source": y, "target": x, "type": "PART_OF", "weight": 0.5})["id"]
	if p := a.do(t, "decayRelationships", in{}); p["decayed"] != 0.0 || p["pruned"] != 0.0 {
		t.Errorf("edges in use decayed: %v", p)
	}
	p := a.do(t, "decayRelationships", in{"staleAfter": "PT0S", "rate": 0.5, "minWeight": 0.015, "where": in{"type": in{"in": []any{"USES", "CAUSES"}}}})
	if p["decayed"] != 2.0 || p["pruned"] != 1.0 {
		t.Errorf("decayed: %v", p)
	}
	near(t, "the strong edge", graphtest.At(a.read(t, strong, "... on Relationship{weight}"), "weight"), 0.25)
	near(t, "an edge that was not meant", graphtest.At(a.read(t, other, "... on Relationship{weight}"), "weight"), 0.5)
	if a.read(t, faint, "") != nil {
		t.Error("the faint edge is still there")
	}
	a.refuse(t, "decayRelationships", in{"rate": 2}, "INVALID", "rate")
	a.refuse(t, "decayRelationships", in{"minWeight": -1}, "INVALID", "minWeight")
	a.refuse(t, "decayRelationships", in{"staleAfter": "-P1D"}, "INVALID", "staleAfter")
}
