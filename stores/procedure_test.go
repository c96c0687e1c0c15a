package stores_test

import (
	"strings"
	"testing"
	"time"

	"thalamus/stores"
)

func goodProcedure() stores.Procedure {
	p := stores.Procedure{Scope: scope, Name: "name", Domain: stores.DomainCoding, SuccessRate: 1, Steps: []stores.ProcedureStep{{Order: 1, Action: "act"}}}
	p.SetDefaults(now)
	return p
}

func TestProcedureValidate(t *testing.T) {
	type s = spoil[stores.Procedure]
	validates(t, goodProcedure, []s{
		{func(p *stores.Procedure) { p.Name = "\t" }, at("name")},
		{func(p *stores.Procedure) { p.Domain = "" }, at("domain")},
		{func(p *stores.Procedure) { p.TriggerPattern = strings.Repeat("x", 1001) }, at("triggerPattern")},
		{func(p *stores.Procedure) { p.Script = strings.Repeat("x", stores.MaxContent+1) }, at("script")},
		{func(p *stores.Procedure) { p.SuccessRate, p.ExecutionCount = -0.1, 0 }, at("successRate", "executionCount")},
		{func(p *stores.Procedure) { p.CreatedFrom = "manual" }, at("createdFrom")},
		{func(p *stores.Procedure) { p.Steps[0] = stores.ProcedureStep{} }, at("steps.0.order", "steps.0.action")},
		{func(p *stores.Procedure) { p.Steps[0].Parameters = nested(9) }, at("steps.0.parameters")},
		{func(p *stores.Procedure) {
			p.Steps[0].Tool, p.Steps[0].ExpectedOutcome = strings.Repeat("x", 201), "\x00"
		}, at("steps.0.tool", "steps.0.expectedOutcome")},
		{func(p *stores.Procedure) {
			for i := range 200 {
				p.Steps = append(p.Steps, stores.ProcedureStep{Order: i + 2, Action: "act"})
			}
		}, at("steps")},
		{func(p *stores.Procedure) { p.Steps = append(p.Steps, p.Steps[0]) }, at("steps.1.order")},
		{func(p *stores.Procedure) { p.ID, p.ConsolidatedInto = "a", "a" }, at("consolidatedInto")},
		{func(p *stores.Procedure) { p.ExecutionCount, p.Version = 1<<31, 1<<31 }, at("executionCount", "version")},
	})
}

func TestProcedureDefaults(t *testing.T) {
	p := goodProcedure()
	if p.ID == "" || p.CreatedFrom != stores.OriginManual || p.ExecutionCount != 1 || p.Version != 1 || !p.CreatedAt.Equal(now) || p.LastExecutedAt != nil {
		t.Errorf("defaults: %+v", p)
	}
}

func TestProcedureRecord(t *testing.T) {
	p := goodProcedure() // ran once, with success
	p.Record(true, now)
	near(t, "rate after 2 successes", p.SuccessRate, 1)
	p.Record(false, now.Add(time.Hour))
	near(t, "rate after 2 successes and a failure", p.SuccessRate, 2.0/3)
	if p.ExecutionCount != 3 || !p.LastExecutedAt.Equal(now.Add(time.Hour)) || p.Deprecated {
		t.Errorf("after three executions: %+v", p)
	}
	p.Record(true, now)
	near(t, "rate after 3 successes and a failure", p.SuccessRate, 0.75)
}

// TestProcedureDeprecation follows one success and then failures: the rate after n executions is 1/n.
func TestProcedureDeprecation(t *testing.T) {
	p := goodProcedure()
	for p.ExecutionCount < 10 {
		p.Record(false, now)
	}
	near(t, "rate after 10 executions", p.SuccessRate, 0.1)
	if p.Deprecated {
		t.Error("deprecated after 10 executions; it takes more than 10")
	}
	p.Record(false, now)
	if !p.Deprecated {
		t.Error("not deprecated after 11 executions with a rate of 1/11")
	}
	p.Record(true, now)
	if !p.Deprecated {
		t.Error("a success brought a deprecated procedure back")
	}
	steady := goodProcedure()
	steady.ExecutionCount, steady.SuccessRate = 999, 0.4
	for range 3 {
		steady.Record(false, now)
	}
	if steady.Deprecated {
		t.Errorf("deprecated with a rate of %v", steady.SuccessRate)
	}
}

func TestProcedureStepsRise(t *testing.T) {
	p := stores.Procedure{Steps: []stores.ProcedureStep{{Order: 5, Action: "e"}, {Order: 1, Action: "a"}, {Order: 3, Action: "c"}}}
	p.SetDefaults(now)
	if got := p.Steps[0].Action + p.Steps[1].Action + p.Steps[2].Action; got != "ace" {
		t.Errorf("the steps run as %q", got)
	}
}
