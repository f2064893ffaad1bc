import { existsSync } from 'node:fs';
// Renamed: the bundle has `requireFrom(import.meta.url)` replaced by its own `require`.
import { createRequire as requireFrom } from 'node:module';
import type Sqlite from 'better-sqlite3';
import { fromRef, toRef, type Artifact, type ArtifactRef } from '../../model/artifact.ts';
import { parseDigest } from '../../model/names.ts';
import { hexOf } from './layout.ts';
import { COLUMNS, CTIME, type Snapshot } from './snapshot.ts';

/** Bumped when a row's meaning changes: everything in here can be computed again. */
export const VERSION = 2;

export interface Remembered {
  readonly artifact: Artifact;
  readonly snapshot: Snapshot;
  /** `Ignores.id` of then: the same files under other rules are other content. */
  readonly ignores?: string | undefined;
}

/**
 * `artifact, names, stats`. A directory's stats are its snapshot's bytes; those of a single file are
 * a JSON list, so that many files can be had as one text. As an array: better-sqlite3 compiles a
 * function to make an object.
 */
export type Row = readonly [artifact: string, names: string, stats: Buffer | string];

export interface StatDatabase {
  readonly database: Sqlite.Database;
  readonly select: Sqlite.Statement<[string], Row>;
  readonly selectDigests: Sqlite.Statement<[string, Buffer | string], readonly [digests: Buffer]>;
  readonly selectPaths: Sqlite.Statement<[string], { readonly path: string }>;
  readonly replace: Sqlite.Statement<[string, string, string, Buffer | string, Buffer]>;
  readonly begin: Sqlite.Statement<[]>;
  readonly commit: Sqlite.Statement<[]>;
  /** Changes when another process has written. */
  readonly version: Sqlite.Statement<[], number>;
}

/** Left alone: who goes back to an older avian for a day does not want to pay for it twice. */
export class NewerStatCache extends Error {
  readonly version: number;

  constructor(version: number) {
    super(`version ${version}`);
    this.version = version;
  }
}

/** Undefined when the file is an older version's. Throws NewerStatCache, or when it is no database. */
export function openDatabase(file: string): StatDatabase | undefined {
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
           stats ANY NOT NULL, digests BLOB NOT NULL
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
    // Lost rows are computed again, and the journal keeps the file consistent through a kill.
    database.pragma('synchronous = OFF');
    return {
      database,
      select: database
        .prepare<[string], Row>('SELECT artifact, names, stats FROM root WHERE path = ?')
        .raw(),
      // Apart: SQLite then never reads the pages that hold the digests of an unchanged root.
      selectDigests: database
        .prepare<[string, Buffer | string], readonly [digests: Buffer]>(
          // Another process may have replaced the row in between: its digests belong to other stats.
          'SELECT digests FROM root WHERE path = ? AND stats = ?',
        )
        .raw(),
      selectPaths: database.prepare(
        "SELECT path FROM root WHERE json_extract(artifact, '$.digest') = ?",
      ),
      replace: database.prepare('INSERT OR REPLACE INTO root VALUES (?, ?, ?, ?, ?)'),
      begin: database.prepare('BEGIN'),
      commit: database.prepare('COMMIT'),
      version: database.prepare<[], number>('PRAGMA data_version').pluck(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A row of `replace`. */
export function encodeRow(
  path: string,
  { artifact, snapshot, ignores }: Remembered,
): [string, string, string, Buffer | string, Buffer] {
  const { count, names, stats, digests } = snapshot;
  return [
    path,
    JSON.stringify({ ...toRef(artifact), ignores }),
    names.join('\0'),
    artifact.kind === 'blob'
      ? // NaN, an entry that was too young to be believed, is written as null.
        JSON.stringify([...stats.subarray(0, COLUMNS)])
      : Buffer.from(stats.buffer, stats.byteOffset, count * COLUMNS * 8),
    digests.subarray(0, count * 32),
  ];
}

export function decodeRow(
  [artifact, joined, stats]: Row,
  readDigests: () => Buffer | undefined,
): Remembered | undefined {
  const ref = parseRef(parseJson(artifact));
  if (ref === undefined) return undefined;
  if (typeof stats === 'string') {
    const stat = parseFileStat(parseJson(stats));
    return stat && decodeFile(ref, stat);
  }
  const names = joined.split('\0');
  const count = names.length;
  if (!Buffer.isBuffer(stats) || stats.length !== count * COLUMNS * 8) return undefined;
  let digests: Buffer | undefined;
  return {
    artifact: fromRef(ref),
    ignores: ref.ignores,
    snapshot: {
      count,
      names,
      // Copied: a Float64Array must start at a multiple of eight, which SQLite does not promise.
      stats: new Float64Array(new Uint8Array(stats).buffer),
      get digests() {
        digests ??= readDigests();
        if (digests?.length !== count * 32) throw new StaleRow();
        return digests;
      },
    },
  };
}

/** A row changed between its two reads; whoever reads starts again without it. */
export class StaleRow extends Error {}

/** What lstat said of a single file; null for what is not to be believed. */
type FileStat = readonly (number | null)[];

const FILE_NAMES: readonly string[] = [''];

function decodeFile(ref: StoredRef, stat: FileStat): Remembered {
  return {
    artifact: fromRef(ref),
    ignores: ref.ignores,
    snapshot: {
      count: 1,
      names: FILE_NAMES,
      stats: Float64Array.from(stat, (value) => value ?? NaN),
      get digests() {
        return Buffer.from(hexOf(ref.digest), 'hex');
      },
    },
  };
}

/** Every single file's row. One text for all: a row at a time costs ten times as much. */
export function readFiles({ database }: StatDatabase): Map<string, Remembered> {
  const text = database
    .prepare<[], string>(
      `SELECT json_group_array(json_array(path, json(artifact), json(stats)))
       FROM root WHERE typeof(stats) = 'text' AND json_valid(artifact) AND json_valid(stats)`,
    )
    .pluck()
    .get();
  const files = new Map<string, Remembered>();
  for (const [path, artifact, stats] of JSON.parse(text ?? '[]') as [string, unknown, unknown][]) {
    const ref = parseRef(artifact);
    const stat = parseFileStat(stats);
    if (ref !== undefined && stat !== undefined) files.set(path, decodeFile(ref, stat));
  }
  return files;
}

/** What was changed at or after `since` is read again at its next look; synced, as the mark that says so will be. */
export function forgetSince({ database }: StatDatabase, since: number): void {
  database.pragma('synchronous = FULL');
  const rows = database.prepare<[], { path: string; stats: Buffer | string }>(
    'SELECT path, stats FROM root',
  );
  const forget = database.prepare<[Buffer | string, string]>(
    'UPDATE root SET stats = ? WHERE path = ?',
  );
  database.transaction(() => {
    for (const { path, stats } of rows.all()) {
      const isText = typeof stats === 'string';
      const columns = isText
        ? Float64Array.from(parseFileStat(parseJson(stats)) ?? [], (value) => value ?? NaN)
        : new Float64Array(new Uint8Array(stats).buffer);
      let isChanged = false;
      for (let at = CTIME; at < columns.length; at += COLUMNS) {
        if ((columns[at] ?? 0) < since) continue;
        columns[at] = NaN;
        isChanged = true;
      }
      if (isChanged) {
        forget.run(isText ? JSON.stringify([...columns]) : Buffer.from(columns.buffer), path);
      }
    }
  })();
  database.pragma('synchronous = OFF');
}

// Undefined for bytes that are not what was written: SQLite keeps no checksum of them.

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type StoredRef = ArtifactRef & Pick<Remembered, 'ignores'>;

function parseRef(value: unknown): StoredRef | undefined {
  const ref = value as Partial<StoredRef> | null | undefined;
  const isRef = typeof ref?.digest === 'string' && parseDigest(ref.digest) === ref.digest;
  return isRef && Number.isSafeInteger(ref.size) ? (ref as StoredRef) : undefined;
}

const parseFileStat = (value: unknown): FileStat | undefined =>
  Array.isArray(value) &&
  value.length === COLUMNS &&
  value.every((item) => item === null || typeof item === 'number')
    ? (value as FileStat)
    : undefined;

/** As it will be read again, without what a snapshot under construction has to spare. */
export const compactFile = ({ artifact, snapshot, ignores }: Remembered): Remembered =>
  decodeFile({ ...toRef(artifact), ignores }, [...snapshot.stats.subarray(0, COLUMNS)]);
