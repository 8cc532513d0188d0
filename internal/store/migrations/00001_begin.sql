-- +goose Up
-- One schema for SQLite and PostgreSQL: text, and 64-bit numbers. Times are microseconds since 1970, 0 for none;
-- switches are 0 or 1.

-- A finding as it stands. The states and what leads from one to another: life.go.
CREATE TABLE finding (
    id        TEXT   PRIMARY KEY,
    account   TEXT   NOT NULL,
    region    TEXT   NOT NULL,
    rule      TEXT   NOT NULL,
    kind      TEXT   NOT NULL, -- posture, real-time or cairn
    state     TEXT   NOT NULL,
    severity  BIGINT NOT NULL,
    version   BIGINT NOT NULL,
    count     BIGINT NOT NULL,
    opened    BIGINT NOT NULL,
    changed   BIGINT NOT NULL,
    resolved  BIGINT NOT NULL,
    quiet     BIGINT NOT NULL, -- when it resolves by itself, if nothing more is seen; 0 for never
    exception TEXT   NOT NULL, -- why it is accepted
    body      TEXT   NOT NULL  -- the finding as JSON
);
CREATE INDEX finding_quiet ON finding (quiet) WHERE quiet > 0;
CREATE INDEX finding_rule ON finding (account, rule);

-- What was told of each event, so that telling it again changes nothing.
CREATE TABLE line (
    finding  TEXT   NOT NULL,
    event    TEXT   NOT NULL,
    place    TEXT   NOT NULL, -- sorts the events of a finding as they happened
    at       BIGINT NOT NULL, -- when the event happened
    severity BIGINT NOT NULL, -- of the event alone
    body     TEXT   NOT NULL, -- the finding after it, as JSON
    PRIMARY KEY (finding, event)
);

-- What became of findings.
CREATE TABLE history (
    finding  TEXT   NOT NULL,
    version  BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    step     TEXT   NOT NULL,
    severity BIGINT NOT NULL,
    event    TEXT   NOT NULL, -- eventID, '' where none led to it
    actor    TEXT   NOT NULL,
    why      TEXT   NOT NULL,
    PRIMARY KEY (finding, version)
);

-- What a channel is owed of a finding, and what it shows.
CREATE TABLE delivery (
    finding        TEXT   NOT NULL,
    channel        TEXT   NOT NULL,
    owed           BIGINT NOT NULL, -- the version that it should show
    shown          BIGINT NOT NULL, -- the version that it shows; 0 for none
    shown_state    TEXT   NOT NULL,
    shown_severity BIGINT NOT NULL,
    shown_at       BIGINT NOT NULL,
    due            BIGINT NOT NULL,
    attempts       BIGINT NOT NULL,
    leased_until   BIGINT NOT NULL,
    leased_by      TEXT   NOT NULL,
    ref            TEXT   NOT NULL, -- the far end's name of it
    error          TEXT   NOT NULL,
    dead           BIGINT NOT NULL, -- 1: it will never be taken as it is
    PRIMARY KEY (finding, channel)
);
CREATE INDEX delivery_due ON delivery (channel, due) WHERE owed > shown AND dead = 0;

-- Channels that take nothing, since when and why.
CREATE TABLE channel (
    name   TEXT   PRIMARY KEY,
    since  BIGINT NOT NULL, -- of the first failure that no success followed
    closed BIGINT NOT NULL, -- when it was closed; 0: it is still tried
    error  TEXT   NOT NULL
);

-- The log: records that a detection looks at or that change a trail, as they came.
CREATE TABLE record (
    id      TEXT   PRIMARY KEY,
    at      BIGINT NOT NULL, -- when it happened
    arrived BIGINT NOT NULL,
    judged  BIGINT NOT NULL, -- when; 0: not yet
    kept    BIGINT NOT NULL, -- 1: a detection is met or a trail changed; 0: that may still come to light
    body    TEXT   NOT NULL
);
CREATE INDEX record_fresh ON record (arrived) WHERE judged = 0;
CREATE INDEX record_at ON record (kept, at);

-- The accounts as they were read last, and what sources know of where they are.
CREATE TABLE document (
    name  TEXT   PRIMARY KEY,
    saved BIGINT NOT NULL,
    body  TEXT   NOT NULL
);

-- Messages of queues and objects that nobody can read.
CREATE TABLE poison (
    id     TEXT   PRIMARY KEY,
    source TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    tries  BIGINT NOT NULL,
    error  TEXT   NOT NULL,
    body   TEXT   NOT NULL
);

CREATE TABLE silence (
    id      TEXT   PRIMARY KEY,
    matches TEXT   NOT NULL, -- which findings, as JSON
    begins  BIGINT NOT NULL,
    ends    BIGINT NOT NULL,
    owner   TEXT   NOT NULL,
    reason  TEXT   NOT NULL
);

-- When records of an account and Region arrived last, and how regularly they do.
CREATE TABLE pulse (
    account TEXT   NOT NULL,
    region  TEXT   NOT NULL,
    last    BIGINT NOT NULL,
    hours   BIGINT NOT NULL, -- in which some came, since the first
    first   BIGINT NOT NULL,
    PRIMARY KEY (account, region)
);

-- Who does what only one may do.
CREATE TABLE lease (
    name   TEXT   PRIMARY KEY,
    holder TEXT   NOT NULL,
    until  BIGINT NOT NULL
);

-- +goose Down
DROP TABLE lease;
DROP TABLE pulse;
DROP TABLE silence;
DROP TABLE poison;
DROP TABLE document;
DROP TABLE record;
DROP TABLE channel;
DROP TABLE delivery;
DROP TABLE history;
DROP TABLE line;
DROP TABLE finding;
