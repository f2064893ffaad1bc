import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';

const RETRY_MS = 100;

/**
 * Runs `work` while nobody else does for this file: an exclusive SQLite transaction, so that a kill
 * releases it. Not the project's lock: `repro` holds that one while its `deploy` stage runs.
 * @throws the signal's reason when it aborts while waiting.
 */
export async function withLock<T>(
  path: string,
  options: { readonly signal: AbortSignal; readonly onWait: () => void },
  work: () => Promise<T>,
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  const database = new Database(path, { timeout: 0 });
  try {
    for (let waited = false; !tryBegin(database); waited = true) {
      options.signal.throwIfAborted();
      if (!waited) options.onWait();
      await sleep(RETRY_MS);
    }
    return await work();
  } finally {
    database.close();
  }
}

function tryBegin(database: Database.Database): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (cause) {
    if ((cause as { code?: string }).code === 'SQLITE_BUSY') return false;
    throw cause;
  }
}
