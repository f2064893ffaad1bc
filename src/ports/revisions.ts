import type { RepoPath } from '../model/names.ts';

/** Earlier states of the project's own text files, and what else git knows of the project. */
export interface Revisions {
  /** A file's text at a revision; undefined when there is no git, no such revision or no such file. */
  fileAt(revision: string, path: string): Promise<string | undefined>;
  /**
   * Every text that a file of this name has, at whatever place, in any commit that a branch, tag,
   * remote, stash or work tree reaches, and in the index. Each text once, in no order; none where
   * there is no git repository.
   * @throws ProblemError `git/unreadable` when there is a repository and it cannot be read whole.
   */
  everyVersion(name: string): AsyncIterable<string>;
  /** Whether git knows the project, and if not why. */
  standing(): Promise<GitStanding>;
  /** The commit that a revision names; undefined when it names none. */
  commitOf(revision: string): Promise<string | undefined>;
  /** The newest commits before HEAD, it included, that changed a file. */
  commitsOf(path: string, most: number): Promise<readonly ChangingCommit[]>;
  /** The versions of a file that git could not merge; undefined when git does not wait for one. */
  unmerged(path: string): Promise<UnmergedFile | undefined>;
  /** Tells git that a file is merged; false when git refuses. */
  markMerged(path: string): Promise<boolean>;
  /** Which of these paths hold files that git would add: neither tracked nor ignored. None without a repository. */
  addable(paths: readonly RepoPath[]): Promise<readonly RepoPath[]>;
  /** Where the project lies below the top of its repository: `''` or `models/birds/`. */
  prefix(): Promise<string | undefined>;
  /** A value of git's configuration. */
  setting(key: string): Promise<string | undefined>;
  /** Writes into the repository's own configuration; false when git refuses. */
  setSetting(key: string, value: string): Promise<boolean>;
}

export interface ChangingCommit {
  readonly id: string;
  /** The first line of its message. */
  readonly subject: string;
}

export type GitStanding =
  | { readonly kind: 'repository' }
  | { readonly kind: 'no-repository' }
  /** git is not installed, does not answer, or refuses. */
  | { readonly kind: 'unusable'; readonly cause: string };

/** A side is absent where the file was removed, the base where both sides added it. */
export interface UnmergedFile {
  readonly base?: string;
  readonly ours?: string;
  readonly theirs?: string;
}
