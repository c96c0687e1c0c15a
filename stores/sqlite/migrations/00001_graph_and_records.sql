-- The graph and the records. A scope is Scope.Key(); ids are canonical UUIDs; times are unix microseconds; lists and maps
-- are JSON. Optional texts, ids and lists are NULL when empty, so that filters can ask for null.

-- +goose Up

CREATE TABLE episodes (
    scope               TEXT    NOT NULL,
    id                  TEXT    NOT NULL,
    session_id          TEXT    NOT NULL,
    position            INTEGER NOT NULL,
    content             TEXT    NOT NULL,
    context             TEXT,
    context_project     TEXT,
    context_file        TEXT,
    context_tool        TEXT,
    context_git_branch  TEXT,
    outcome             TEXT    NOT NULL,
    timestamp           INTEGER NOT NULL,
    end_timestamp       INTEGER,
    ingested_at         INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    duration_ms         INTEGER,
    emotional_valence   REAL    NOT NULL,
    stability           REAL    NOT NULL,
    access_count        INTEGER NOT NULL,
    last_accessed_at    INTEGER NOT NULL,
    prediction_error    REAL,
    prediction_error_at INTEGER,
    capsule             TEXT,
    version             INTEGER NOT NULL,
    PRIMARY KEY (scope, id)
) STRICT;
CREATE INDEX episodes_by_timestamp ON episodes (scope, timestamp DESC, id);
CREATE INDEX episodes_by_session ON episodes (scope, session_id, position, id);

CREATE TABLE entities (
    scope            TEXT    NOT NULL,
    id               TEXT    NOT NULL,
    name             TEXT    NOT NULL,
    type             TEXT    NOT NULL,
    label            TEXT,
    summary          TEXT    NOT NULL,
    details          TEXT,
    source           TEXT,
    valid_from       INTEGER NOT NULL,
    valid_to         INTEGER,
    lineage          TEXT    NOT NULL,
    supersedes       TEXT,
    superseded_by    TEXT,
    stability        REAL    NOT NULL,
    access_count     INTEGER NOT NULL,
    last_accessed_at INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    version          INTEGER NOT NULL,
    PRIMARY KEY (scope, id)
) STRICT;
CREATE INDEX entities_by_name ON entities (scope, name, id);
CREATE INDEX entities_by_lineage ON entities (scope, lineage, valid_from, created_at, id);

CREATE TABLE mentions (
    scope   TEXT    NOT NULL,
    episode TEXT    NOT NULL,
    rank    INTEGER NOT NULL,
    entity  TEXT    NOT NULL,
    PRIMARY KEY (scope, episode, rank)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX mentions_by_entity ON mentions (scope, entity, episode);

CREATE TABLE procedures (
    scope             TEXT    NOT NULL,
    id                TEXT    NOT NULL,
    name              TEXT    NOT NULL,
    domain            TEXT    NOT NULL,
    trigger_pattern   TEXT,
    steps             TEXT,
    script            TEXT,
    success_rate      REAL    NOT NULL,
    execution_count   INTEGER NOT NULL,
    last_executed_at  INTEGER,
    deprecated        INTEGER NOT NULL,
    consolidated_into TEXT,
    created_from      TEXT    NOT NULL,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    version           INTEGER NOT NULL,
    PRIMARY KEY (scope, id)
) STRICT;
CREATE INDEX procedures_by_name ON procedures (scope, name, id);

-- A walk goes from a node along a type: relationships_by_source serves the way out and keeps edges unique,
-- relationships_by_target serves the way back.
CREATE TABLE relationships (
    scope             TEXT    NOT NULL,
    id                TEXT    NOT NULL,
    source            TEXT    NOT NULL,
    source_kind       TEXT    NOT NULL,
    type              TEXT    NOT NULL,
    label             TEXT    NOT NULL,
    target            TEXT    NOT NULL,
    target_kind       TEXT    NOT NULL,
    weight            REAL    NOT NULL,
    co_access_count   INTEGER NOT NULL,
    last_co_access_at INTEGER NOT NULL,
    valid_from        INTEGER NOT NULL,
    valid_to          INTEGER,
    metadata          TEXT,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    version           INTEGER NOT NULL,
    PRIMARY KEY (scope, id)
) STRICT;
CREATE UNIQUE INDEX relationships_by_source ON relationships (scope, source, type, label, target);
CREATE INDEX relationships_by_target ON relationships (scope, target, type, source, source_kind, id);
CREATE INDEX relationships_by_weight ON relationships (scope, weight DESC, id);
CREATE INDEX relationships_by_use ON relationships (scope, last_co_access_at);

CREATE TABLE entity_records (
    scope      TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    current    INTEGER NOT NULL,
    content    TEXT,
    keywords   TEXT,
    aliases    TEXT,
    metadata   TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (scope, id)
) STRICT;
CREATE UNIQUE INDEX entity_records_current ON entity_records (scope, name) WHERE current;
CREATE INDEX entity_records_by_name ON entity_records (scope, name, id);

CREATE TABLE profiles (
    scope      TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    content    TEXT    NOT NULL,
    summary    TEXT,
    keywords   TEXT,
    entities   TEXT,
    importance INTEGER NOT NULL,
    metadata   TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    PRIMARY KEY (scope),
    UNIQUE (scope, id)
) STRICT;

CREATE TABLE todos (
    scope          TEXT    NOT NULL,
    id             TEXT    NOT NULL,
    content        TEXT    NOT NULL,
    status         TEXT    NOT NULL,
    urgency        INTEGER NOT NULL,
    assignee       TEXT,
    reason         TEXT,
    start_time     INTEGER NOT NULL,
    end_time       INTEGER,
    completed_at   INTEGER,
    source_episode TEXT,
    entities       TEXT,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    PRIMARY KEY (scope, id)
) STRICT;
CREATE INDEX todos_by_urgency ON todos (scope, urgency DESC, created_at DESC, id);
CREATE INDEX todos_by_episode ON todos (scope, source_episode) WHERE source_episode IS NOT NULL;

CREATE TABLE answers (
    scope      TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    operation  TEXT    NOT NULL,
    request    TEXT    NOT NULL,
    response   BLOB,
    nodes      TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT;
CREATE INDEX answers_by_age ON answers (created_at);

-- Which answers hold content of a node.
CREATE TABLE answer_nodes (
    scope TEXT NOT NULL,
    node  TEXT NOT NULL,
    key   TEXT NOT NULL,
    PRIMARY KEY (scope, node, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX answer_nodes_by_key ON answer_nodes (scope, key);
