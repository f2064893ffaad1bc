import type { Database } from 'better-sqlite3';
import type { Digest, RunId } from '../../model/names.ts';
import type { Held, Holder, Location, Segment } from '../../model/remote.ts';
import type { BegunHolder, RemoteIndex } from '../../ports/remote-index.ts';
import { openDatabase } from './open-database.ts';

export interface StoredRemoteIndex extends RemoteIndex {
  close(): void;
}

/** The memory of one remote, in `path`. Opened at the first question. */
export async function openRemoteIndex(path: string, url: string): Promise<StoredRemoteIndex> {
  const db = await openDatabase(path);
  db.prepare('INSERT INTO remotes (url) VALUES (?) ON CONFLICT DO NOTHING').run(url);
  const { id } = db
    .prepare<[string], { id: number }>('SELECT id FROM remotes WHERE url = ?')
    .get(url) as { id: number };
  return new SqliteRemoteIndex(db, id);
}

class SqliteRemoteIndex implements StoredRemoteIndex {
  readonly #db: Database;
  readonly #remote: number;

  constructor(db: Database, remote: number) {
    this.#db = db;
    this.#remote = remote;
  }

  close(): void {
    this.#db.close();
  }

  async segments(): Promise<ReadonlyMap<string, readonly string[]>> {
    const rows = this.#all<{ name: string; supersedes: string }>(
      'SELECT name, supersedes FROM segments WHERE remote = ?',
    );
    return new Map(rows.map(({ name, supersedes }) => [name, JSON.parse(supersedes) as string[]]));
  }

  async learn(name: string, { supersedes, holders, runs }: Segment): Promise<void> {
    const addHolder = this.#db.prepare(
      'INSERT INTO holders (segment, name, size) VALUES (?, ?, ?)',
    );
    const addObject = this.#db.prepare('INSERT OR IGNORE INTO objects VALUES (?, ?, ?, ?)');
    this.#atomically(() => {
      this.#run('DELETE FROM sessions WHERE remote = ? AND name = ?', name);
      const { lastInsertRowid: segment, changes } = this.#db
        .prepare(
          `INSERT INTO segments (remote, name, supersedes, runs) VALUES (?, ?, ?, ?)
           ON CONFLICT DO NOTHING`,
        )
        .run(this.#remote, name, JSON.stringify(supersedes), JSON.stringify(runs));
      if (changes === 0) return;
      for (const holder of holders) {
        const { lastInsertRowid } = addHolder.run(segment, holder.name, holder.size);
        for (const { digest, offset, size } of holder.objects) {
          addObject.run(bytesOf(digest), lastInsertRowid, offset, size);
        }
        this.#run('DELETE FROM begun WHERE remote = ? AND name = ?', holder.name);
      }
    });
  }

  async forget(names: readonly string[]): Promise<void> {
    this.#atomically(() => {
      for (const name of names) {
        const segments = 'SELECT id FROM segments WHERE remote = ? AND name = ?';
        const holders = `SELECT id FROM holders WHERE segment IN (${segments})`;
        this.#run(`DELETE FROM objects WHERE holder IN (${holders})`, name);
        this.#run(`DELETE FROM holders WHERE segment IN (${segments})`, name);
        this.#run('DELETE FROM segments WHERE remote = ? AND name = ?', name);
      }
    });
  }

  async contentOf(names: readonly string[]): Promise<Pick<Segment, 'holders' | 'runs'>> {
    const holders = new Map<string, Holder>();
    const runs = new Set<RunId>();
    const objects = this.#db.prepare<[number], { digest: Buffer; at: number; size: number }>(
      'SELECT digest, at, size FROM objects WHERE holder = ? ORDER BY at',
    );
    for (const name of names) {
      const segment = this.#all<{ id: number; runs: string }>(
        'SELECT id, runs FROM segments WHERE remote = ? AND name = ?',
        name,
      )[0];
      if (segment === undefined) continue;
      for (const run of JSON.parse(segment.runs) as RunId[]) runs.add(run);
      const rows = this.#db
        .prepare<[number], { id: number; name: string; size: number }>(
          'SELECT id, name, size FROM holders WHERE segment = ? ORDER BY name',
        )
        .all(segment.id);
      for (const row of rows) {
        const held = objects
          .all(row.id)
          .map(({ digest, at, size }): Held => ({ digest: digestOf(digest), offset: at, size }));
        holders.set(row.name, { name: row.name, size: row.size, objects: held });
      }
    }
    return { holders: [...holders.values()], runs: [...runs] };
  }

  async locate(digests: Iterable<Digest>): Promise<ReadonlyMap<Digest, readonly Location[]>> {
    const holders = this.#holders();
    const find = this.#db
      .prepare<[Buffer], [holder: number, offset: number, size: number]>(
        'SELECT holder, at, size FROM objects WHERE digest = ?',
      )
      .raw();
    const found = new Map<Digest, readonly Location[]>();
    // In one transaction: locking the file for each of 10,000 takes longer than finding it.
    this.#db.transaction(() => {
      for (const digest of digests) {
        const places = find.all(bytesOf(digest)).flatMap(([id, offset, size]): Location[] => {
          const holder = holders.get(id);
          return holder === undefined ? [] : [{ ...holder, offset, size }];
        });
        if (places.length > 0) found.set(digest, places);
      }
    })();
    return found;
  }

  /** Those of this remote: a few hundred where there are 100,000 objects. */
  #holders(): ReadonlyMap<number, Pick<Location, 'holder' | 'segment'>> {
    const rows = this.#all<{ id: number; holder: string; segment: string }>(
      `SELECT holders.id AS id, holders.name AS holder, segments.name AS segment
       FROM holders JOIN segments ON segments.id = segment WHERE remote = ?`,
    );
    return new Map(rows.map(({ id, holder, segment }) => [id, { holder, segment }]));
  }

  async runs(): Promise<readonly RunId[]> {
    const rows = this.#all<{ runs: string }>('SELECT runs FROM segments WHERE remote = ?');
    return [...new Set(rows.flatMap(({ runs }) => JSON.parse(runs) as RunId[]))];
  }

  async begun(): Promise<readonly BegunHolder[]> {
    type Row = { name: string; size: number; objects: string; acknowledged: number };
    return this.#all<Row>('SELECT * FROM begun WHERE remote = ? ORDER BY name').map((row) => ({
      name: row.name,
      size: row.size,
      objects: JSON.parse(row.objects) as Held[],
      acknowledged: row.acknowledged === 1,
    }));
  }

  async begin({ name, size, objects }: Holder): Promise<void> {
    this.#run(
      'INSERT OR REPLACE INTO begun VALUES (?, ?, ?, ?, 0)',
      ...[name, size, JSON.stringify(objects)],
    );
  }

  async acknowledge(name: string): Promise<void> {
    this.#atomically(() => {
      this.#run('UPDATE begun SET acknowledged = 1 WHERE remote = ? AND name = ?', name);
      this.#run('DELETE FROM sessions WHERE remote = ? AND name = ?', name);
    });
  }

  async abandon(names: readonly string[]): Promise<void> {
    for (const name of names) {
      this.#run('DELETE FROM begun WHERE remote = ? AND name = ?', name);
      await this.forgetSession(name);
    }
  }

  async condemned(list: string): Promise<readonly string[] | undefined> {
    const [row] = this.#all<{ names: string }>(
      'SELECT names FROM condemned WHERE remote = ? AND list = ?',
      list,
    );
    return row === undefined ? undefined : (JSON.parse(row.names) as string[]);
  }

  async rememberCondemned(list: string, names: readonly string[]): Promise<void> {
    this.#run('INSERT OR REPLACE INTO condemned VALUES (?, ?, ?)', list, JSON.stringify(names));
  }

  async session(name: string): Promise<string | undefined> {
    return this.#all<{ uri: string }>(
      'SELECT uri FROM sessions WHERE remote = ? AND name = ?',
      name,
    )[0]?.uri;
  }

  async rememberSession(name: string, uri: string): Promise<void> {
    this.#run('INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)', name, uri);
  }

  async forgetSession(name: string): Promise<void> {
    this.#run('DELETE FROM sessions WHERE remote = ? AND name = ?', name);
  }

  /** The remote is always the first value. */
  #run(sql: string, ...values: readonly (string | number)[]): void {
    this.#db.prepare(sql).run(this.#remote, ...values);
  }

  #all<Row>(sql: string, ...values: readonly (string | number)[]): Row[] {
    return this.#db.prepare<unknown[], Row>(sql).all(this.#remote, ...values);
  }

  #atomically(change: () => void): void {
    this.#db.transaction(change).immediate();
  }
}

const bytesOf = (digest: Digest): Buffer => Buffer.from(digest.slice('b3:'.length), 'hex');
const digestOf = (bytes: Buffer): Digest => `b3:${bytes.toString('hex')}` as Digest;
