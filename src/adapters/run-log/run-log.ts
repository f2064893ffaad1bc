import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Deployment } from '../../model/deployment.ts';
import { problem } from '../../model/diagnostic.ts';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { byCodeUnit, canonicalJson } from '../../model/json.ts';
import type { Digest, Fingerprint, RepoPath, RunId, StageName } from '../../model/names.ts';
import { ProblemError } from '../../model/problem-error.ts';
import { err, ok } from '../../model/result.ts';
import type { Result } from '../../model/result.ts';
import type { Run, RunRecord } from '../../model/run.ts';
import type { RunLog, RunTrace } from '../../ports/run-log.ts';
import type { Kept, LineageIndex } from './lineage-index.ts';
import { explained, isDamage, openIndex, setAside } from './open-index.ts';
import { parseDeployment, parseRunRecord } from './record-codec.ts';
import { RecordFiles } from './record-files.ts';

export interface RunLogOptions {
  /** `cache/v1`. */
  readonly cache: string;
  readonly hash: (text: string) => string;
  /** Told of records that had to be skipped and of an index that was rebuilt. */
  readonly report: (diagnostic: Diagnostic) => void;
}

/** The run log on disk, and what only its keeper does. */
export interface StoredRunLog extends RunLog {
  /** Makes the index anew from the records. */
  rebuild(): Promise<void>;
  /** Lets go of the index; the next question opens it again. */
  close(): Promise<void>;
}

const MOST_BYTES = 2 ** 20;

/**
 * Runs and deployments as records under `<cache>/runs` and `<cache>/deployments`, with an index in
 * `<cache>/lineage.sqlite` that answers the questions. Opened at the first question; a project
 * that has no runs yet is not written to by asking.
 *
 * @throws ProblemError (from every method) with `lineage/newer`, `lineage/unavailable`, or, on
 *   recording, `lineage/record-too-large`.
 */
export function openRunLog(options: RunLogOptions): StoredRunLog {
  return new SqliteRunLog(options);
}

class SqliteRunLog implements StoredRunLog {
  readonly #options: RunLogOptions;
  readonly #runFiles: RecordFiles;
  readonly #deploymentFiles: RecordFiles;
  readonly #path: string;
  #index: Promise<LineageIndex> | undefined;

  constructor(options: RunLogOptions) {
    this.#options = options;
    this.#path = join(options.cache, 'lineage.sqlite');
    this.#runFiles = new RecordFiles(join(options.cache, 'runs'), options.hash);
    this.#deploymentFiles = new RecordFiles(join(options.cache, 'deployments'), options.hash);
  }

  async record(run: RunRecord): Promise<Run> {
    const text = canonicalJson(run);
    if (Buffer.byteLength(text) > MOST_BYTES) throw tooLarge(run.stage, Buffer.byteLength(text));
    const record = checked(parseRunRecord(text));
    const id = this.#options.hash(text);
    await this.#use((index) => {
      // Index, file, mark: what a kill leaves out is known at the next open, where an unindexed
      // file among 100,000 would not be.
      index.addRun({ id, text, record }, false);
      this.#runFiles.write(id, text);
      index.markStored('runs', id);
    });
    return { ...record, id: id as RunId };
  }

  async receive(id: RunId, text: string): Promise<Result<void, string>> {
    const size = Buffer.byteLength(text);
    if (size > MOST_BYTES) return err(`it takes ${size} bytes, more than 1 MiB`);
    if (this.#options.hash(text) !== id) return err('its bytes are not those of its id');
    const parsed = parseRunRecord(text);
    if (!parsed.ok) return parsed;
    // Only then is its id again the digest of what is pushed on from here.
    if (canonicalJson(parsed.value) !== text) return err('it is not in canonical form');
    await this.#use((index) => {
      index.addRun({ id, text, record: parsed.value }, false);
      this.#runFiles.write(id, text);
      index.markStored('runs', id);
    });
    return ok(undefined);
  }

  async recordDeployment(deployment: Deployment): Promise<void> {
    const text = canonicalJson(deployment);
    const record = checked(parseDeployment(text));
    const id = this.#options.hash(text);
    await this.#use((index) => {
      index.addDeployment({ id, text, record }, false);
      this.#deploymentFiles.write(id, text);
      index.markStored('deployments', id);
    });
  }

  find(fingerprint: Fingerprint): Promise<readonly Run[]> {
    return this.#ask((index) => index.runs('fingerprint = ? AND succeeded = 1', fingerprint));
  }

  async latest(stage: StageName, ending?: 'succeeded'): Promise<Run | undefined> {
    const condition = ending === undefined ? 'stage = ?' : 'stage = ? AND succeeded = 1';
    return (await this.#ask((index) => index.newest(1, condition, stage)))[0];
  }

  lookUp(prefix: string): Promise<readonly Run[]> {
    const range = [prefix, `${prefix}\u{10ffff}`];
    return this.#ask((index) =>
      index.runs('(id >= ? AND id < ?) OR (attempt >= ? AND attempt < ?)', ...range, ...range),
    );
  }

  history(stage: StageName, limit: number): Promise<readonly Run[]> {
    return this.#ask((index) => index.newest(limit, 'stage = ?', stage));
  }

  producersOf(digest: Digest): Promise<readonly Run[]> {
    return this.#ask((index) => index.runs(succeededWith('outputs', 'digest'), digest));
  }

  consumersOf(digest: Digest): Promise<readonly Run[]> {
    return this.#ask((index) => index.runs(succeededWith('inputs', 'digest'), digest));
  }

  producersAt(path: RepoPath): Promise<readonly Run[]> {
    return this.#ask((index) => index.runs(succeededWith('outputs', 'path'), path));
  }

  async get(id: RunId): Promise<Run | undefined> {
    return (await this.#ask((index) => index.runs('id = ?', id)))[0];
  }

  traces(): Promise<readonly RunTrace[]> {
    return this.#ask((index) => index.traces());
  }

  deployments(name?: string): Promise<readonly Deployment[]> {
    return this.#ask((index) => index.deployments(name));
  }

  async rebuild(): Promise<void> {
    await this.#use((index) =>
      index.atomically(() => {
        index.clear();
        this.#fill(index);
      }),
    );
  }

  async close(): Promise<void> {
    const index = this.#index;
    this.#index = undefined;
    (await index)?.close();
  }

  /** A project without lineage has no answers, and gets no index by being asked. */
  async #ask<T>(question: (index: LineageIndex) => readonly T[]): Promise<readonly T[]> {
    if (this.#index === undefined && !existsSync(this.#path) && !this.#hasRecords()) return [];
    return this.#use(question);
  }

  async #use<T>(use: (index: LineageIndex) => T): Promise<T> {
    try {
      return use(await this.#open());
    } catch (error) {
      if (!isDamage(error)) throw explained(error);
    }
    await this.close();
    setAside({ path: this.#path, report: this.#options.report });
    return use(await this.#open());
  }

  #open(): Promise<LineageIndex> {
    this.#index ??= this.#openNew();
    return this.#index;
  }

  async #openNew(): Promise<LineageIndex> {
    try {
      const fill = (index: LineageIndex): void => this.#fill(index);
      const { report, hash } = this.#options;
      const index = await openIndex({ path: this.#path, fill, report, hash });
      this.#storeUnstored(index);
      return index;
    } catch (error) {
      this.#index = undefined;
      throw error;
    }
  }

  #storeUnstored(index: LineageIndex): void {
    for (const { id, record } of index.unstored('runs')) {
      this.#runFiles.write(id, record);
      index.markStored('runs', id);
    }
    for (const { id, record } of index.unstored('deployments')) {
      this.#deploymentFiles.write(id, record);
      index.markStored('deployments', id);
    }
  }

  /** Oldest first, so that runs of the same millisecond keep an order. */
  #fill(index: LineageIndex): void {
    for (const kept of this.#readAll(this.#runFiles, parseRunRecord)) index.addRun(kept, true);
    for (const kept of this.#readAll(this.#deploymentFiles, parseDeployment)) {
      index.addDeployment(kept, true);
    }
  }

  #readAll<T extends { readonly startedAt: string }>(
    files: RecordFiles,
    parse: (text: string) => Result<T, string>,
  ): Kept<T>[] {
    const kept: Kept<T>[] = [];
    for (const { id, path, text } of files.all()) {
      const parsed =
        text === undefined ? err('its bytes are not those it was written with') : parse(text);
      if (parsed.ok && text !== undefined) kept.push({ id, text, record: parsed.value });
      if (!parsed.ok) this.#options.report(skipped(path, parsed.error));
    }
    return kept.sort(
      (a, b) =>
        Date.parse(a.record.startedAt) - Date.parse(b.record.startedAt) || byCodeUnit(a.id, b.id),
    );
  }

  #hasRecords(): boolean {
    return this.#runFiles.exists() || this.#deploymentFiles.exists();
  }
}

const succeededWith = (table: 'inputs' | 'outputs', column: 'digest' | 'path'): string =>
  `succeeded = 1 AND seq IN (SELECT run FROM ${table} WHERE ${column} = ?)`;

/** What avian itself wrote has to be well formed. */
function checked<T>(parsed: Result<T, string>): T {
  if (!parsed.ok) throw new Error(`bug: a record cannot be kept: ${parsed.error}`);
  return parsed.value;
}

const skipped = (path: string, why: string): Diagnostic => ({
  severity: 'warning',
  code: 'lineage/record-skipped',
  message: `${path} is left out of the lineage: ${why}`,
});

const tooLarge = (stage: StageName, bytes: number): ProblemError =>
  new ProblemError(
    problem(
      'pipeline',
      'lineage/record-too-large',
      `the record of \`${stage}\` takes ${bytes} bytes, more than 1 MiB`,
      'most of it is parameters: declare the keys that are needed, not whole files, or make a large file a dep',
    ),
  );
