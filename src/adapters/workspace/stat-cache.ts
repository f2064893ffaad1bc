import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { Digest } from '../../model/names.ts';
import type { BootMark } from './boot.ts';
import {
  compactFile,
  decodeRow,
  encodeRow,
  forgetSince,
  NewerStatCache,
  openDatabase,
  readFiles,
  type Remembered,
  type StatDatabase,
  VERSION,
} from './stat-database.ts';

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

/** Who asks for more files than this is going to ask for most of them: a repro or a status of all. */
const MANY_READS = 16;

export function openStatCache(
  file: string,
  boot: BootMark,
  report: (diagnostic: Diagnostic) => void = () => undefined,
): StatCache {
  let state: StatDatabase | 'closed' | 'unusable' = 'closed';
  let isMarked = false;

  /** Opens at the first use; for reading only if it exists, so that asking creates nothing. */
  const open = (purpose: 'read' | 'write'): StatDatabase | undefined => {
    if (state === 'unusable') return undefined;
    if (state !== 'closed') return state;
    if (purpose === 'read' && !existsSync(file)) return undefined;
    try {
      state = openDatabase(file) ?? startOver();
      const since = boot.unsettledSince();
      if (since !== undefined) {
        forgetSince(state, since);
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

  const startOver = (): StatDatabase => {
    removeDatabase(file);
    mkdirSync(dirname(file), { recursive: true });
    const fresh = openDatabase(file);
    if (fresh === undefined) throw new Error(`bug: a new ${file} has another version`);
    return fresh;
  };

  /** Runs a query; a damaged database is dropped and asked no more by this process. */
  const guarded = <T>(found: StatDatabase, query: () => T): T | undefined => {
    try {
      begin(found);
      return query();
    } catch (error) {
      if (!isDamage(error)) return undefined;
      if (typeof state === 'object') state.database.close();
      state = 'unusable';
      files = undefined;
      removeDatabase(file);
      return undefined;
    }
  };

  // One transaction for all that is asked and written until the event loop's next turn: each of
  // its own takes 10 system calls to read and 20 to write. What a kill takes is computed again.
  let turnEnd: NodeJS.Immediate | undefined;
  const begin = (found: StatDatabase): void => {
    if (found.database.inTransaction) return;
    found.begin.run();
    turnEnd ??= setImmediate(commit);
    if (files !== undefined && found.version.get() !== filesVersion) files = undefined;
  };
  const commit = (): void => {
    clearImmediate(turnEnd);
    turnEnd = undefined;
    if (typeof state !== 'object' || !state.database.inTransaction) return;
    const { database, commit: statement } = state;
    try {
      statement.run();
    } catch {
      // Another process reads for longer than we wait, or the disk is full: these rows are lost.
      if (database.inTransaction) database.exec('ROLLBACK');
    }
  };

  /** All single files of the database, once many were asked for; true until another process writes. */
  let files: Map<string, Remembered> | undefined;
  let filesVersion: number | undefined;
  let reads = 0;

  return {
    read(path) {
      const found = open('read');
      if (found === undefined) return undefined;
      return guarded(found, () => {
        reads += 1;
        if (files === undefined && reads > MANY_READS) {
          filesVersion = found.version.get();
          files = readFiles(found);
        }
        const row = files?.get(path) ?? found.select.get(path);
        if (row === undefined || 'artifact' in row) return row;
        return decodeRow(
          row,
          () => guarded(found, () => found.selectDigests.get(path, row[2]))?.[0],
        );
      });
    },
    pathsOf(digest) {
      const found = open('read');
      return found === undefined
        ? []
        : (guarded(found, () => found.selectPaths.all(digest)) ?? []).map(({ path }) => path);
    },
    write(path, remembered) {
      const found = open('write');
      if (found === undefined) return;
      guarded(found, () => {
        if (!isMarked) boot.beforeWrite();
        isMarked = true;
        found.replace.run(...encodeRow(path, remembered));
      });
      if (remembered.artifact.kind === 'blob') files?.set(path, compactFile(remembered));
      else files?.delete(path);
    },
    close() {
      commit();
      if (typeof state === 'object') state.database.close();
      state = 'closed';
      files = undefined;
    },
  };
}

const newer = (file: string, version: number): Diagnostic => ({
  severity: 'warning',
  code: 'stat/newer',
  message: `${file} was written by a newer avian (version ${version}, this one knows ${VERSION}), so files are read again each time`,
  hint: 'use that avian, or a later one; or delete the file: it is made anew',
});

function removeDatabase(file: string): void {
  for (const suffix of ['', '-journal']) rmSync(file + suffix, { force: true });
}

const isDamage = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'SQLITE_CORRUPT' ||
    error.code === 'SQLITE_NOTADB' ||
    String(error.code).startsWith('SQLITE_IOERR'));
