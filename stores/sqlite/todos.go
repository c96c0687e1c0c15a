package sqlite

import (
	"context"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// Todos is the contract of todos.
func (db *DB) Todos() stores.Todos {
	return todos{records[stores.Todo]{db, todoTable}}
}

type todos struct{ records[stores.Todo] }

type todo = stores.Todo

var todoTable = newTable("todos", flat.Todos, table[todo]{})

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
