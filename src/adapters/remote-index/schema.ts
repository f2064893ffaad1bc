/**
 * `cache/v1/remote.sqlite`: what this machine remembers of each remote. All of it can be asked again, so a
 * damaged or deleted file costs requests, never data. `user_version` counts the migrations that
 * were applied; a later one is added at the end, never changed.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE remotes (id INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE) STRICT;

  CREATE TABLE segments (
    id INTEGER PRIMARY KEY,
    remote INTEGER NOT NULL,
    name TEXT NOT NULL,
    -- JSON lists.
    supersedes TEXT NOT NULL,
    runs TEXT NOT NULL,
    UNIQUE (remote, name)
  ) STRICT;

  CREATE TABLE holders (
    id INTEGER PRIMARY KEY,
    segment INTEGER NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX holders_segment ON holders (segment);

  -- digest: the 32 bytes of a BLAKE3.
  CREATE TABLE objects (
    digest BLOB NOT NULL,
    holder INTEGER NOT NULL,
    at INTEGER NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (digest, holder)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX objects_holder ON objects (holder);

  -- Holders that a push began and no segment names yet. objects: JSON rows of hex, offset, size.
  CREATE TABLE begun (
    remote INTEGER NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    objects TEXT NOT NULL,
    acknowledged INTEGER NOT NULL,
    PRIMARY KEY (remote, name)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE sessions (remote INTEGER NOT NULL, name TEXT NOT NULL, uri TEXT NOT NULL,
    PRIMARY KEY (remote, name)) STRICT, WITHOUT ROWID;

  CREATE TABLE condemned (remote INTEGER NOT NULL, list TEXT NOT NULL, names TEXT NOT NULL,
    PRIMARY KEY (remote, list)) STRICT, WITHOUT ROWID;
  `,
];
