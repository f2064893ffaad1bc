/** Where birds come from: what a source is asked for, and what it answers. */
import type { Random } from '../vision/random.ts';
import type { ManifestImage } from '../vision/manifest.ts';
import type { Params } from '../vision/params.ts';

export interface Source {
  /**
   * Writes `<split>/<species>/<name>.jpg` below `context.out`, an empty folder that exists.
   * Reads its own keys of `data`. Throws StageError where the parameters or the outside do not allow it.
   */
  fetch(data: Params, context: FetchContext): Promise<Fetched>;
  /**
   * A short line that is another one when what `fetch` would read has changed, and the same one otherwise.
   * Answers within 5 seconds. Throws StageError where the outside cannot be reached.
   */
  probe(data: Params): Promise<string>;
}

export interface FetchContext {
  readonly out: string;
  readonly random: Random;
  /** A line for people. */
  readonly say: (line: string) => void;
  readonly progress: (label: string, total: number, unit?: string) => (done: number) => void;
}

export interface Fetched {
  readonly images: readonly ManifestImage[];
  /** What was left out, by reason. */
  readonly skipped?: Readonly<Record<string, number>>;
}
