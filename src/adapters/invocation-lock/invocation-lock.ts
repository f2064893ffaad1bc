import { mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from 'better-sqlite3';
import { problem } from '../../model/diagnostic.ts';
import { isJsonObject } from '../../model/json.ts';
import { ProblemError } from '../../model/problem-error.ts';
import type { InvocationLock, LockHolder } from '../../ports/invocation-lock.ts';

export interface InvocationLockOptions {
  /** `cache/v1`. */
  readonly cache: string;
  /** For the message to whoever waits. */
  readonly pid: number;
  readonly host: string;
}

/** How often a waiting avian asks again. */
const ASK_EVERY_MS = 50;

/**
 * One writer at a time, by an exclusive transaction on `<cache>/lock.sqlite`: the system lets go of
 * it when its process ends in whatever way, so nobody ever has to delete a lock. Nothing is written
 * into the database. `<cache>/lock.json` says who holds it, for the message only.
 *
 * @throws ProblemError `project/unlockable` where the file system has no locks, or cannot be written.
 */
export function createInvocationLock(options: InvocationLockOptions): InvocationLock {
  const { cache, pid, host } = options;
  const holderFile = join(cache, 'lock.json');
  return {
    acquire: async ({ command, signal, onWait }) => {
      signal.throwIfAborted();
      const db = await open(cache);
      try {
        for (let waits = 0; !tryToLock(db); waits++) {
          // The holder needs a moment to say who it is.
          if (waits === 1) onWait(readHolder(holderFile));
          await pause(signal);
        }
      } catch (error) {
        db.close();
        throw error;
      }
      writeHolder(holderFile, { pid, host, command, since: new Date().toISOString() });
      return {
        release: async () => {
          if (!db.open) return;
          rmSync(holderFile, { force: true });
          db.close();
        },
      };
    },
  };
}

async function open(cache: string): Promise<Database> {
  const { default: Sqlite } = await import('better-sqlite3');
  try {
    mkdirSync(cache, { recursive: true });
    // No waiting inside SQLite: that would hold up the event loop.
    return new Sqlite(join(cache, 'lock.sqlite'), { timeout: 0 });
  } catch (error) {
    throw unlockable(error);
  }
}

function tryToLock(db: Database): boolean {
  try {
    db.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error) {
      if (String(error.code).startsWith('SQLITE_BUSY')) return false;
      if (isDamaged(error.code)) return emptied(db);
      throw unlockable(error);
    }
    throw error;
  }
}

const isDamaged = (code: unknown): boolean => code === 'SQLITE_NOTADB' || code === 'SQLITE_CORRUPT';

/**
 * Nothing is kept in the database, so one that is no database becomes an empty one. Emptied, not
 * removed: the locks are on the file, and another name for it would be another lock.
 */
function emptied(db: Database): false {
  try {
    truncateSync(db.name);
    return false;
  } catch (error) {
    throw unlockable(error);
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await sleep(ASK_EVERY_MS, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

function writeHolder(path: string, holder: LockHolder): void {
  try {
    writeFileSync(`${path}.new`, JSON.stringify(holder));
    renameSync(`${path}.new`, path);
  } catch {
    // A full disk: the lock holds all the same, and the message does without a name.
  }
}

function readHolder(path: string): LockHolder | undefined {
  try {
    const holder: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isHolder(holder) ? holder : undefined;
  } catch {
    return undefined;
  }
}

const isHolder = (value: unknown): value is LockHolder =>
  isJsonObject(value) &&
  typeof value['pid'] === 'number' &&
  ['host', 'command', 'since'].every((key) => typeof value[key] === 'string');

function unlockable(error: unknown): ProblemError {
  const cause = error instanceof Error ? error.message : String(error);
  return new ProblemError(
    problem(
      'stage',
      'project/unlockable',
      `the project cannot be locked against a second avian: ${cause}`,
      'check that cache/ can be written, is not full, and lies on a file system with locks',
    ),
    { cause: error },
  );
}
