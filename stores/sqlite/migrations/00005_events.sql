-- +goose Up

-- Events of sagas about themselves: the state that one has come into, and what tells two of the same state apart.
ALTER TABLE outbox ADD COLUMN state TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
DROP INDEX outbox_by_saga;
CREATE UNIQUE INDEX outbox_by_saga ON outbox (saga, node, node_kind, state, turn);

-- The last position that was pruned.
ALTER TABLE outbox_end ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;
