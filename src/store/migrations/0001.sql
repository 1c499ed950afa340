-- Version 1. One database per customer; one writer at a time.

-- Facts about this state itself: what it is bound to, which configuration was reviewed.
CREATE TABLE meta (
  key   TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  trigger     TEXT NOT NULL,          -- a slot, or the command that asked for the run
  stage       TEXT NOT NULL,
  started_at  TEXT NOT NULL,
  finished_at TEXT,
  result      TEXT,                   -- NULL while it runs, and for ever if the process died
  report      TEXT CHECK (report IS NULL OR json_valid(report))
) STRICT;

-- What was concluded about each person of the last rosters.
CREATE TABLE people (
  person         TEXT NOT NULL PRIMARY KEY,
  user_name      TEXT NOT NULL,
  fingerprint    BLOB,                -- of the read and the configuration that left nothing to do; NULL: judge again
  standing       TEXT NOT NULL,       -- in_scope, out_of_scope, not_eligible, waiting, failing, leaving
  since          TEXT NOT NULL,
  leaving_since  TEXT,                -- they have counted as having left since then, whatever was held or failed
  failure        TEXT CHECK (failure IS NULL OR json_valid(failure)),
  attempts       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Per person: the account, and the attributes last sent successfully.
CREATE TABLE snapshot (
  person     TEXT NOT NULL PRIMARY KEY,
  account    TEXT NOT NULL UNIQUE,
  user_name  TEXT NOT NULL,
  active     INTEGER NOT NULL CHECK (active IN (0, 1)),
  attributes TEXT NOT NULL CHECK (json_valid(attributes)),
  echo       TEXT,                    -- what the target answered, for drift
  origin     TEXT NOT NULL,           -- created or adopted
  updated_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX snapshot_active ON snapshot (active);

-- By which values the accounts of the snapshot are recognised; folded for comparison.
CREATE TABLE snapshot_keys (
  attribute TEXT NOT NULL,
  value     TEXT NOT NULL,
  person    TEXT NOT NULL REFERENCES snapshot (person) ON DELETE CASCADE,
  PRIMARY KEY (attribute, value, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX snapshot_keys_person ON snapshot_keys (person);

-- The journal: an operation is here, committed, before its first byte is sent.
CREATE TABLE operations (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  run        INTEGER NOT NULL REFERENCES runs (id),
  person     TEXT NOT NULL,
  kind       TEXT NOT NULL,
  cause      TEXT NOT NULL,
  phase      INTEGER NOT NULL,
  operation  TEXT NOT NULL CHECK (json_valid(operation)),
  state      TEXT NOT NULL CHECK (state IN ('planned', 'in_flight', 'done', 'failed', 'void')),
  hold       TEXT,                    -- the hold whose approval released it; NULL: within the limits
  part_of    INTEGER REFERENCES operations (id) ON DELETE SET NULL, -- a reference that belongs to a create of the same run
  settled_at TEXT,
  told_in    INTEGER REFERENCES runs (id) -- the run whose report counts it; NULL: no report does yet
) STRICT;
CREATE INDEX operations_planned ON operations (run, phase, id) WHERE state = 'planned';
CREATE INDEX operations_in_flight ON operations (id) WHERE state = 'in_flight';
CREATE INDEX operations_run ON operations (run, person);
CREATE INDEX operations_untold ON operations (person) WHERE told_in IS NULL;
CREATE INDEX operations_counted ON operations (settled_at, kind, cause)
  WHERE state = 'done' AND hold IS NULL AND part_of IS NULL;

-- The audit trail: append-only; what happened, to whom, from what to what, why, with what answer, by whom.
CREATE TABLE audit (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  at         TEXT NOT NULL,
  run        INTEGER,
  event      TEXT NOT NULL,           -- done, failed, void, held, approved, rebound
  person     TEXT,
  user_name  TEXT,
  account    TEXT,
  change     TEXT,
  cause      TEXT,
  attributes TEXT CHECK (attributes IS NULL OR json_valid(attributes)),
  answer     TEXT CHECK (answer IS NULL OR json_valid(answer)),
  note       TEXT,                    -- a reason, or who approved and why
  operation  INTEGER
) STRICT;
CREATE INDEX audit_person ON audit (person);
CREATE INDEX audit_run ON audit (run);

-- Changes waiting for approval, one row per objection.
CREATE TABLE holds (
  id            TEXT NOT NULL PRIMARY KEY,
  kind          TEXT NOT NULL,
  run           INTEGER NOT NULL,
  report        TEXT NOT NULL CHECK (json_valid(report)),
  configuration TEXT NOT NULL,        -- the fingerprint of what is sent, when it was held
  created_at    TEXT NOT NULL,
  state         TEXT NOT NULL CHECK (state IN ('open', 'approved', 'closed')),
  approved_at   TEXT,
  approved_by   TEXT,
  why           TEXT
) STRICT, WITHOUT ROWID;

-- Exactly what a hold holds: a person and the digest of the change.
CREATE TABLE hold_pairs (
  hold        TEXT NOT NULL REFERENCES holds (id) ON DELETE CASCADE,
  person      TEXT NOT NULL,
  digest      TEXT NOT NULL,
  approved_at TEXT,
  PRIMARY KEY (hold, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX hold_pairs_approved ON hold_pairs (person, digest) WHERE approved_at IS NOT NULL;

-- Changes that an approval of their hold left out: held until they have a word of their own, or are no longer due.
CREATE TABLE declined (
  person TEXT NOT NULL,
  digest TEXT NOT NULL,
  kind   TEXT NOT NULL,
  PRIMARY KEY (person, digest)
) STRICT, WITHOUT ROWID;

-- How many of the people on the last complete roster had each attribute.
CREATE TABLE attribute_counts (
  attribute TEXT NOT NULL PRIMARY KEY,
  people    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Slots that were run or deliberately passed over, so that each runs at most once.
CREATE TABLE slots (
  slot       TEXT NOT NULL PRIMARY KEY,
  claimed_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What is wrong, from the first notice to the recovery.
CREATE TABLE incidents (
  key      TEXT NOT NULL PRIMARY KEY,
  incident TEXT NOT NULL CHECK (json_valid(incident)) -- with what was last told of it, and when
) STRICT, WITHOUT ROWID;

-- Outgoing mail: written with what it tells of, sent from here until SMTP has taken it.
CREATE TABLE mails (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id   TEXT NOT NULL UNIQUE,
  run          INTEGER,
  recipient    TEXT NOT NULL,
  subject      TEXT NOT NULL,
  text         TEXT NOT NULL,
  html         TEXT NOT NULL,
  created_at   TEXT NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'refused')),
  attempts     INTEGER NOT NULL DEFAULT 0,
  next_attempt TEXT NOT NULL,
  last_error   TEXT,
  settled_at   TEXT
) STRICT;
CREATE INDEX mails_waiting ON mails (next_attempt) WHERE state = 'waiting';
