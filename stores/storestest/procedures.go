package storestest

import (
	"testing"

	"thalamus/stores"
)

// Procedures asks whether a backend keeps the contract of [stores.Procedures]. Their edges are tested by [Relationships].
func Procedures(t *testing.T, open func(testing.TB) *stores.Set) {
	nounSuite(suite{t, open(t)}, open, procedureNoun)
}

func procedureNoun(set *stores.Set) noun[stores.Procedure] {
	c := set.Procedures
	return noun[stores.Procedure]{
		spec: stores.ProcedureSpec,
		byID: c.ByID, list: c.List, count: c.Count, put: c.Put, swap: c.Swap, drop: c.Delete,
		random: randomProcedure, rich: richProcedure, bare: bareProcedure,
		head: func(p *stores.Procedure) head { return head{&p.ID, &p.Scope, &p.Version} },
		texts: func(p *stores.Procedure) []text {
			return []text{{"name", &p.Name, stores.MaxName}, {"triggerPattern", &p.TriggerPattern, 1000}, {"script", &p.Script, stores.MaxContent}}
		},
		value: procedureValue,
		strip: func(p *stores.Procedure, f stores.Field) {
			switch f {
			case "steps":
				p.Steps = nil
			case "script":
				p.Script = ""
			}
		},
	}
}

func randomProcedure(w *world, i int) *stores.Procedure {
	p := &stores.Procedure{
		ID: stores.NewID(), Scope: w.scope, Name: w.word(), Domain: pick(w, stores.Domains), TriggerPattern: w.maybe(), Script: w.maybe(),
		SuccessRate: w.unit(), ExecutionCount: w.times(), LastExecutedAt: w.maybeInstant(), Deprecated: w.chance(),
		CreatedFrom: pick(w, stores.ProcedureOrigins), CreatedAt: w.instant(), UpdatedAt: w.instant(), Version: 1,
	}
	if w.chance() {
		p.ConsolidatedInto = stores.NewID()
	}
	for n := range w.rand.IntN(3) {
		p.Steps = append(p.Steps, stores.ProcedureStep{Order: i + n + 1, Action: w.word(), Tool: w.maybe(), Parameters: w.object()})
	}
	return p
}

func richProcedure(w *world, s string) *stores.Procedure {
	p := randomProcedure(w, 0)
	p.Name, p.TriggerPattern, p.Script = s, s, s
	p.ConsolidatedInto, p.LastExecutedAt = stores.NewID(), new(w.instant())
	p.Steps = []stores.ProcedureStep{
		{Order: 1, Action: "act on " + s, Tool: s, Parameters: everything(s), ExpectedOutcome: s},
		{Order: 2, Action: "nothing but an action"},
	}
	return p
}

func bareProcedure(w *world) *stores.Procedure {
	p := &stores.Procedure{Scope: w.scope, Name: "bare", Domain: stores.DomainCoding}
	p.SetDefaults(stores.Now())
	return p
}

func procedureValue(p *stores.Procedure, f stores.Field) any {
	return map[stores.Field]any{
		"id": string(p.ID), "name": p.Name, "domain": string(p.Domain), "triggerPattern": optional(p.TriggerPattern),
		"script": optional(p.Script), "successRate": p.SuccessRate, "executionCount": float64(p.ExecutionCount),
		"lastExecutedAt": optionalTime(p.LastExecutedAt), "deprecated": p.Deprecated,
		"consolidatedInto": optional(p.ConsolidatedInto), "createdFrom": string(p.CreatedFrom), "createdAt": p.CreatedAt,
		"updatedAt": p.UpdatedAt, "version": float64(p.Version),
	}[f]
}
