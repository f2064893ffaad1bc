import type { Problem } from '../model/diagnostic.ts';
import type { Origin } from '../model/lock.ts';
import type { Digest } from '../model/names.ts';
import type { Result } from '../model/result.ts';

export interface Download {
  /** Absolute, on the cache's volume; whoever gets it moves it away. */
  readonly file: string;
  readonly digest: Digest;
  readonly from: Origin;
}

export interface DownloadOptions {
  /** What is had already: fetched again only when it is another one now. */
  readonly known?: Origin;
  readonly signal: AbortSignal;
  /** Told now and then how many bytes are here. */
  readonly onProgress: (bytes: number) => void;
  /** Told why it is tried once more. */
  readonly onRetry: (cause: string) => void;
}

/** Files from elsewhere, by URL. */
export interface Downloads {
  /**
   * The URL that stands for what a person typed, and the file name it suggests; a problem for what
   * cannot be fetched at all.
   */
  resolve(typed: string): Result<{ readonly url: string; readonly name: string }, Problem>;
  /**
   * Fetches a file whole, and only a whole one. What was begun before, also by a killed process, is
   * continued where the server says that it is still the same.
   */
  fetch(url: string, options: DownloadOptions): Promise<Result<Download | 'unchanged', Problem>>;
}
