import type { Database, Statement } from 'better-sqlite3';
import { fromRef } from '../../model/artifact.ts';
import type { Deployment } from '../../model/deployment.ts';
import { canonicalJson } from '../../model/json.ts';
import type { RunId, StageName } from '../../model/names.ts';
import type { Run, RunRecord } from '../../model/run.ts';
import type { RunTrace } from '../../ports/run-log.ts';

/** A record with the text that its id is the hash of. */
export interface Kept<T> {
  readonly id: string;
  readonly text: string;
  readonly record: T;
}

type Hash = (text: string) => string;

/** The questions to the lineage index, in SQL. Every call is one synchronous round. */
export class LineageIndex {
  readonly #db: Database;
  readonly #hash: Hash;
  /** By their SQL: to compile one takes longer than to run it. */
  readonly #statements = new Map<string, Statement>();

  constructor(db: Database, hash: Hash) {
    this.#db = db;
    this.#hash = hash;
  }

  close(): void {
    this.#db.close();
  }

  #prepare<T>(sql: string): Statement<unknown[], T> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement as Statement<unknown[], T>;
  }

  /** All of it or nothing, and nobody else writes meanwhile. */
  atomically(change: () => void): void {
    this.#db.transaction(change).immediate();
  }

  /** Adds a run unless it is known. `stored` says that its file is written. */
  addRun({ id, text, record }: Kept<RunRecord>, stored: boolean): void {
    this.atomically(() => {
      const { lastInsertRowid: run, changes } = this.#prepare(
        `INSERT INTO runs (id, stage, attempt, fingerprint, succeeded, started_ms, duration_ms,
             host, commit_id, stored, record)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      ).run(
        ...[id, record.stage, record.attempt, record.fingerprint],
        ...[record.ending.kind === 'succeeded' ? 1 : 0, Date.parse(record.startedAt)],
        ...[record.durationMs, record.provenance.host, record.provenance.commit ?? null],
        ...[stored ? 1 : 0, text],
      );
      if (changes > 0) this.#addFacts(run, record);
    });
  }

  #addFacts(run: number | bigint, record: RunRecord): void {
    const insert = (table: string, ...values: readonly unknown[]): void => {
      const places = values.map(() => '?').join(', ');
      this.#prepare(`INSERT OR IGNORE INTO ${table} VALUES (${places})`).run(...values);
    };
    for (const { path, digest } of record.input.deps) insert('inputs', run, path, digest);
    for (const [path, ref] of Object.entries(record.outs)) {
      insert('outputs', run, path, ref.digest);
      insert('artifacts', ref.digest, fromRef(ref).kind, ref.size, ref.files ?? null);
    }
    for (const [key, value] of Object.entries(record.input.params)) {
      insert('params', run, key, canonicalJson(value));
    }
    for (const [path, metrics] of Object.entries(record.metrics)) {
      for (const [name, value] of Object.entries(metrics))
        insert('metrics', run, path, name, value);
    }
  }

  addDeployment({ id, text, record }: Kept<Deployment>, stored: boolean): void {
    this.#prepare(
      `INSERT INTO deployments (id, name, revision, started_ms, stored, record)
         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ).run(
      ...[id, record.name, record.revision, Date.parse(record.startedAt)],
      ...[stored ? 1 : 0, text],
    );
  }

  markStored(table: 'runs' | 'deployments', id: string): void {
    this.#prepare(`UPDATE ${table} SET stored = 1 WHERE id = ?`).run(id);
  }

  /** Records whose file a kill may have prevented. */
  unstored(table: 'runs' | 'deployments'): readonly Row[] {
    return this.#whole(
      this.#prepare<Row>(`SELECT id, record FROM ${table} WHERE stored = 0`).all(),
    );
  }

  clear(): void {
    const tables = ['runs', 'inputs', 'outputs', 'params', 'metrics', 'artifacts', 'deployments'];
    for (const table of tables) this.#db.exec(`DELETE FROM ${table}`);
  }

  /** Runs that meet a condition on `runs`, newest first. */
  runs(condition: string, ...values: readonly string[]): Run[] {
    return this.newest(Number.MAX_SAFE_INTEGER, condition, ...values);
  }

  /** The newest runs that meet a condition, at most `limit`. */
  newest(limit: number, condition: string, ...values: readonly string[]): Run[] {
    const rows = this.#prepare<Row>(
      `SELECT id, record FROM runs WHERE ${condition}
         ORDER BY started_ms DESC, seq DESC LIMIT ?`,
    ).all(...values, Math.min(limit, Number.MAX_SAFE_INTEGER));
    return this.#whole(rows).map(({ id, record }) => toRun(id, record));
  }

  traces(): RunTrace[] {
    const rows = this.#db
      .prepare<[], Row & { stage: string; started: number }>(
        `SELECT id, stage, started_ms AS started, record
         FROM runs WHERE succeeded = 1 ORDER BY started_ms DESC, seq DESC`,
      )
      .iterate();
    // One record at a time: all of them may be more than fits in memory.
    return Array.from(rows, (row) => {
      this.#whole([row]);
      const { input, outs } = JSON.parse(row.record) as RunRecord;
      const { id, stage, started } = row;
      return {
        id: id as RunId,
        stage: stage as StageName,
        startedMs: started,
        deps: input.deps,
        outs,
      };
    });
  }

  deployments(name: string | undefined): Deployment[] {
    const rows = this.#prepare<Row>(
      `SELECT id, record FROM deployments WHERE ? OR name = ?
         ORDER BY started_ms DESC, seq DESC`,
    ).all(name === undefined ? 1 : 0, name ?? '');
    return this.#whole(rows).map(({ record }) => JSON.parse(record) as Deployment);
  }

  /** SQLite keeps no checksums: bytes that flipped inside a text show in its digest only. */
  #whole(rows: readonly Row[]): readonly Row[] {
    const damaged = rows.find(({ id, record }) => this.#hash(record) !== id);
    if (damaged === undefined) return rows;
    throw new DamagedIndex(`the record of ${damaged.id} is not as it was written`);
  }
}

interface Row {
  readonly id: string;
  readonly record: string;
}

/** The index says what no record said: it is to be made anew from them. */
export class DamagedIndex extends Error {}

// Checked when it came in; see record-codec.ts.
const toRun = (id: string, record: string): Run => ({
  ...(JSON.parse(record) as RunRecord),
  id: id as RunId,
});
