import { mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { problem } from '../../model/diagnostic.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { ProblemError } from '../../model/problem-error.ts';
import { DamagedIndex, LineageIndex } from './lineage-index.ts';
import { MIGRATIONS, migrate, versionOf } from './schema.ts';

interface OpenOptions {
  /** The database's file. */
  readonly path: string;
  /** Fills an empty index from the records. */
  readonly fill: (index: LineageIndex) => void;
  readonly report: (diagnostic: Diagnostic) => void;
  readonly hash: (text: string) => string;
}

/** Opens the index; makes it when there is none, and anew when it is damaged. */
export async function openIndex(options: OpenOptions): Promise<LineageIndex> {
  try {
    return await tryToOpen(options);
  } catch (error) {
    if (!isDamage(error)) throw explained(error);
    setAside(options);
    return await tryToOpen(options);
  }
}

async function tryToOpen({ path, fill, hash }: OpenOptions): Promise<LineageIndex> {
  // Loaded here: its native part costs some milliseconds, which `--help` should not pay.
  const { default: Database } = await import('better-sqlite3');
  mkdirSync(dirname(path), { recursive: true });
  const db = new Database(path, { timeout: 10_000 });
  try {
    const version = versionOf(db);
    if (version > MIGRATIONS.length) throw newer(path, version);
    const index = new LineageIndex(db, hash);
    if (version === 0) {
      db.pragma('journal_mode = WAL');
      // In one transaction with the schema: an index killed while it is filled is no index yet.
      index.atomically(() => {
        migrate(db);
        fill(index);
      });
    } else if (version < MIGRATIONS.length) {
      index.atomically(() => migrate(db));
    }
    // A power cut may take the last runs from the index; `unstored` and `rebuild` bring them back.
    db.pragma('synchronous = NORMAL');
    return index;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Moves a damaged index away, for whoever wants to look at it, and says so. */
export function setAside({ path, report }: Pick<OpenOptions, 'path' | 'report'>): void {
  const kept = `${path}.damaged-${Date.now()}`;
  // Its write-ahead log goes with it: beside another database it would be read as that one's.
  for (const suffix of ['-wal', '-shm', '']) {
    try {
      renameSync(`${path}${suffix}`, `${kept}${suffix}`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw explained(error);
    }
  }
  report({
    severity: 'warning',
    code: 'lineage/rebuilt',
    message: `the lineage index was damaged; it is made anew from the run records`,
    hint: `the damaged file is kept as ${kept}`,
  });
}

/** True when SQLite found bytes that cannot be its own. */
export const isDamage = (error: unknown): boolean =>
  error instanceof DamagedIndex ||
  codeOf(error).startsWith('SQLITE_CORRUPT') ||
  codeOf(error) === 'SQLITE_NOTADB';

/** What the world did (a full disk, a folder that may not be written) in words; bugs as they are. */
export function explained(error: unknown): Error {
  const worldly = /^(?:E[A-Z]+|SQLITE_(?:BUSY|CANTOPEN|FULL|IOERR|LOCKED|NOLFS|PERM|READONLY).*)$/;
  if (error instanceof Error && !worldly.test(codeOf(error))) return error;
  const cause = error instanceof Error ? error.message : String(error);
  const message = `the lineage cannot be read or written: ${cause}`;
  return new ProblemError(problem('stage', 'lineage/unavailable', message), { cause: error });
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

const newer = (path: string, version: number): ProblemError =>
  new ProblemError(
    problem(
      'pipeline',
      'lineage/newer',
      `${path} was written by a newer avian (version ${version}, this one knows ${MIGRATIONS.length})`,
      'use that avian, or a later one; or move the file away: an index is made anew from the records',
    ),
  );
