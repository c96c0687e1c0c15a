package model

import "thalamus/stores"

// Todo is the new todo.
func (in CreateTodoInput) Todo() (*stores.Todo, error) {
	var c stores.Check
	t := &stores.Todo{Content: in.Content, Status: stores.TodoPending}
	set(&t.Urgency, in.Urgency)
	set(&t.Assignee, in.Assignee)
	set(&t.Reason, in.Reason)
	set(&t.StartTime, in.StartTime)
	setAny(&t.EndTime, in.EndTime)
	setID(&c, "sourceEpisode", &t.SourceEpisode, in.SourceEpisode, stores.KindEpisode)
	setIDs(&c, "entities", &t.Entities, in.Entities, stores.KindEntity)
	if status := in.Status.Value(); status != nil {
		t.SetStatus(*status, stores.Now())
	}
	return t, c.Err()
}

// Change writes the input into a todo.
func (in UpdateTodoInput) Change(t *stores.Todo) error {
	var c stores.Check
	setValue(&c, "content", &t.Content, in.Content)
	setValue(&c, "urgency", &t.Urgency, in.Urgency)
	set(&t.Assignee, in.Assignee)
	set(&t.Reason, in.Reason)
	setValue(&c, "startTime", &t.StartTime, in.StartTime)
	setAny(&t.EndTime, in.EndTime)
	setID(&c, "sourceEpisode", &t.SourceEpisode, in.SourceEpisode, stores.KindEpisode)
	setIDs(&c, "entities", &t.Entities, in.Entities, stores.KindEntity)
	status := t.Status
	setValue(&c, "status", &status, in.Status)
	t.SetStatus(status, stores.Now())
	return c.Err()
}

// Change ticks the todo off.
func (in CompleteTodoInput) Change(t *stores.Todo) error {
	at := stores.Now()
	if given := in.CompletedAt.Value(); given != nil {
		at = *given
	}
	t.SetStatus(stores.TodoCompleted, at)
	return nil
}
