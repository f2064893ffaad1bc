import type { Digest, StageName } from './names.ts';

/*
 * What the commands answer that read data by its names: `ls`, `export`.
 */

/** `avian ls`. */
export interface LsView {
  /** What was asked for; `.` for everything. */
  readonly path: string;
  readonly entries: readonly LsEntry[];
  /** The remote that the entries were looked for in. */
  readonly remote?: string;
}

/** Paths are relative to the project's root. */
export type LsEntry = {
  readonly path: string;
  /** The stage that writes it, of what pipeline.lock names itself. */
  readonly stage?: StageName;
} & (
  | {
      readonly kind: 'file';
      readonly digest: Digest;
      readonly size: number;
      readonly executable?: true;
      /** Whether the remote has it; only where one was asked. */
      readonly there?: boolean;
    }
  | {
      readonly kind: 'directory';
      readonly digest: Digest;
      readonly size: number;
      readonly files: number;
      readonly there?: boolean;
    }
  | { readonly kind: 'link'; readonly target: string }
);

/** `avian export`. */
export interface ExportView {
  /** Where to: a folder's path or a bucket's URL. */
  readonly to: string;
  readonly paths: readonly string[];
  readonly files: number;
  readonly bytes: number;
  /** Files that were there already, with the same content. */
  readonly same: number;
  /** Links and empty directories that a bucket cannot hold. */
  readonly leftOut: readonly string[];
}
