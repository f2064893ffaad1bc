import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A folder of immutable records: `<folder>/3f/3f2a….json`, each named by its own hash. */
export class RecordFiles {
  readonly #folder: string;
  readonly #hash: (text: string) => string;

  constructor(folder: string, hash: (text: string) => string) {
    this.#folder = folder;
    this.#hash = hash;
  }

  /**
   * Writes a record whole or not at all, read-only. Not synced: a run that a power cut takes costs
   * a stage to run again, and a torn one does not have its name's hash.
   */
  write(id: string, text: string): void {
    const folder = join(this.#folder, id.slice(0, 2));
    const path = join(folder, `${id}.json`);
    mkdirSync(folder, { recursive: true });
    const temporary = `${path}.new`;
    // One that a kill left is read-only already.
    rmSync(temporary, { force: true });
    writeFileSync(temporary, text, { mode: 0o444, flag: 'wx' });
    renameSync(temporary, path);
  }

  /** Every record, and what is wrong with those that are not what their name says. */
  *all(): Generator<{
    readonly id: string;
    readonly path: string;
    readonly text: string | undefined;
  }> {
    for (const folder of list(this.#folder)) {
      for (const name of list(join(this.#folder, folder))) {
        const id = /^([0-9a-f]{64})\.json$/.exec(name)?.[1];
        if (id === undefined) continue;
        const path = join(this.#folder, folder, name);
        const text = readFileSync(path, 'utf8');
        yield { id, path, text: this.#hash(text) === id ? text : undefined };
      }
    }
  }

  /** True when there may be records. */
  exists(): boolean {
    return list(this.#folder).length > 0;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
