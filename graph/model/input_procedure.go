package model

import (
	"cmp"
	"slices"

	"thalamus/stores"
)

// Procedure is the new procedure.
func (in CreateProcedureInput) Procedure() (*stores.Procedure, error) {
	var c stores.Check
	p := &stores.Procedure{Name: in.Name, Domain: in.Domain}
	set(&p.TriggerPattern, in.TriggerPattern)
	p.Steps = steps(in.Steps.Value())
	set(&p.Script, in.Script)
	setOr(&p.SuccessRate, in.SuccessRate, 1)
	setPositive(&c, "executionCount", &p.ExecutionCount, in.ExecutionCount, 1)
	set(&p.CreatedFrom, in.CreatedFrom)
	return p, c.Err()
}

// Change writes the input into a procedure.
func (in UpdateProcedureInput) Change(p *stores.Procedure) error {
	var c stores.Check
	setValue(&c, "name", &p.Name, in.Name)
	setValue(&c, "domain", &p.Domain, in.Domain)
	set(&p.TriggerPattern, in.TriggerPattern)
	if in.Steps.IsSet() {
		p.Steps = steps(in.Steps.Value())
	}
	set(&p.Script, in.Script)
	setValue(&c, "deprecated", &p.Deprecated, in.Deprecated)
	setID(&c, "consolidatedInto", &p.ConsolidatedInto, in.ConsolidatedInto, stores.KindProcedure)
	return c.Err()
}

// Change adds the outcome to a procedure.
func (in RecordProcedureOutcomeInput) Change(p *stores.Procedure) error {
	at := stores.Now()
	if given := in.ExecutedAt.Value(); given != nil {
		at = *given
	}
	p.Record(in.Success, at)
	return nil
}

func steps(in []*ProcedureStepInput) []stores.ProcedureStep {
	var out []stores.ProcedureStep
	for i, s := range in {
		step := stores.ProcedureStep{Order: i + 1, Action: s.Action}
		if s.Order.Value() != nil {
			set(&step.Order, s.Order)
		}
		set(&step.Tool, s.Tool)
		setAny(&step.Parameters, s.Parameters)
		set(&step.ExpectedOutcome, s.ExpectedOutcome)
		out = append(out, step)
	}
	slices.SortStableFunc(out, func(a, b stores.ProcedureStep) int { return cmp.Compare(a.Order, b.Order) })
	return out
}
