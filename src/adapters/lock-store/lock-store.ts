import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalJson } from '../../model/json.ts';
import { EMPTY_LOCK } from '../../model/lock.ts';
import type { LockedSource, LockedStage, PipelineLock } from '../../model/lock.ts';
import { problem } from '../../model/diagnostic.ts';
import type { Problem } from '../../model/diagnostic.ts';
import type { Digest, RepoPath, StageName } from '../../model/names.ts';
import { ProblemError } from '../../model/problem-error.ts';
import { ok } from '../../model/result.ts';
import type { Result } from '../../model/result.ts';
import type { ConflictSides, LockStore } from '../../ports/lock-store.ts';
import { sidesOf } from './conflict-sides.ts';
import { LockJournal, applyChange } from './journal.ts';
import type { LockChange } from './journal.ts';
import { LOCK_FILE } from './lock-diagnostics.ts';
import { formatLock, parseLock } from './lock-text.ts';
import { SourceList } from './source-list.ts';

export interface LockStoreOptions {
  /** The project's root, where `pipeline.lock` lies. */
  readonly root: string;
  /** `cache/v1`. */
  readonly cache: string;
  readonly hash: (text: string) => string;
  /** The lock is rewritten at most this often while stages settle; 1 s. */
  readonly rewriteEveryMs?: number;
}

/**
 * `pipeline.lock` on disk. Files are read and written synchronously: they are small, and no other
 * change can come between. Only the holder of the invocation lock may set anything.
 */
export function openLockStore(options: LockStoreOptions): LockStore {
  return new FileLockStore(options);
}

/** What lies on disk and what is known beyond it. */
interface State {
  /** The lock's text as last seen or written; undefined when there is no file. */
  readonly text: string | undefined;
  readonly lock: PipelineLock;
}

class FileLockStore implements LockStore {
  readonly #path: string;
  readonly #hash: (text: string) => string;
  readonly #rewriteEveryMs: number;
  readonly #journal: LockJournal;
  readonly #sources: SourceList;
  /** Every change of this process and of the journal it found, by what it changes. */
  readonly #changes = new Map<string, LockChange>();
  #state: State | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Why the rewrite in the background failed; told to the next who asks for one. */
  #failure: ProblemError | undefined;

  constructor(options: LockStoreOptions) {
    this.#path = join(options.root, LOCK_FILE);
    this.#hash = options.hash;
    this.#rewriteEveryMs = options.rewriteEveryMs ?? 1000;
    this.#journal = new LockJournal(join(options.cache, 'lock-journal.jsonl'));
    this.#sources = new SourceList(join(options.cache, 'sources.txt'));
  }

  parse(text: string): Result<PipelineLock, Problem> {
    return parseLock(text);
  }

  async read(): Promise<Result<PipelineLock, Problem>> {
    const loaded = this.#load();
    return loaded.ok ? ok(loaded.value.lock) : loaded;
  }

  format(lock: PipelineLock): string {
    return formatLock(lock);
  }

  async setStage(stage: StageName, entry: LockedStage | undefined): Promise<void> {
    if (same(this.#known().lock.stages, stage, entry)) return;
    this.#change({ stage, entry: entry ?? null });
  }

  async setSource(path: RepoPath, artifact: LockedSource | undefined): Promise<void> {
    if (artifact !== undefined) writing(() => this.#sources.add(artifact.digest));
    if (same(this.#known().lock.sources, path, artifact)) return;
    this.#change({ source: path, artifact: artifact ?? null });
  }

  async everySource(): Promise<readonly Digest[]> {
    return this.#sources.all();
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#failure = undefined;
    if (this.#changes.size > 0) this.#rewrite();
  }

  async conflictSides(): Promise<ConflictSides | undefined> {
    const text = this.#readText();
    return text === undefined ? undefined : sidesOf(text);
  }

  async replace(lock: PipelineLock): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = formatLock(lock);
    // The journal continues a lock that goes; it names it, so that a kill in between replays nothing.
    writing(() => writeAtomically(this.#path, text));
    this.#state = { text, lock };
    this.#changes.clear();
    this.#journal.clear();
  }

  #load(): Result<State, Problem> {
    if (this.#state !== undefined) return ok(this.#state);
    // The journal first: if another process rewrites the lock in between, the lock read then
    // holds all that the journal said, and the journal does not name it.
    const journal = this.#journal.read();
    const text = this.#readText();
    const parsed = parse(text);
    if (!parsed.ok) return parsed;
    let lock = parsed.value;
    if (journal !== undefined && journal.base === this.#base(text)) {
      lock = journal.changes.reduce(applyChange, lock);
      // Whatever a journal holds has to pass as a lock; else it is no journal of ours.
      const replayed = parseLock(formatLock(lock));
      lock = replayed.ok ? replayed.value : parsed.value;
      if (replayed.ok)
        for (const change of journal.changes) this.#changes.set(keyOf(change), change);
    }
    this.#state = { text, lock };
    return ok(this.#state);
  }

  #known(): State {
    const loaded = this.#load();
    if (!loaded.ok) throw new ProblemError(loaded.error);
    return loaded.value;
  }

  #change(change: LockChange): void {
    const { text, lock } = this.#known();
    this.#changes.set(keyOf(change), change);
    this.#state = { text, lock: applyChange(lock, change) };
    writing(() => {
      if (this.#journal.open) this.#journal.append(change);
      else this.#journal.start(this.#base(text), [...this.#changes.values()]);
    });
    this.#rewriteSoon();
  }

  #rewriteSoon(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
    // The journal has everything, so no process has to stay alive for this.
    this.#timer ??= setTimeout(() => this.#rewriteInBackground(), this.#rewriteEveryMs).unref();
  }

  #rewriteInBackground(): void {
    this.#timer = undefined;
    try {
      this.#rewrite();
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      this.#failure = error;
    }
  }

  #rewrite(): void {
    const onDisk = this.#readText();
    let { text, lock } = this.#known();
    if (onDisk !== text) {
      // Somebody else changed it meanwhile, a git checkout say: theirs, with our changes on top.
      const parsed = parse(onDisk);
      if (!parsed.ok) throw new ProblemError(parsed.error);
      lock = [...this.#changes.values()].reduce(applyChange, parsed.value);
      text = onDisk;
    }
    const next = formatLock(lock);
    if (next !== text) writing(() => writeAtomically(this.#path, next));
    this.#state = { text: next, lock };
    this.#changes.clear();
    this.#journal.clear();
  }

  #readText(): string | undefined {
    try {
      return readFileSync(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** What a journal names to say which lock it continues. */
  #base(text: string | undefined): string {
    return text === undefined ? 'no lock' : this.#hash(text);
  }
}

const parse = (text: string | undefined): Result<PipelineLock, Problem> =>
  text === undefined ? ok(EMPTY_LOCK) : parseLock(text);

const keyOf = (change: LockChange): string =>
  'stage' in change ? `stage ${change.stage}` : `source ${change.source}`;

const same = <T>(
  map: { readonly [name: string]: T },
  name: string,
  value: T | undefined,
): boolean =>
  canonicalJson(Object.hasOwn(map, name) ? map[name] : null) === canonicalJson(value ?? null);

/** A full disk or a folder that may not be written is the world's doing, no bug. */
function writing(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    const message = `${LOCK_FILE} cannot be kept: ${error.message}`;
    throw new ProblemError(problem('stage', 'lock/unwritable', message), { cause: error });
  }
}

/** Synced before the rename: after a power cut the lock is the old one or the new one, never empty. */
function writeAtomically(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.new`;
  try {
    const file = openSync(temporary, 'w');
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
