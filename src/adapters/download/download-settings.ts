export interface DownloadSettings {
  /** Absolute path of the project; what lies in it is no download. */
  readonly root: string;
  /** Where relative paths start. */
  readonly cwd: string;
  /** `cache/v1/tmp/downloads`. */
  readonly folder: string;
  /** A connection that is silent for so long is dropped; 30 s. */
  readonly idleMs?: number;
  /** The wait before the second attempt, doubled for each further one; 500 ms. */
  readonly backoffMs?: number;
}
