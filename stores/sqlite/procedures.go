package sqlite

import (
	"context"
	"time"

	"thalamus/stores"
)

// Procedures is the contract of procedures.
func (db *DB) Procedures() stores.Procedures {
	return records[stores.Procedure]{db, procedureTable}
}

type procedure = stores.Procedure

var procedureTable = newTable("procedures", stores.ProcedureSpec, table[procedure]{
	head: func(p *procedure) head { return head{id: &p.ID, scope: &p.Scope, version: &p.Version} },
	columns: []column[procedure]{
		text("id", "id", func(p *procedure) *stores.ID { return &p.ID }),
		text("name", "name", func(p *procedure) *string { return &p.Name }),
		text("domain", "domain", func(p *procedure) *stores.Domain { return &p.Domain }),
		optionalText("trigger_pattern", "triggerPattern", func(p *procedure) *string { return &p.TriggerPattern }),
		object("steps", "steps", func(p *procedure) *[]stores.ProcedureStep { return &p.Steps }),
		optionalText("script", "script", func(p *procedure) *string { return &p.Script }),
		float("success_rate", "successRate", func(p *procedure) *float64 { return &p.SuccessRate }),
		integer("execution_count", "executionCount", func(p *procedure) *int { return &p.ExecutionCount }),
		optionalInstant("last_executed_at", "lastExecutedAt", func(p *procedure) **time.Time { return &p.LastExecutedAt }),
		flag("deprecated", "deprecated", func(p *procedure) *bool { return &p.Deprecated }),
		optionalText("consolidated_into", "consolidatedInto", func(p *procedure) *stores.ID { return &p.ConsolidatedInto }),
		text("created_from", "createdFrom", func(p *procedure) *stores.ProcedureOrigin { return &p.CreatedFrom }),
		instant("created_at", "createdAt", func(p *procedure) *time.Time { return &p.CreatedAt }),
		instant("updated_at", "updatedAt", func(p *procedure) *time.Time { return &p.UpdatedAt }),
		integer("version", "version", func(p *procedure) *int { return &p.Version }),
	},
	detach: func(ctx context.Context, q querier, s stores.Scope, ids []stores.ID) error {
		return deleteEdges(ctx, q, s, stores.KindProcedure, ids)
	},
})
