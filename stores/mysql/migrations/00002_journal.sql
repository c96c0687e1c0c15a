-- +goose Up

-- Writes under way and what became of them. lease_until is 0 while nobody has a lease. due_at is when somebody else may
-- take the saga over, NULL once it has ended.
CREATE TABLE IF NOT EXISTS sagas (
    id          VARCHAR(36)   NOT NULL,
    scope       CHAR(64)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    scope_key   VARCHAR(2300) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    operation   VARCHAR(255)  NOT NULL,
    state       VARCHAR(32)   NOT NULL,
    on_down     VARCHAR(32)   NOT NULL,
    steps       MEDIUMTEXT,
    nodes       MEDIUMTEXT,
    receipts    MEDIUMTEXT,
    problem     MEDIUMTEXT,
    claims      MEDIUMTEXT,
    attempts    INT           NOT NULL,
    not_before  BIGINT        NOT NULL,
    owner       VARCHAR(255),
    fence       INT           NOT NULL,
    lease_until BIGINT        NOT NULL,
    created_at  BIGINT        NOT NULL,
    updated_at  BIGINT        NOT NULL,
    due_at      BIGINT GENERATED ALWAYS AS (IF(state IN ('COMMITTED', 'COMPENSATED'), NULL, GREATEST(not_before, lease_until))) STORED,
    PRIMARY KEY (id),
    KEY sagas_by_creation (scope, created_at DESC, id),
    KEY sagas_due (due_at, updated_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

-- What the steps of unfinished sagas write.
CREATE TABLE IF NOT EXISTS saga_plans (
    saga VARCHAR(36) NOT NULL,
    plan LONGBLOB    NOT NULL,
    PRIMARY KEY (saga)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

-- What unfinished sagas keep others from touching.
CREATE TABLE IF NOT EXISTS saga_claims (
    scope CHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    claim VARCHAR(512) NOT NULL,
    saga  VARCHAR(36)  NOT NULL,
    PRIMARY KEY (scope, claim),
    KEY saga_claims_by_saga (saga)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

-- Events of committed writes. A saga has one of each node.
CREATE TABLE IF NOT EXISTS outbox (
    position  BIGINT        NOT NULL,
    scope     CHAR(64)      CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    scope_key VARCHAR(2300) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    saga      VARCHAR(36)   NOT NULL,
    type      VARCHAR(32)   NOT NULL,
    node_kind VARCHAR(32)   NOT NULL,
    node      VARCHAR(36)   NOT NULL,
    version   INT           NOT NULL,
    fields    MEDIUMTEXT,
    at        BIGINT        NOT NULL,
    PRIMARY KEY (position),
    UNIQUE KEY outbox_by_saga (saga, node, node_kind),
    KEY outbox_by_scope (scope, position),
    KEY outbox_by_age (at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;

-- The last position that was given away. Whoever gives away more locks it until its transaction ends, so that positions
-- are seen in their order.
CREATE TABLE IF NOT EXISTS outbox_end (
    only_one INT    NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (only_one)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 /*!80017 COLLATE = utf8mb4_0900_bin */ /*M! COLLATE = utf8mb4_nopad_bin */;
INSERT INTO outbox_end (only_one, position) VALUES (1, 0) ON DUPLICATE KEY UPDATE only_one = 1;

-- The write of an answer. MySQL adds no column on the condition that there is none.
SET @change = IF(EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'answers' AND column_name = 'saga'),
    'DO 0', 'ALTER TABLE answers ADD COLUMN saga VARCHAR(36), ADD KEY answers_by_saga (scope, saga)');
PREPARE change_table FROM @change;
EXECUTE change_table;
DEALLOCATE PREPARE change_table;

-- The version of the entity that a record is part of, and, while both parts change, the record of the version before.
SET @change = IF(EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'entity_records' AND column_name = 'version'),
    'DO 0', 'ALTER TABLE entity_records ADD COLUMN version INT NOT NULL DEFAULT 0, ADD COLUMN previous LONGTEXT');
PREPARE change_table FROM @change;
EXECUTE change_table;
DEALLOCATE PREPARE change_table;
