-- +goose Up

-- Writes under way and what became of them. lease_until is 0 while nobody has a lease. due_at is when somebody else may
-- take the saga over, NULL once it has ended.
CREATE TABLE sagas (
    id          TEXT    NOT NULL PRIMARY KEY,
    scope       TEXT    NOT NULL,
    operation   TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    on_down     TEXT    NOT NULL,
    steps       TEXT,
    nodes       TEXT,
    receipts    TEXT,
    problem     TEXT,
    claims      TEXT,
    attempts    INTEGER NOT NULL,
    not_before  INTEGER NOT NULL,
    owner       TEXT,
    fence       INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    due_at      INTEGER GENERATED ALWAYS AS (iif(state IN ('COMMITTED', 'COMPENSATED'), NULL, max(not_before, lease_until))) VIRTUAL
) STRICT;
CREATE INDEX sagas_by_creation ON sagas (scope, created_at DESC, id);
CREATE INDEX sagas_due ON sagas (due_at, updated_at);

-- What the steps of unfinished sagas write.
CREATE TABLE saga_plans (
    saga TEXT NOT NULL PRIMARY KEY,
    plan BLOB NOT NULL
) STRICT;

-- What unfinished sagas keep others from touching.
CREATE TABLE saga_claims (
    scope TEXT NOT NULL,
    claim TEXT NOT NULL,
    saga  TEXT NOT NULL,
    PRIMARY KEY (scope, claim)
) STRICT, WITHOUT ROWID;
CREATE INDEX saga_claims_by_saga ON saga_claims (saga);

-- Events of committed writes. A saga has one of each node.
CREATE TABLE outbox (
    position  INTEGER PRIMARY KEY,
    scope     TEXT    NOT NULL,
    saga      TEXT    NOT NULL,
    type      TEXT    NOT NULL,
    node_kind TEXT    NOT NULL,
    node      TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    fields    TEXT,
    at        INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX outbox_by_saga ON outbox (saga, node, node_kind);
CREATE INDEX outbox_by_scope ON outbox (scope, position);
CREATE INDEX outbox_by_age ON outbox (at);

-- The last position that was given away.
CREATE TABLE outbox_end (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
    position INTEGER NOT NULL
) STRICT;
INSERT INTO outbox_end (only_one, position) VALUES (1, 0);

-- The highest token that came with a write in the name of a saga.
CREATE TABLE fences (
    saga  TEXT    NOT NULL PRIMARY KEY,
    token INTEGER NOT NULL,
    at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX fences_by_age ON fences (at);

-- The write of an answer.
ALTER TABLE answers ADD COLUMN saga TEXT;
CREATE INDEX answers_by_saga ON answers (scope, saga) WHERE saga IS NOT NULL;

-- The version of the entity that a record is part of, and, while both parts change, the record of the version before.
ALTER TABLE entity_records ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entity_records ADD COLUMN previous TEXT;
