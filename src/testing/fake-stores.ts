import { parseRunRecord } from '../adapters/run-log/record-codec.ts';
import type { Deployment } from '../model/deployment.ts';
import type { Problem } from '../model/diagnostic.ts';
import { byCodeUnit, canonicalJson } from '../model/json.ts';
import { EMPTY_LOCK } from '../model/lock.ts';
import type { LockedSource, LockedStage, PipelineLock } from '../model/lock.ts';
import type { AttemptId, Digest, Fingerprint, RepoPath, RunId, StageName } from '../model/names.ts';
import { err, ok } from '../model/result.ts';
import type { Result } from '../model/result.ts';
import type { Run, RunRecord } from '../model/run.ts';
import type { Traced } from '../model/trace.ts';
import type { ConflictSides, LockStore } from '../ports/lock-store.ts';
import type { AttemptLog, LogChunk, LogStore } from '../ports/log-store.ts';
import type { RunLog, RunTrace } from '../ports/run-log.ts';

/** What the fake stores share with the world they belong to. */
export interface FakeNotes {
  readonly hash: (text: string) => string;
  /** Notes a call, in order; throws when the test wants this one to fail. */
  readonly note: (call: string) => void;
}

const succeeded = (run: Run): boolean => run.ending.kind === 'succeeded';

const newestFirst = <T extends { readonly startedAt: string }>(items: readonly T[]): T[] =>
  [...items].reverse().sort((a, b) => byCodeUnit(b.startedAt, a.startedAt));

/** Runs and deployments in memory, in the order they were recorded. */
export class FakeRunLog implements RunLog {
  readonly runs: Run[] = [];
  readonly kept: Deployment[] = [];
  readonly #world: FakeNotes;

  constructor(world: FakeNotes) {
    this.#world = world;
  }

  async record(record: RunRecord): Promise<Run> {
    this.#world.note(`runs.record ${record.stage}`);
    const text = canonicalJson(record);
    const id = this.#world.hash(text) as RunId;
    const known = this.runs.find((run) => run.id === id);
    if (known !== undefined) return known;
    // As strict as the log on disk: what passes here is not refused there.
    const parsed = parseRunRecord(text);
    if (!parsed.ok) throw new Error(`bug: a record cannot be kept: ${parsed.error}`);
    const run: Run = { ...parsed.value, id };
    this.runs.push(run);
    return run;
  }

  async find(fingerprint: Fingerprint): Promise<readonly Run[]> {
    return this.#select((run) => run.fingerprint === fingerprint && succeeded(run));
  }

  async latest(stage: StageName, ending?: 'succeeded'): Promise<Run | undefined> {
    const ofStage = await this.history(stage, Infinity);
    return ofStage.find((run) => ending === undefined || succeeded(run));
  }

  async lookUp(prefix: string): Promise<readonly Run[]> {
    return this.#select((run) => run.id.startsWith(prefix) || run.attempt.startsWith(prefix));
  }

  async history(stage: StageName, limit: number): Promise<readonly Run[]> {
    return (await this.#select((run) => run.stage === stage)).slice(0, limit);
  }

  async producersOf(digest: Digest): Promise<readonly Run[]> {
    return this.#select(
      (run) => succeeded(run) && Object.values(run.outs).some((out) => out.digest === digest),
    );
  }

  async consumersOf(digest: Digest): Promise<readonly Run[]> {
    return this.#select(
      (run) => succeeded(run) && run.input.deps.some((dep) => dep.digest === digest),
    );
  }

  async producersAt(path: RepoPath): Promise<readonly Run[]> {
    return this.#select((run) => succeeded(run) && path in run.outs);
  }

  async get(id: RunId): Promise<Run | undefined> {
    return this.runs.find((run) => run.id === id);
  }

  async traces(): Promise<readonly RunTrace[]> {
    const runs = await this.#select(succeeded);
    return runs.map(({ id, stage, startedAt, input, outs }) => ({
      ...{ id, stage, outs, deps: input.deps },
      startedMs: Date.parse(startedAt),
    }));
  }

  async receive(id: RunId, text: string): Promise<Result<void, string>> {
    if (Buffer.byteLength(text) > 2 ** 20) return err('it is larger than 1 MiB');
    if (this.#world.hash(text) !== id) return err('its bytes are not those of its id');
    const parsed = parseRunRecord(text);
    if (!parsed.ok) return parsed;
    if (canonicalJson(parsed.value) !== text) return err('it is not in canonical form');
    if (!this.runs.some((run) => run.id === id)) this.runs.push({ ...parsed.value, id });
    return ok(undefined);
  }

  async recordDeployment(deployment: Deployment): Promise<void> {
    this.#world.note(`runs.recordDeployment ${deployment.revision}`);
    const known = this.kept.some((kept) => canonicalJson(kept) === canonicalJson(deployment));
    if (!known) this.kept.push(deployment);
  }

  async deployments(name?: string): Promise<readonly Deployment[]> {
    const wanted = this.kept.filter((each) => name === undefined || each.name === name);
    return newestFirst(wanted);
  }

  async #select(wanted: (run: Run) => boolean): Promise<readonly Run[]> {
    return newestFirst(this.runs.filter(wanted));
  }
}

/** `pipeline.lock` in memory. */
export class FakeLockStore implements LockStore {
  lock: PipelineLock = EMPTY_LOCK;
  readonly pinned = new Set<Digest>();
  /** Set it to make `read` fail, as a lock full of conflict markers would. */
  problem: Problem | undefined;
  /** What conflict markers leave of both branches' locks. */
  sides: ConflictSides | undefined;
  readonly #world: FakeNotes;

  constructor(world: FakeNotes) {
    this.#world = world;
  }

  async read(): Promise<Result<PipelineLock, Problem>> {
    return this.problem === undefined ? ok(this.lock) : err(this.problem);
  }

  parse(text: string): Result<PipelineLock, Problem> {
    return ok(JSON.parse(text) as PipelineLock);
  }

  format(lock: PipelineLock): string {
    return canonicalJson(lock);
  }

  async setStage(stage: StageName, entry: LockedStage | undefined): Promise<void> {
    this.#world.note(`lock.setStage ${stage}`);
    this.lock = { ...this.lock, stages: changed(this.lock.stages, stage, entry) };
  }

  async setSource(path: RepoPath, artifact: LockedSource | undefined): Promise<void> {
    this.#world.note(`lock.setSource ${path}`);
    if (artifact !== undefined) this.pinned.add(artifact.digest);
    this.lock = { ...this.lock, sources: changed(this.lock.sources, path, artifact) };
  }

  async conflictSides(): Promise<ConflictSides | undefined> {
    return this.sides;
  }

  async replace(lock: PipelineLock): Promise<void> {
    this.#world.note('lock.replace');
    this.lock = lock;
    this.problem = undefined;
    this.sides = undefined;
  }

  async everySource(): Promise<readonly Digest[]> {
    return [...this.pinned];
  }

  async flush(): Promise<void> {
    this.#world.note('lock.flush');
  }
}

function changed<T>(
  map: { readonly [name: string]: T },
  name: string,
  value: T | undefined,
): { readonly [name: string]: T } {
  const others = Object.entries(map).filter(([known]) => known !== name);
  return Object.fromEntries(value === undefined ? others : [...others, [name, value] as const]);
}

/** Logs in memory, by attempt. */
export class FakeLogStore implements LogStore {
  readonly logs = new Map<AttemptId, LogChunk[]>();
  readonly traces = new Map<AttemptId, Traced>();
  readonly #world: FakeNotes;

  constructor(world: FakeNotes) {
    this.#world = world;
  }

  open(attempt: AttemptId, stage: string): AttemptLog {
    this.#world.note(`logs.open ${stage}`);
    const chunks: LogChunk[] = [];
    this.logs.set(attempt, chunks);
    return {
      append: (stream, chunk) => {
        chunks.push({ stream, chunk });
      },
      close: async () => {
        this.#world.note(`logs.close ${stage}`);
        const text = chunks.map(({ chunk }) => chunk).join('');
        const digest = `b3:${this.#world.hash(text)}` as Digest;
        const path = `/project/cache/v1/logs/${attempt}.log`;
        return { digest, size: Buffer.byteLength(text), path };
      },
    };
  }

  async read(attempt: AttemptId, lastBytes = Infinity): Promise<readonly LogChunk[] | undefined> {
    const chunks = this.logs.get(attempt);
    if (chunks === undefined) return undefined;
    const bytes = Buffer.from(chunks.map(({ chunk }) => chunk).join(''));
    const before = Math.max(0, bytes.length - lastBytes);
    let skip = before === 0 ? 0 : before + bytes.subarray(before).indexOf('\n') + 1;
    return chunks.flatMap(({ stream, chunk }) => {
      const kept = Buffer.from(chunk).subarray(Math.max(0, skip)).toString();
      skip -= Buffer.byteLength(chunk);
      return kept === '' ? [] : [{ stream, chunk: kept }];
    });
  }

  async keepTrace(attempt: AttemptId, trace: Traced): Promise<void> {
    this.#world.note(`logs.keepTrace ${attempt}`);
    this.traces.set(attempt, trace);
  }

  async readTrace(attempt: AttemptId): Promise<Traced | undefined> {
    return this.traces.get(attempt);
  }
}
