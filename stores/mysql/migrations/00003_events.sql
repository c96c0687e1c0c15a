-- +goose Up

-- Events of sagas about themselves: the state that one has come into, and what tells two of the same state apart.
SET @change = IF(EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'outbox' AND column_name = 'turn'),
    'DO 0', 'ALTER TABLE outbox ADD COLUMN state VARCHAR(16) NOT NULL DEFAULT \'\', ADD COLUMN turn INT NOT NULL DEFAULT 0, DROP KEY outbox_by_saga, ADD UNIQUE KEY outbox_by_saga (saga, node, node_kind, state, turn)');
PREPARE change_table FROM @change;
EXECUTE change_table;
DEALLOCATE PREPARE change_table;

-- The last position that was pruned.
SET @change = IF(EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'outbox_end' AND column_name = 'pruned'),
    'DO 0', 'ALTER TABLE outbox_end ADD COLUMN pruned BIGINT NOT NULL DEFAULT 0');
PREPARE change_table FROM @change;
EXECUTE change_table;
DEALLOCATE PREPARE change_table;
