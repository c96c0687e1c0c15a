package relational

import (
	"context"

	"thalamus/stores"
)

// Todos is the contract of todos. The table todo_entities says which todos are about an entity.
type Todos struct{ Records[stores.Todo] }

// ByEpisode reads, for each episode, one page of the todos that came from it.
func (r Todos) ByEpisode(ctx context.Context, s stores.Scope, episodes []stores.ID, q stores.Query) (map[stores.ID]stores.Slice[*stores.Todo], error) {
	return r.Children(ctx, s, episodes, q, func(st *Statement, scope any, episodes []stores.ID) {
		st.Add("SELECT c.source_episode, c."+r.db.Row()+" FROM todos AS c WHERE c.scope = ? AND ", scope)
		r.db.In(st, "c.source_episode", Values(episodes))
	})
}

// ByEntity reads, for each entity, one page of the todos that are about it.
func (r Todos) ByEntity(ctx context.Context, s stores.Scope, entities []stores.ID, q stores.Query) (map[stores.ID]stores.Slice[*stores.Todo], error) {
	return r.Children(ctx, s, entities, q, func(st *Statement, scope any, entities []stores.ID) {
		st.Add("SELECT l.entity, c."+r.db.Row()+" FROM todo_entities AS l "+r.db.Join()+
			" todos AS c ON c.scope = l.scope AND c.id = l.todo WHERE l.scope = ? AND ", scope)
		r.db.In(st, "l.entity", Values(entities))
	})
}
