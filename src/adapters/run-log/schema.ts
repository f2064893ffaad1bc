import type { Database } from 'better-sqlite3';

/**
 * `cache/v1/lineage.sqlite`: an index over the records, rebuilt from them when lost. `user_version`
 * counts the migrations that were applied; a later one is added at the end, never changed.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE runs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    stage TEXT NOT NULL,
    attempt TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    succeeded INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    duration_ms REAL NOT NULL,
    host TEXT NOT NULL,
    commit_id TEXT,
    -- 0 until the record's file is written: a kill between the two is made good at the next open.
    stored INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX runs_fingerprint ON runs (fingerprint, succeeded, started_ms);
  CREATE INDEX runs_stage ON runs (stage, started_ms);
  CREATE INDEX runs_attempt ON runs (attempt);
  CREATE INDEX runs_unstored ON runs (seq) WHERE stored = 0;

  CREATE TABLE inputs (run INTEGER NOT NULL, path TEXT NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (run, path)) STRICT, WITHOUT ROWID;
  CREATE INDEX inputs_digest ON inputs (digest);
  CREATE INDEX inputs_path ON inputs (path);

  CREATE TABLE outputs (run INTEGER NOT NULL, path TEXT NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (run, path)) STRICT, WITHOUT ROWID;
  CREATE INDEX outputs_digest ON outputs (digest);
  CREATE INDEX outputs_path ON outputs (path);

  -- The value as JSON.
  CREATE TABLE params (run INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (run, key)) STRICT, WITHOUT ROWID;
  CREATE INDEX params_key ON params (key);

  CREATE TABLE metrics (run INTEGER NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (run, path, name)) STRICT, WITHOUT ROWID;
  CREATE INDEX metrics_name ON metrics (name);

  CREATE TABLE artifacts (digest TEXT PRIMARY KEY, kind TEXT NOT NULL, size INTEGER NOT NULL,
    files INTEGER) STRICT, WITHOUT ROWID;

  CREATE TABLE deployments (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    revision TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX deployments_name ON deployments (name, started_ms);
  CREATE INDEX deployments_unstored ON deployments (seq) WHERE stored = 0;
  `,
];

/** The version of a database, before anything is changed in it. */
export const versionOf = (db: Database): number =>
  Number(db.pragma('user_version', { simple: true }));

/** Brings a database up to date; the caller holds a transaction. */
export function migrate(db: Database): void {
  // The version is asked inside the transaction: another process may have been faster.
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index >= versionOf(db)) db.exec(`${sql}; PRAGMA user_version = ${index + 1}`);
  }
}
