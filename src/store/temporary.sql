-- One run's working tables: private to the connection, never durable. A run that dies leaves nothing of them.

CREATE TEMP TABLE IF NOT EXISTS roster (
  person      TEXT NOT NULL PRIMARY KEY,
  fingerprint BLOB NOT NULL,
  record      TEXT                    -- the person; NULL when nothing changed since they were judged last
) STRICT, WITHOUT ROWID;

CREATE TEMP TABLE IF NOT EXISTS judged (
  person         TEXT NOT NULL PRIMARY KEY,
  user_name      TEXT NOT NULL,
  standing       TEXT NOT NULL,
  failure        TEXT,
  manager        TEXT,                -- the manager whose account this person's record waits for
  leaving        INTEGER,             -- whether they count as having left; NULL: it could not be told
  settled        INTEGER NOT NULL     -- nothing left to do once the planned change, if any, is done and the manager there
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS temp.judged_manager ON judged (manager) WHERE manager IS NOT NULL;

CREATE TEMP TABLE IF NOT EXISTS wanted_keys (
  attribute TEXT NOT NULL,
  value     TEXT NOT NULL,
  person    TEXT NOT NULL,
  PRIMARY KEY (attribute, value, person)
) STRICT, WITHOUT ROWID;

CREATE TEMP TABLE IF NOT EXISTS planned (
  person    TEXT NOT NULL PRIMARY KEY,
  kind      TEXT NOT NULL,
  cause     TEXT NOT NULL,
  operation TEXT NOT NULL,
  digest    TEXT NOT NULL,
  ask       INTEGER NOT NULL,         -- an adoption that needs somebody's word
  hold      TEXT,                     -- the objection's kind while it is judged; then the hold's id
  released  TEXT                      -- 'limits', or the id of the approved hold
) STRICT, WITHOUT ROWID;

CREATE TEMP TABLE IF NOT EXISTS listed (
  account TEXT NOT NULL PRIMARY KEY,
  record  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TEMP TABLE IF NOT EXISTS listed_keys (
  attribute TEXT NOT NULL,
  value     TEXT NOT NULL,
  account   TEXT NOT NULL,
  PRIMARY KEY (attribute, value, account)
) STRICT, WITHOUT ROWID;
