package mysql

import (
	"context"
	"slices"

	"thalamus/stores"
	"thalamus/stores/flat"
	"thalamus/stores/relational"
)

// Todos is the contract of todos.
func (db *DB) Todos() stores.Todos {
	return relational.Todos{Records: relational.NewRecords(db.rows, todoTable)}
}

// The links of todos are written by statements and not by triggers: where the server keeps a binary log, creating a
// trigger takes a right that a gateway should not have.
var todoTable = relational.NewTable(dialect{}, "todos", flat.Todos, relational.Extras[stores.Todo]{
	Attach: linkEntities,
	Detach: unlinkEntities,
})

// linkEntities replaces the links of todos to entities. Of two items with one id the later counts.
func linkEntities(ctx context.Context, q relational.Querier, s stores.Scope, items []*stores.Todo) error {
	about := map[stores.ID][]stores.ID{}
	for _, t := range items {
		about[t.ID] = t.Entities
	}
	var todos []stores.ID
	var links []any
	scope := dialect{}.ScopeValues(s)[0]
	for _, t := range items {
		entities, ok := about[t.ID]
		if !ok {
			continue
		}
		delete(about, t.ID)
		todos = append(todos, t.ID)
		for _, entity := range slices.Compact(slices.Sorted(slices.Values(entities))) {
			links = append(links, scope, entity, t.ID)
		}
	}
	slices.Sort(todos)
	for part := range slices.Chunk(todos, dialect{}.Limits().Values) {
		if err := unlinkEntities(ctx, q, s, part); err != nil {
			return err
		}
	}
	return relational.InsertRows(ctx, q, "INSERT INTO todo_entities (scope, entity, todo)", 3, links)
}

func unlinkEntities(ctx context.Context, q relational.Querier, s stores.Scope, todos []stores.ID) error {
	st := relational.SQL("DELETE FROM todo_entities WHERE scope = ? AND ", dialect{}.ScopeValues(s)[0])
	dialect{}.In(st, "todo", relational.Values(todos))
	_, err := st.Run(ctx, q)
	return err
}
