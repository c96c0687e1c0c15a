package sqlite

import (
	"context"
	"time"

	"thalamus/stores"
)

// Todos is the contract of todos.
func (db *DB) Todos() stores.Todos {
	return todos{records[stores.Todo]{db, todoTable}}
}

type todos struct{ records[stores.Todo] }

type todo = stores.Todo

var todoTable = newTable("todos", stores.TodoSpec, table[todo]{
	head: func(t *todo) head { return head{id: &t.ID, scope: &t.Scope, version: &t.Version} },
	columns: []column[todo]{
		text("id", "id", func(t *todo) *stores.ID { return &t.ID }),
		text("content", "content", func(t *todo) *string { return &t.Content }),
		text("status", "status", func(t *todo) *stores.TodoStatus { return &t.Status }),
		integer("urgency", "urgency", func(t *todo) *stores.Urgency { return &t.Urgency }),
		optionalText("assignee", "assignee", func(t *todo) *string { return &t.Assignee }),
		optionalText("reason", "reason", func(t *todo) *string { return &t.Reason }),
		instant("start_time", "startTime", func(t *todo) *time.Time { return &t.StartTime }),
		optionalInstant("end_time", "endTime", func(t *todo) **time.Time { return &t.EndTime }),
		optionalInstant("completed_at", "completedAt", func(t *todo) **time.Time { return &t.CompletedAt }),
		optionalText("source_episode", "sourceEpisode", func(t *todo) *stores.ID { return &t.SourceEpisode }),
		list("entities", "entities", func(t *todo) *[]stores.ID { return &t.Entities }),
		instant("created_at", "createdAt", func(t *todo) *time.Time { return &t.CreatedAt }),
		instant("updated_at", "updatedAt", func(t *todo) *time.Time { return &t.UpdatedAt }),
		integer("version", "version", func(t *todo) *int { return &t.Version }),
	},
})

// ByEpisode reads, for each episode, one page of the todos that came from it.
func (r todos) ByEpisode(ctx context.Context, s stores.Scope, episodes []stores.ID, q stores.Query) (map[stores.ID]stores.Slice[*stores.Todo], error) {
	return r.children(ctx, s, episodes, q, ofEpisode)
}

// ofEpisode links episodes to the todos that came from them.
func ofEpisode(st *statement, scope, episodes string) {
	st.add("SELECT c.source_episode, c.rowid FROM json_each(?) AS asked"+
		" CROSS JOIN todos AS c ON c.scope = ? AND c.source_episode = asked.value", episodes, scope)
}

// ByEntity reads, for each entity, one page of the todos that are about it.
func (r todos) ByEntity(ctx context.Context, s stores.Scope, entities []stores.ID, q stores.Query) (map[stores.ID]stores.Slice[*stores.Todo], error) {
	return r.children(ctx, s, entities, q, ofEntity)
}

// ofEntity links entities to the todos that are about them.
func ofEntity(st *statement, scope, entities string) {
	st.add("SELECT l.entity, c.rowid FROM json_each(?) AS asked"+
		" CROSS JOIN todo_entities AS l ON l.scope = ? AND l.entity = asked.value"+
		" CROSS JOIN todos AS c ON c.scope = l.scope AND c.id = l.todo", entities, scope)
}
