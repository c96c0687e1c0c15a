package model

import (
	"thalamus/recall"
	"thalamus/stores"
)

var recallKinds = map[RecallKind]stores.Kind{
	RecallKindEpisode: stores.KindEpisode, RecallKindEntity: stores.KindEntity,
	RecallKindProcedure: stores.KindProcedure, RecallKindTodo: stores.KindTodo,
}

// Query is the question; fields names the heavy fields to bring along.
func (in RecallInput) Query(fields func(stores.Kind) []stores.Field) recall.Query {
	q := recall.Query{Text: in.Text, First: in.First, Fields: fields, Weights: recall.Weights{}}
	if in.Kinds.Value() != nil {
		q.Kinds = []stores.Kind{}
	}
	for _, k := range Distinct(in.Kinds.Value()) {
		q.Kinds = append(q.Kinds, recallKinds[k])
	}
	if w := in.Where.Value(); w != nil {
		set(&q.Where.SessionID, w.SessionID)
		set(&q.Where.Since, w.Since)
		set(&q.Where.Until, w.Until)
		setAny(&q.Where.Outcomes, w.Outcomes)
		setAny(&q.Where.EntityTypes, w.EntityTypes)
		setAny(&q.Where.Domains, w.Domains)
		setAny(&q.Where.Statuses, w.Statuses)
		set(&q.Where.ValidAt, w.ValidAt)
	}
	if l := in.Legs.Value(); l != nil {
		weigh(q.Weights, recall.Dense, l.Dense.Value())
		weigh(q.Weights, recall.Keyword, l.Keyword.Value())
		weigh(q.Weights, recall.Session, l.Session.Value())
		weigh(q.Weights, recall.Graph, l.Graph.Value())
	}
	if x := in.Expand.Value(); x != nil {
		q.Expand = &recall.Expand{Depth: x.Depth, Types: Distinct(x.Types.Value()), MinWeight: x.MinWeight}
	}
	return q
}

func weigh(w recall.Weights, leg recall.Leg, v *float64) {
	if v != nil {
		w[leg] = *v
	}
}

// NewRecallResult shapes an answer.
func NewRecallResult(a *recall.Answer) *RecallResult {
	out := &RecallResult{Hits: make([]*RecallHit, len(a.Hits)), Legs: make([]*RecallLeg, len(a.Legs))}
	for i, l := range a.Legs {
		out.Legs[i] = &RecallLeg{Name: RecallLegName(l.Leg), Weight: l.Weight, Candidates: l.Candidates}
		if l.Err != nil {
			text := "the store behind this leg does not answer"
			out.Legs[i].Error = &text
		}
	}
	for i, h := range a.Hits {
		hit := &RecallHit{Rank: i + 1, Score: h.Score, Node: h.Node}
		for _, l := range h.Legs {
			hit.Legs = append(hit.Legs, &RecallHitLeg{Name: RecallLegName(l.Leg), Rank: l.Rank, Score: l.Score, Contribution: l.Contribution})
		}
		out.Hits[i] = hit
	}
	return out
}
