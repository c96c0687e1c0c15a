-- The records. Rows are found by scope, SHA2(scope_key, 256), since scope_key, which is Scope.Key(), may be longer than an
-- index. Ids are canonical UUIDs; times are unix microseconds; lists and maps are JSON, kept as it was written. Optional
-- texts, ids and lists are NULL when empty, so that filters can ask for null.
--
-- Texts are compared by their bytes, trailing blanks included. Each product has a collation for that, and reads it from
-- the comment that is meant for it. Every statement may be run again: the servers commit each by itself.

-- +goose Up

CREATE TABLE IF NOT EXISTS entity_records (
    scope        CHAR(64)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    scope_key    VARCHAR(2300) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    id           VARCHAR(36)   NOT NULL,
    name         VARCHAR(255)  NOT NULL,
    current      BOOLEAN       NOT NULL,
    content      MEDIUMTEXT,
    keywords     MEDIUMTEXT,
    aliases      MEDIUMTEXT,
    metadata     LONGTEXT,
    created_at   BIGINT        NOT NULL,
    updated_at   BIGINT        NOT NULL,
    -- A name has one current record, and any number of others.
    current_name VARCHAR(255) GENERATED ALWAYS AS (IF(current, name, NULL)) STORED,
    PRIMARY KEY (scope, id),
    UNIQUE KEY entity_records_current (scope, current_name),
    KEY entity_records_by_name (scope, name, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

CREATE TABLE IF NOT EXISTS profiles (
    scope      CHAR(64)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    scope_key  VARCHAR(2300) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    id         VARCHAR(36)   NOT NULL,
    content    MEDIUMTEXT    NOT NULL,
    summary    TEXT,
    keywords   MEDIUMTEXT,
    entities   MEDIUMTEXT,
    importance INT           NOT NULL,
    metadata   LONGTEXT,
    created_at BIGINT        NOT NULL,
    updated_at BIGINT        NOT NULL,
    version    INT           NOT NULL,
    PRIMARY KEY (scope)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

CREATE TABLE IF NOT EXISTS todos (
    scope          CHAR(64)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    scope_key      VARCHAR(2300) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    id             VARCHAR(36)   NOT NULL,
    content        MEDIUMTEXT    NOT NULL,
    status         VARCHAR(32)   NOT NULL,
    urgency        INT           NOT NULL,
    assignee       VARCHAR(255),
    reason         TEXT,
    start_time     BIGINT        NOT NULL,
    end_time       BIGINT,
    completed_at   BIGINT,
    source_episode VARCHAR(36),
    entities       MEDIUMTEXT,
    created_at     BIGINT        NOT NULL,
    updated_at     BIGINT        NOT NULL,
    version        INT           NOT NULL,
    PRIMARY KEY (scope, id),
    KEY todos_by_urgency (scope, urgency DESC, created_at DESC, id),
    KEY todos_by_episode (scope, source_episode)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

-- Which todos are about an entity; kept in step with the list inside each todo.
CREATE TABLE IF NOT EXISTS todo_entities (
    scope  CHAR(64)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    entity VARCHAR(36) NOT NULL,
    todo   VARCHAR(36) NOT NULL,
    PRIMARY KEY (scope, entity, todo),
    KEY todo_entities_by_todo (scope, todo)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

CREATE TABLE IF NOT EXISTS answers (
    scope      CHAR(64)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    scope_key  VARCHAR(2300) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    `key`      VARCHAR(255)  NOT NULL,
    operation  VARCHAR(255)  NOT NULL,
    request    VARCHAR(255)  NOT NULL,
    response   LONGBLOB,
    nodes      MEDIUMTEXT,
    created_at BIGINT        NOT NULL,
    PRIMARY KEY (scope, `key`),
    KEY answers_by_age (created_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

-- Which answers hold content of a node.
CREATE TABLE IF NOT EXISTS answer_nodes (
    scope CHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    node  VARCHAR(36)  NOT NULL,
    `key` VARCHAR(255) NOT NULL,
    PRIMARY KEY (scope, node, `key`),
    KEY answer_nodes_by_key (scope, `key`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;
