import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isJsonObject } from '../../model/json.ts';
import type { LockedSource, LockedStage, PipelineLock } from '../../model/lock.ts';

/** One change to the lock. */
export type LockChange =
  | { readonly stage: string; readonly entry: LockedStage | null }
  | { readonly source: string; readonly artifact: LockedSource | null };

/** Which lock a journal continues: the hash of its text. */
interface Header {
  readonly v: 1;
  readonly base: string;
}

export const applyChange = (lock: PipelineLock, change: LockChange): PipelineLock => {
  return 'stage' in change
    ? { ...lock, stages: changed(lock.stages, change.stage, change.entry) }
    : { ...lock, sources: changed(lock.sources, change.source, change.artifact) };
};

function changed<T>(
  map: { readonly [name: string]: T },
  name: string,
  value: T | null,
): { readonly [name: string]: T } {
  const others = Object.entries(map).filter(([known]) => known !== name);
  return Object.fromEntries(value === null ? others : [...others, [name, value] as const]);
}

/**
 * `cache/v1/lock-journal.jsonl`: a header, then a line per change that the lock on disk does not
 * hold yet. A line is written in one piece by one call, so that a kill loses at most that line.
 */
export class LockJournal {
  readonly #path: string;
  #file: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The changes, and the lock they apply to; none when there is no journal or its head is torn. */
  read(): { readonly base: string; readonly changes: readonly LockChange[] } | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch {
      return undefined;
    }
    // What follows the last end of a line was cut off by a kill.
    const [head, ...lines] = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
    const header = parseLine(head ?? '', isHeader);
    if (header === undefined) return undefined;
    const changes: LockChange[] = [];
    for (const line of lines) {
      const change = parseLine(line, isChange);
      if (change === undefined) break;
      changes.push(change);
    }
    return { base: header.base, changes };
  }

  get open(): boolean {
    return this.#file !== undefined;
  }

  /** Begins anew for a lock, in place of any earlier journal. */
  start(base: string, changes: readonly LockChange[]): void {
    const header: Header = { v: 1, base };
    const lines = [header, ...changes].map((line) => `${JSON.stringify(line)}\n`).join('');
    mkdirSync(dirname(this.#path), { recursive: true });
    const temporary = `${this.#path}.new`;
    this.#file = openSync(temporary, 'w');
    writeSync(this.#file, lines);
    renameSync(temporary, this.#path);
  }

  append(change: LockChange): void {
    if (this.#file === undefined) throw new Error('bug: the journal was not started');
    writeSync(this.#file, `${JSON.stringify(change)}\n`);
  }

  /** The lock on disk holds everything: the journal goes. */
  clear(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    rmSync(this.#path, { force: true });
  }
}

function parseLine<T>(line: string, is: (value: unknown) => value is T): T | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return is(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isHeader = (value: unknown): value is Header =>
  isJsonObject(value) && value['v'] === 1 && typeof value['base'] === 'string';

// Only the outline: what a change holds is read as strictly as the lock itself, see lock-store.ts.
const isChange = (value: unknown): value is LockChange =>
  isJsonObject(value) &&
  ((typeof value['stage'] === 'string' &&
    (value['entry'] === null || isJsonObject(value['entry']))) ||
    (typeof value['source'] === 'string' &&
      (value['artifact'] === null || isJsonObject(value['artifact']))));
