package flat

import (
	"time"

	"thalamus/stores"
)

// EntityRecords lays out the records part of entities.
var EntityRecords = Layout[stores.EntityRecord]{
	Spec: stores.EntityRecordSpec,
	Head: func(r *stores.EntityRecord) Head { return Head{ID: &r.ID, Scope: &r.Scope} },
	Columns: []Column[stores.EntityRecord]{
		text("id", "id", func(r *stores.EntityRecord) *stores.ID { return &r.ID }),
		text("name", "name", func(r *stores.EntityRecord) *string { return &r.Name }),
		flag("current", "current", func(r *stores.EntityRecord) *bool { return &r.Current }),
		optionalText("content", "content", func(r *stores.EntityRecord) *string { return &r.Content }),
		list("keywords", "keywords", func(r *stores.EntityRecord) *[]string { return &r.Keywords }),
		list("aliases", "aliases", func(r *stores.EntityRecord) *[]string { return &r.Aliases }),
		object("metadata", "metadata", func(r *stores.EntityRecord) *map[string]any { return &r.Metadata }),
		instant("created_at", "createdAt", func(r *stores.EntityRecord) *time.Time { return &r.CreatedAt }),
		instant("updated_at", "updatedAt", func(r *stores.EntityRecord) *time.Time { return &r.UpdatedAt }),
		integer("version", "", func(r *stores.EntityRecord) *int { return &r.Version }),
		object("previous", "", func(r *stores.EntityRecord) **stores.EntityRecord { return &r.Before }),
	},
}

// Profiles lays out profiles, which are one per scope.
var Profiles = Layout[stores.Profile]{
	Spec: stores.ProfileSpec,
	Head: func(p *stores.Profile) Head {
		return Head{ID: &p.ID, Scope: &p.Scope, Version: &p.Version, Created: &p.CreatedAt}
	},
	Natural: []string{},
	Columns: []Column[stores.Profile]{
		text("id", "id", func(p *stores.Profile) *stores.ID { return &p.ID }),
		text("content", "content", func(p *stores.Profile) *string { return &p.Content }),
		optionalText("summary", "summary", func(p *stores.Profile) *string { return &p.Summary }),
		list("keywords", "keywords", func(p *stores.Profile) *[]string { return &p.Keywords }),
		list("entities", "entities", func(p *stores.Profile) *[]string { return &p.Entities }),
		integer("importance", "importance", func(p *stores.Profile) *int { return &p.Importance }),
		object("metadata", "metadata", func(p *stores.Profile) *map[string]any { return &p.Metadata }),
		instant("created_at", "createdAt", func(p *stores.Profile) *time.Time { return &p.CreatedAt }),
		instant("updated_at", "updatedAt", func(p *stores.Profile) *time.Time { return &p.UpdatedAt }),
		integer("version", "version", func(p *stores.Profile) *int { return &p.Version }),
	},
}

// Todos lays out todos.
var Todos = Layout[stores.Todo]{
	Spec: stores.TodoSpec,
	Head: func(t *stores.Todo) Head { return Head{ID: &t.ID, Scope: &t.Scope, Version: &t.Version} },
	Columns: []Column[stores.Todo]{
		text("id", "id", func(t *stores.Todo) *stores.ID { return &t.ID }),
		text("content", "content", func(t *stores.Todo) *string { return &t.Content }),
		text("status", "status", func(t *stores.Todo) *stores.TodoStatus { return &t.Status }),
		integer("urgency", "urgency", func(t *stores.Todo) *stores.Urgency { return &t.Urgency }),
		optionalText("assignee", "assignee", func(t *stores.Todo) *string { return &t.Assignee }),
		optionalText("reason", "reason", func(t *stores.Todo) *string { return &t.Reason }),
		instant("start_time", "startTime", func(t *stores.Todo) *time.Time { return &t.StartTime }),
		optionalInstant("end_time", "endTime", func(t *stores.Todo) **time.Time { return &t.EndTime }),
		optionalInstant("completed_at", "completedAt", func(t *stores.Todo) **time.Time { return &t.CompletedAt }),
		optionalText("source_episode", "sourceEpisode", func(t *stores.Todo) *stores.ID { return &t.SourceEpisode }),
		list("entities", "entities", func(t *stores.Todo) *[]stores.ID { return &t.Entities }),
		instant("created_at", "createdAt", func(t *stores.Todo) *time.Time { return &t.CreatedAt }),
		instant("updated_at", "updatedAt", func(t *stores.Todo) *time.Time { return &t.UpdatedAt }),
		integer("version", "version", func(t *stores.Todo) *int { return &t.Version }),
	},
}
