import type { ArtifactRef } from './artifact.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { RepoPath, StageName } from './names.ts';
import type { Verdict } from './verdict.ts';

/** Content as DVC names it. */
export interface DvcHash {
  /** 32 hex digits; of a directory, the MD5 of the list of its files. */
  readonly md5: string;
  readonly directory: boolean;
  /** Of a DVC before 3.0: text files were hashed with CRLF read as LF, and lie elsewhere in the cache. */
  readonly legacy: boolean;
}

/** Something that DVC has or says and avian takes over otherwise, or not at all. */
export interface DvcNote {
  /** Permanent, such as `import-dvc/remote`. */
  readonly code: string;
  /** File of the DVC project, with the line where there is one. */
  readonly file: string;
  readonly line?: number;
  readonly message: string;
  /** What to do. */
  readonly hint: string;
}

/** `avian import-dvc`: what a DVC project became. */
export interface DvcImportView {
  /** Nothing was written or copied. */
  readonly dry: boolean;
  readonly stages: readonly {
    readonly name: StageName;
    /** The dvc.yaml or .dvc file that has it. */
    readonly file: string;
    /** Its name there, when it had to be another here. */
    readonly was?: string;
    /** Its lock entry was taken over: what DVC knew of its last run. */
    readonly locked: boolean;
    /** As `avian status` has it now. Absent when nothing was written, or the pipeline cannot be loaded. */
    readonly verdict?: Verdict['kind'];
  }[];
  /** What `dvc add` and imports tracked. */
  readonly sources: readonly { readonly path: RepoPath; readonly content?: ArtifactRef }[];
  /** Copied out of DVC's cache. */
  readonly copied: { readonly files: number; readonly bytes: number };
  /** Files of the project that were written. */
  readonly written: readonly string[];
  readonly notes: readonly DvcNote[];
  /** What keeps the pipeline from being loaded, so that no stage could be adopted. */
  readonly invalid?: readonly Diagnostic[];
}
