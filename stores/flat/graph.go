package flat

import (
	"time"

	"thalamus/stores"
)

// Episodes lays out episodes; mentions are links, not columns.
var Episodes = Layout[stores.Episode]{
	Spec: stores.EpisodeSpec,
	Head: func(e *stores.Episode) Head { return Head{ID: &e.ID, Scope: &e.Scope, Version: &e.Version} },
	Columns: []Column[stores.Episode]{
		text("id", "id", func(e *stores.Episode) *stores.ID { return &e.ID }),
		text("session_id", "sessionId", func(e *stores.Episode) *string { return &e.SessionID }),
		optionalInteger("position", "sequencePosition", func(e *stores.Episode) **int { return &e.Position }),
		text("content", "content", func(e *stores.Episode) *string { return &e.Content }),
		object("context", "context", func(e *stores.Episode) *stores.EpisodeContext { return &e.Context }),
		copied("context_project", "context.project", func(e *stores.Episode) *string { return &e.Context.Project }),
		copied("context_file", "context.file", func(e *stores.Episode) *string { return &e.Context.File }),
		copied("context_tool", "context.tool", func(e *stores.Episode) *string { return &e.Context.Tool }),
		copied("context_git_branch", "context.gitBranch", func(e *stores.Episode) *string { return &e.Context.GitBranch }),
		text("outcome", "outcome", func(e *stores.Episode) *stores.Outcome { return &e.Outcome }),
		instant("timestamp", "timestamp", func(e *stores.Episode) *time.Time { return &e.Timestamp }),
		optionalInstant("end_timestamp", "endTimestamp", func(e *stores.Episode) **time.Time { return &e.EndTimestamp }),
		instant("ingested_at", "ingestedAt", func(e *stores.Episode) *time.Time { return &e.IngestedAt }),
		instant("updated_at", "updatedAt", func(e *stores.Episode) *time.Time { return &e.UpdatedAt }),
		optionalInteger("duration_ms", "durationMs", func(e *stores.Episode) **int { return &e.DurationMs }),
		float("emotional_valence", "emotionalValence", func(e *stores.Episode) *float64 { return &e.EmotionalValence }),
		float("stability", "stability", func(e *stores.Episode) *float64 { return &e.Stability }),
		integer("access_count", "accessCount", func(e *stores.Episode) *int { return &e.AccessCount }),
		instant("last_accessed_at", "lastAccessedAt", func(e *stores.Episode) *time.Time { return &e.LastAccessedAt }),
		optionalFloat("prediction_error", "predictionError", func(e *stores.Episode) **float64 { return &e.PredictionError }),
		optionalInstant("prediction_error_at", "predictionErrorAt", func(e *stores.Episode) **time.Time { return &e.PredictionErrorAt }),
		object("capsule", "capsule", func(e *stores.Episode) **stores.Capsule { return &e.Capsule }),
		integer("version", "version", func(e *stores.Episode) *int { return &e.Version }),
	},
}

// Entities lays out the graph part of entities.
var Entities = Layout[stores.Entity]{
	Spec: stores.EntitySpec,
	Head: func(e *stores.Entity) Head { return Head{ID: &e.ID, Scope: &e.Scope, Version: &e.Version} },
	Columns: []Column[stores.Entity]{
		text("id", "id", func(e *stores.Entity) *stores.ID { return &e.ID }),
		text("name", "name", func(e *stores.Entity) *string { return &e.Name }),
		text("type", "type", func(e *stores.Entity) *stores.EntityType { return &e.Type }),
		optionalText("label", "label", func(e *stores.Entity) *string { return &e.Label }),
		text("summary", "summary", func(e *stores.Entity) *string { return &e.Summary }),
		optionalText("details", "details", func(e *stores.Entity) *string { return &e.Details }),
		optionalText("source", "source", func(e *stores.Entity) *string { return &e.Source }),
		instant("valid_from", "validFrom", func(e *stores.Entity) *time.Time { return &e.ValidFrom }),
		optionalInstant("valid_to", "validTo", func(e *stores.Entity) **time.Time { return &e.ValidTo }),
		text("lineage", "lineage", func(e *stores.Entity) *stores.ID { return &e.Lineage }),
		optionalText("supersedes", "supersedes", func(e *stores.Entity) *stores.ID { return &e.Supersedes }),
		optionalText("superseded_by", "supersededBy", func(e *stores.Entity) *stores.ID { return &e.SupersededBy }),
		float("stability", "stability", func(e *stores.Entity) *float64 { return &e.Stability }),
		integer("access_count", "accessCount", func(e *stores.Entity) *int { return &e.AccessCount }),
		instant("last_accessed_at", "lastAccessedAt", func(e *stores.Entity) *time.Time { return &e.LastAccessedAt }),
		instant("created_at", "createdAt", func(e *stores.Entity) *time.Time { return &e.CreatedAt }),
		instant("updated_at", "updatedAt", func(e *stores.Entity) *time.Time { return &e.UpdatedAt }),
		integer("version", "version", func(e *stores.Entity) *int { return &e.Version }),
	},
}

// Procedures lays out procedures.
var Procedures = Layout[stores.Procedure]{
	Spec: stores.ProcedureSpec,
	Head: func(p *stores.Procedure) Head { return Head{ID: &p.ID, Scope: &p.Scope, Version: &p.Version} },
	Columns: []Column[stores.Procedure]{
		text("id", "id", func(p *stores.Procedure) *stores.ID { return &p.ID }),
		text("name", "name", func(p *stores.Procedure) *string { return &p.Name }),
		text("domain", "domain", func(p *stores.Procedure) *stores.Domain { return &p.Domain }),
		optionalText("trigger_pattern", "triggerPattern", func(p *stores.Procedure) *string { return &p.TriggerPattern }),
		object("steps", "steps", func(p *stores.Procedure) *[]stores.ProcedureStep { return &p.Steps }),
		optionalText("script", "script", func(p *stores.Procedure) *string { return &p.Script }),
		float("success_rate", "successRate", func(p *stores.Procedure) *float64 { return &p.SuccessRate }),
		integer("execution_count", "executionCount", func(p *stores.Procedure) *int { return &p.ExecutionCount }),
		optionalInstant("last_executed_at", "lastExecutedAt", func(p *stores.Procedure) **time.Time { return &p.LastExecutedAt }),
		flag("deprecated", "deprecated", func(p *stores.Procedure) *bool { return &p.Deprecated }),
		optionalText("consolidated_into", "consolidatedInto", func(p *stores.Procedure) *stores.ID { return &p.ConsolidatedInto }),
		text("created_from", "createdFrom", func(p *stores.Procedure) *stores.ProcedureOrigin { return &p.CreatedFrom }),
		instant("created_at", "createdAt", func(p *stores.Procedure) *time.Time { return &p.CreatedAt }),
		instant("updated_at", "updatedAt", func(p *stores.Procedure) *time.Time { return &p.UpdatedAt }),
		integer("version", "version", func(p *stores.Procedure) *int { return &p.Version }),
	},
}

// Relationships lays out edges, which are one per label, type and pair of nodes.
var Relationships = Layout[stores.Relationship]{
	Spec: stores.RelationshipSpec,
	Head: func(r *stores.Relationship) Head {
		return Head{ID: &r.ID, Scope: &r.Scope, Version: &r.Version, Created: &r.CreatedAt}
	},
	Natural: []string{"source", "type", "label", "target"},
	Columns: []Column[stores.Relationship]{
		text("id", "id", func(r *stores.Relationship) *stores.ID { return &r.ID }),
		text("source", "source", func(r *stores.Relationship) *stores.ID { return &r.Source.ID }),
		text("source_kind", "sourceKind", func(r *stores.Relationship) *stores.Kind { return &r.Source.Kind }),
		text("type", "type", func(r *stores.Relationship) *stores.RelationType { return &r.Type }),
		optionalText("label", "label", func(r *stores.Relationship) *string { return &r.Label }),
		text("target", "target", func(r *stores.Relationship) *stores.ID { return &r.Target.ID }),
		text("target_kind", "targetKind", func(r *stores.Relationship) *stores.Kind { return &r.Target.Kind }),
		float("weight", "weight", func(r *stores.Relationship) *float64 { return &r.Weight }),
		integer("co_access_count", "coAccessCount", func(r *stores.Relationship) *int { return &r.CoAccessCount }),
		instant("last_co_access_at", "lastCoAccessAt", func(r *stores.Relationship) *time.Time { return &r.LastCoAccessAt }),
		instant("valid_from", "validFrom", func(r *stores.Relationship) *time.Time { return &r.ValidFrom }),
		optionalInstant("valid_to", "validTo", func(r *stores.Relationship) **time.Time { return &r.ValidTo }),
		object("metadata", "metadata", func(r *stores.Relationship) *map[string]any { return &r.Metadata }),
		instant("created_at", "createdAt", func(r *stores.Relationship) *time.Time { return &r.CreatedAt }),
		instant("updated_at", "updatedAt", func(r *stores.Relationship) *time.Time { return &r.UpdatedAt }),
		integer("version", "version", func(r *stores.Relationship) *int { return &r.Version }),
	},
}
