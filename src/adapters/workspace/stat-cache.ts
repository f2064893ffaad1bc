import { existsSync, mkdirSync, rmSync } from 'node:fs';
// Renamed: the bundle has `requireFrom(import.meta.url)` replaced by its own `require`.
import { createRequire as requireFrom } from 'node:module';
import { dirname } from 'node:path';
import type Sqlite from 'better-sqlite3';
import { fromRef, toRef, type Artifact, type ArtifactRef } from '../../model/artifact.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { parseDigest, type Digest } from '../../model/names.ts';
import type { BootMark } from './boot.ts';
import { COLUMNS, CTIME, type Snapshot } from './snapshot.ts';

/** Bumped when a row's meaning changes: everything in here can be computed again. */
const VERSION = 1;

export interface Remembered {
  readonly artifact: Artifact;
  readonly snapshot: Snapshot;
  /** `Ignores.id` of then: the same files under other rules are other content. */
  readonly ignores?: string | undefined;
}

/**
 * Which content a path had when lstat said what it said. One compact row a digested path, so that
 * a no-op of 10,000 files reads one row. Never the reason why something fails: an unreadable or
 * older database is thrown away, one of a newer avian or one that cannot be written is done without.
 */
export interface StatCache {
  read(path: string): Remembered | undefined;
  /** Paths that had content with this digest when they were last looked at. */
  pathsOf(digest: Digest): readonly string[];
  write(path: string, remembered: Remembered): void;
  close(): void;
}

/** `artifact, names, stats`. As an array: better-sqlite3 compiles a function to make an object. */
type Row = readonly [artifact: string, names: string, stats: Buffer];

interface Open {
  readonly database: Sqlite.Database;
  readonly select: Sqlite.Statement<[string], Row>;
  readonly selectDigests: Sqlite.Statement<[string], readonly [digests: Buffer]>;
  readonly selectPaths: Sqlite.Statement<[string], { readonly path: string }>;
  readonly replace: Sqlite.Statement<[string, string, string, Buffer, Buffer]>;
}

export function openStatCache(
  file: string,
  boot: BootMark,
  report: (diagnostic: Diagnostic) => void = () => undefined,
): StatCache {
  let state: Open | 'closed' | 'unusable' = 'closed';
  let isMarked = false;

  /** Opens at the first use; for reading only if it exists, so that asking creates nothing. */
  const open = (purpose: 'read' | 'write'): Open | undefined => {
    if (state === 'unusable') return undefined;
    if (state !== 'closed') return state;
    if (purpose === 'read' && !existsSync(file)) return undefined;
    try {
      state = openDatabase(file) ?? startOver();
      const since = boot.unsettledSince();
      if (since !== undefined) {
        forgetSince(state.database, since);
        boot.settled();
      }
    } catch (error) {
      if (error instanceof NewerStatCache) {
        report(newer(file, error.version));
        state = 'unusable';
        return undefined;
      }
      try {
        state = startOver();
      } catch {
        state = 'unusable';
        return undefined;
      }
    }
    return state;
  };

  const startOver = (): Open => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
    mkdirSync(dirname(file), { recursive: true });
    const fresh = openDatabase(file);
    if (fresh === undefined) throw new Error(`bug: a new ${file} has another version`);
    return fresh;
  };

  /** Runs a query; a damaged database is dropped and asked no more by this process. */
  const guarded = <T>(query: () => T): T | undefined => {
    try {
      return query();
    } catch (error) {
      if (!isDamage(error)) return undefined;
      if (typeof state === 'object') state.database.close();
      state = 'unusable';
      for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
      return undefined;
    }
  };

  return {
    read(path) {
      const found = open('read');
      if (found === undefined) return undefined;
      const row = guarded(() => found.select.get(path));
      return row && decode(row, () => guarded(() => found.selectDigests.get(path))?.[0]);
    },
    pathsOf(digest) {
      const found = open('read');
      return found === undefined
        ? []
        : (guarded(() => found.selectPaths.all(digest)) ?? []).map(({ path }) => path);
    },
    write(path, { artifact, snapshot, ignores }) {
      const found = open('write');
      if (found === undefined) return;
      const { count, names, stats, digests } = snapshot;
      guarded(() => {
        if (!isMarked) boot.beforeWrite();
        isMarked = true;
        found.replace.run(
          path,
          JSON.stringify({ ...toRef(artifact), ignores }),
          names.join('\0'),
          Buffer.from(stats.buffer, stats.byteOffset, count * COLUMNS * 8),
          digests.subarray(0, count * 32),
        );
      });
    },
    close() {
      if (typeof state === 'object') state.database.close();
      state = 'closed';
    },
  };
}

/** Undefined when the file is another version's. Throws when it is no database. */
function openDatabase(file: string): Open | undefined {
  const isNew = !existsSync(file);
  const Database = requireFrom(import.meta.url)('better-sqlite3') as typeof Sqlite;
  const database = new Database(file, { timeout: 2000 });
  try {
    if (isNew) {
      // Not WAL: its two files would be made and removed by every no-op, which writes nothing else.
      database.pragma('journal_mode = TRUNCATE');
      database.exec(
        `BEGIN IMMEDIATE;
         CREATE TABLE IF NOT EXISTS root (
           path TEXT PRIMARY KEY, artifact TEXT NOT NULL, names TEXT NOT NULL,
           stats BLOB NOT NULL, digests BLOB NOT NULL
         ) STRICT;
         PRAGMA user_version = ${VERSION};
         COMMIT;`,
      );
    }
    const version = Number(database.pragma('user_version', { simple: true }));
    if (version > VERSION) throw new NewerStatCache(version);
    if (version !== VERSION) {
      database.close();
      return undefined;
    }
    // Lost rows are computed again, and WAL keeps the file consistent through a kill.
    database.pragma('synchronous = OFF');
    return {
      database,
      select: database
        .prepare<[string], Row>('SELECT artifact, names, stats FROM root WHERE path = ?')
        .raw(),
      // Apart: SQLite then never reads the pages that hold the digests of an unchanged root.
      selectDigests: database
        .prepare<[string], readonly [digests: Buffer]>('SELECT digests FROM root WHERE path = ?')
        .raw(),
      selectPaths: database.prepare(
        "SELECT path FROM root WHERE json_extract(artifact, '$.digest') = ?",
      ),
      replace: database.prepare('INSERT OR REPLACE INTO root VALUES (?, ?, ?, ?, ?)'),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** What was changed at or after `since` is read again at its next look; synced, as the mark that says so will be. */
function forgetSince(database: Sqlite.Database, since: number): void {
  database.pragma('synchronous = FULL');
  const rows = database.prepare<[], { path: string; stats: Buffer }>(
    'SELECT path, stats FROM root',
  );
  const forget = database.prepare<[Buffer, string]>('UPDATE root SET stats = ? WHERE path = ?');
  database.transaction(() => {
    for (const { path, stats: bytes } of rows.all()) {
      const stats = new Float64Array(new Uint8Array(bytes).buffer);
      let isChanged = false;
      for (let at = CTIME; at < stats.length; at += COLUMNS) {
        if ((stats[at] ?? 0) < since) continue;
        stats[at] = NaN;
        isChanged = true;
      }
      if (isChanged) forget.run(Buffer.from(stats.buffer), path);
    }
  })();
  database.pragma('synchronous = OFF');
}

function decode(
  [artifact, joined, bytes]: Row,
  readDigests: () => Buffer | undefined,
): Remembered | undefined {
  const names = joined.split('\0');
  const count = names.length;
  if (!Buffer.isBuffer(bytes) || bytes.length !== count * COLUMNS * 8) return undefined;
  // Copied: a Float64Array must start at a multiple of eight, which SQLite does not promise.
  const stats = new Float64Array(new Uint8Array(bytes).buffer);
  let digests: Buffer | undefined;
  const ref = parseRef(artifact);
  if (ref === undefined) return undefined;
  return {
    artifact: fromRef(ref),
    ignores: ref.ignores,
    snapshot: {
      count,
      names,
      stats,
      get digests() {
        digests ??= readDigests();
        // Another process replaced the row in between: zeros would be taken for digests.
        if (digests?.length !== count * 32) throw new StaleRow();
        return digests;
      },
    },
  };
}

/** Undefined for bytes that are not what was written: SQLite keeps no checksum of them. */
function parseRef(text: string): (ArtifactRef & Pick<Remembered, 'ignores'>) | undefined {
  try {
    const ref = JSON.parse(text) as Partial<ArtifactRef> | null;
    const isRef = typeof ref?.digest === 'string' && parseDigest(ref.digest) === ref.digest;
    return isRef && Number.isSafeInteger(ref.size)
      ? (ref as ReturnType<typeof parseRef>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Left alone: who goes back to an older avian for a day does not want to pay for it twice. */
class NewerStatCache extends Error {
  readonly version: number;

  constructor(version: number) {
    super(`version ${version}`);
    this.version = version;
  }
}

const newer = (file: string, version: number): Diagnostic => ({
  severity: 'warning',
  code: 'stat/newer',
  message: `${file} was written by a newer avian (version ${version}, this one knows ${VERSION}), so files are read again each time`,
  hint: 'use that avian, or a later one; or delete the file: it is made anew',
});

/** A row changed between its two reads; whoever reads starts again without it. */
export class StaleRow extends Error {}

const isDamage = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'SQLITE_CORRUPT' ||
    error.code === 'SQLITE_NOTADB' ||
    String(error.code).startsWith('SQLITE_IOERR'));
