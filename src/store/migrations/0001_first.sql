-- The first schema. Blobs begin with the version of their form (src/store/stored). Record positions never appear here: systems and
-- fields are numbers that are given once and retired with the name, so a file may be reordered without a row being touched.

CREATE TABLE meta (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    instance TEXT NOT NULL,
    entity   INTEGER NOT NULL               -- next free entity id
);

CREATE TABLE lease (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    epoch      INTEGER NOT NULL,            -- grows with each holder; checked in every write transaction
    process    INTEGER,                     -- null: nobody holds it
    host       TEXT,
    since      INTEGER,
    renewed    INTEGER,
    lives      INTEGER                      -- milliseconds
);

CREATE TABLE mapping (
    id        INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE,
    epoch     INTEGER NOT NULL,             -- grows when the meaning of a cell changes; a link remembers the one it was written in
    adopted   INTEGER NOT NULL DEFAULT 0,
    indexed   INTEGER NOT NULL DEFAULT 0,   -- 0 until the first match is in: `linked` and `matched` are then filled in one sorted pass
    entities  INTEGER NOT NULL DEFAULT 0,
    waiting   INTEGER NOT NULL DEFAULT 0,
    conflicts INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE system (
    id         INTEGER PRIMARY KEY,         -- at most 65535: the low bits of a link's id
    mapping    INTEGER NOT NULL REFERENCES mapping (id),
    name       TEXT NOT NULL,
    connection TEXT NOT NULL,
    object     TEXT NOT NULL,
    retired    INTEGER NOT NULL DEFAULT 0,
    live       INTEGER NOT NULL DEFAULT 0   -- live links
);
CREATE UNIQUE INDEX system_name ON system (mapping, name) WHERE retired = 0;

CREATE TABLE field (
    mapping INTEGER NOT NULL REFERENCES mapping (id),
    number  INTEGER NOT NULL,
    name    TEXT NOT NULL,
    retired INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (mapping, number)
) WITHOUT ROWID;

CREATE TABLE cell (
    mapping INTEGER NOT NULL,
    field   INTEGER NOT NULL,
    system  INTEGER NOT NULL REFERENCES system (id),
    meaning INTEGER NOT NULL,
    since   INTEGER NOT NULL,               -- the mapping's epoch when this meaning began
    PRIMARY KEY (mapping, field, system),
    FOREIGN KEY (mapping, field) REFERENCES field (mapping, number)
) WITHOUT ROWID;

CREATE TABLE entity (
    id      INTEGER PRIMARY KEY,
    mapping INTEGER NOT NULL,
    closed  INTEGER NOT NULL,
    hub     BLOB NOT NULL,                  -- agreed values grouped by provenance
    keys    BLOB NOT NULL                   -- its match keys: rule and hash
);
CREATE INDEX entity_mapping ON entity (mapping);

CREATE TABLE alias (
    alias  INTEGER PRIMARY KEY,
    entity INTEGER NOT NULL
);

CREATE TABLE link (
    id       INTEGER PRIMARY KEY,           -- entity << 16 | system: an entity's links lie together and need no index
    state    INTEGER NOT NULL,              -- bits 0-1 the state, bit 2 has predecessors
    identity TEXT NOT NULL,
    key      TEXT,                          -- only if it differs from the identity
    more     BLOB NOT NULL                  -- version, times, flags, predecessors
);

CREATE TABLE shadow (
    link INTEGER PRIMARY KEY REFERENCES link (id) ON DELETE CASCADE,
    body BLOB NOT NULL                      -- only the fields that differ from the hub
);

CREATE TABLE linked (
    system   INTEGER NOT NULL,
    identity TEXT NOT NULL,
    entity   INTEGER NOT NULL,
    PRIMARY KEY (system, identity)          -- a double link is impossible, not unlikely
) WITHOUT ROWID;

CREATE TABLE matched (
    mapping INTEGER NOT NULL,
    hash    INTEGER NOT NULL,
    rule    INTEGER NOT NULL,
    target  INTEGER NOT NULL,               -- an entity, or a waiting record as -id
    PRIMARY KEY (mapping, hash, rule, target)
) WITHOUT ROWID;

CREATE TABLE waiting (
    id       INTEGER PRIMARY KEY,
    mapping  INTEGER NOT NULL,
    system   INTEGER NOT NULL,
    identity TEXT NOT NULL,
    key      TEXT NOT NULL,
    why      INTEGER NOT NULL,
    keys     BLOB NOT NULL,
    UNIQUE (system, identity)
);

CREATE TABLE touched (
    system     INTEGER NOT NULL,
    identity   TEXT NOT NULL,
    mapping    INTEGER NOT NULL,
    key        TEXT NOT NULL,
    why        INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    not_before INTEGER,
    PRIMARY KEY (system, identity)
) WITHOUT ROWID;
CREATE INDEX touched_seq ON touched (mapping, seq);

CREATE TABLE cursor (
    connection TEXT NOT NULL,
    object     TEXT NOT NULL,
    feed       INTEGER NOT NULL,
    place      TEXT NOT NULL,
    PRIMARY KEY (connection, object, feed)
) WITHOUT ROWID;

CREATE TABLE entry (
    id            INTEGER PRIMARY KEY,
    uuid          BLOB NOT NULL UNIQUE,
    mapping       INTEGER NOT NULL,
    entity        INTEGER NOT NULL,
    system        INTEGER NOT NULL,
    run           INTEGER NOT NULL,
    kind          INTEGER NOT NULL,         -- 0 create
    state         INTEGER NOT NULL,         -- below 5: open
    attempt       INTEGER NOT NULL,
    first_sent_at INTEGER,
    deadline      INTEGER,
    settled_at    INTEGER,
    answer        TEXT,
    body          BLOB NOT NULL
);
CREATE INDEX entry_open ON entry (mapping, entity) WHERE state < 5;

CREATE TABLE decided (
    entity INTEGER PRIMARY KEY,
    body   BLOB NOT NULL                    -- per field the last decision
);

CREATE TABLE conflict (
    id      INTEGER PRIMARY KEY,
    mapping INTEGER NOT NULL,
    entity  INTEGER NOT NULL,
    run     INTEGER NOT NULL,
    body    BLOB NOT NULL
);
CREATE INDEX conflict_mapping ON conflict (mapping);

CREATE TABLE review (
    id        INTEGER PRIMARY KEY,
    mapping   INTEGER NOT NULL,
    entity    INTEGER,
    closed    INTEGER NOT NULL DEFAULT 0,
    opened_at INTEGER NOT NULL,
    about     BLOB NOT NULL,
    answer    BLOB,
    answered_at INTEGER
);
CREATE INDEX review_open ON review (mapping, entity) WHERE closed = 0;

CREATE TABLE dead_letter (
    id      INTEGER PRIMARY KEY,
    mapping INTEGER NOT NULL,
    entity  INTEGER NOT NULL,
    system  INTEGER NOT NULL,
    entry   BLOB NOT NULL,
    at      INTEGER NOT NULL,
    closed  INTEGER NOT NULL DEFAULT 0,
    body    BLOB NOT NULL
);
CREATE INDEX dead_letter_open ON dead_letter (mapping, entity, system) WHERE closed = 0;

CREATE TABLE run (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    mapping    INTEGER NOT NULL,
    wake       INTEGER NOT NULL,
    state      INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    body       BLOB NOT NULL
);
CREATE INDEX run_mapping ON run (mapping);

CREATE TABLE inbox (
    id          INTEGER PRIMARY KEY,
    connection  TEXT NOT NULL,
    identity    TEXT NOT NULL,
    verified_by TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    feeds       TEXT NOT NULL,              -- objects to read because the delivery names no key, one a line
    UNIQUE (connection, identity)
);

CREATE TABLE subscription (
    connection TEXT NOT NULL,
    object     TEXT NOT NULL,
    state      TEXT NOT NULL,
    PRIMARY KEY (connection, object)
) WITHOUT ROWID;

CREATE TABLE account (
    connection TEXT PRIMARY KEY,
    account    TEXT NOT NULL
) WITHOUT ROWID;
