import type { Remote } from './remote.ts';
import type { PathsView } from './views.ts';

/** `avian push`: what was sent, or with `--dry` would be. */
export interface PushView {
  readonly remote: Remote;
  readonly dry: boolean;
  /** True when the remote kept all of it already. */
  readonly kept: boolean;
  readonly paths: number;
  readonly objects: number;
  readonly bytes: number;
  /** Packs and large blobs: what the bucket got. */
  readonly uploads: number;
  readonly runs: number;
}

/** `avian fetch` and `avian pull`. */
export interface PullView {
  readonly remote: Remote;
  readonly dry: boolean;
  readonly paths: number;
  readonly objects: number;
  readonly bytes: number;
  readonly runs: number;
  /** Paths that neither the cache nor the remote has whole; only with `--allow-missing`. */
  readonly missing: readonly string[];
  /** What `pull` put into the workspace. */
  readonly restored?: PathsView['paths'];
}

/** `avian status --cloud`. */
export interface CloudView {
  readonly remote: Remote;
  readonly paths: readonly CloudPath[];
}

export interface CloudPath {
  readonly path: string;
  /** Where all of it is: `cache` has to be pushed, `remote` can be pulled. */
  readonly where: 'both' | 'cache' | 'remote' | 'neither';
  readonly size: number;
}

/** `avian remote list`, and what the verbs that change remotes leave. */
export interface RemotesView {
  readonly remotes: readonly (Remote & { readonly isDefault: boolean })[];
}
