import type { Database } from 'better-sqlite3';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { problem } from '../../model/diagnostic.ts';
import { ProblemError } from '../../model/problem-error.ts';
import { MIGRATIONS } from './schema.ts';

/**
 * Opens the memory of remotes; one that is damaged, or of a newer avian, is thrown away: it only saves
 * requests.
 * @throws ProblemError `remote/memory-unavailable`
 */
export async function openDatabase(path: string): Promise<Database> {
  try {
    return await tryToOpen(path);
  } catch (error) {
    if (!/^SQLITE_(?:CORRUPT|NOTADB)|newer/.test(codeOf(error))) throw explained(path, error);
  }
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  try {
    return await tryToOpen(path);
  } catch (error) {
    throw explained(path, error);
  }
}

async function tryToOpen(path: string): Promise<Database> {
  const { default: Sqlite } = await import('better-sqlite3');
  mkdirSync(dirname(path), { recursive: true });
  const db = new Sqlite(path, { timeout: 10_000 });
  try {
    const version = (): number => Number(db.pragma('user_version', { simple: true }));
    if (version() > MIGRATIONS.length) throw Object.assign(new Error('newer'), { code: 'newer' });
    db.pragma('journal_mode = WAL');
    db.transaction(() => {
      for (const [index, sql] of MIGRATIONS.entries()) {
        if (index >= version()) db.exec(`${sql}; PRAGMA user_version = ${index + 1}`);
      }
    }).immediate();
    db.pragma('synchronous = NORMAL');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

function explained(path: string, error: unknown): Error {
  if (error instanceof Error && !/^(?:E[A-Z]+|SQLITE_\w+)$/.test(codeOf(error))) return error;
  const cause = error instanceof Error ? error.message : String(error);
  const message = `${path} cannot be read or written: ${cause}`;
  return new ProblemError(problem('remote', 'remote/memory-unavailable', message), {
    cause: error,
  });
}
