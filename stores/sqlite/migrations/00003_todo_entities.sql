-- +goose Up

-- Which todos are about an entity; kept in step with the list inside each todo.
CREATE TABLE todo_entities (
    scope  TEXT NOT NULL,
    entity TEXT NOT NULL,
    todo   TEXT NOT NULL,
    PRIMARY KEY (scope, entity, todo)
) STRICT, WITHOUT ROWID;
CREATE INDEX todo_entities_by_todo ON todo_entities (scope, todo);

INSERT INTO todo_entities (scope, entity, todo)
SELECT DISTINCT todos.scope, listed.value, todos.id FROM todos, json_each(todos.entities) AS listed;

-- +goose StatementBegin
CREATE TRIGGER todo_entities_insert AFTER INSERT ON todos BEGIN
    INSERT INTO todo_entities (scope, entity, todo) SELECT DISTINCT new.scope, value, new.id FROM json_each(new.entities);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER todo_entities_update AFTER UPDATE ON todos BEGIN
    DELETE FROM todo_entities WHERE scope = old.scope AND todo = old.id;
    INSERT INTO todo_entities (scope, entity, todo) SELECT DISTINCT new.scope, value, new.id FROM json_each(new.entities);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER todo_entities_delete AFTER DELETE ON todos BEGIN
    DELETE FROM todo_entities WHERE scope = old.scope AND todo = old.id;
END;
-- +goose StatementEnd
