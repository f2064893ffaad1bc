import type { AttemptId, RepoPath, StageName } from './names.ts';

/** What was seen of a stage's files while its command ran. */
export type Trace =
  | Traced
  /** Nothing could be watched; `cause` says why, in words. */
  | { readonly kind: 'untraceable'; readonly cause: string };

export interface Traced {
  readonly kind: 'traced';
  /** `strace`: every process of the stage. `node`: its Node programs, and of the others nothing. */
  readonly by: 'strace' | 'node';
  readonly accesses: Accesses;
}

/** Files inside the project, by `isWatched`. Sorted by path, without repeats. */
export interface Accesses {
  /** Content that was read, less what the stage had written itself before. */
  readonly read: readonly FileRead[];
  /** Directories whose entries were listed. */
  readonly listed: readonly RepoPath[];
  /** Files that the stage wrote and that lay under this name when it ended. */
  readonly written: readonly RepoPath[];
}

export interface FileRead {
  /** As the program asked for it. */
  readonly path: RepoPath;
  /** Where symbolic links led, when that is another path inside the project. */
  readonly real?: RepoPath;
}

/** How what a stage really does differs from what it declares. */
export interface Undeclared {
  /** Inputs that no dep, param file or out of the stage covers. */
  readonly reads: readonly UndeclaredPath[];
  /** What it left behind that no out covers. */
  readonly writes: readonly UndeclaredPath[];
  /** Declared deps of which nothing was opened or listed. */
  readonly unread: readonly RepoPath[];
}

export interface UndeclaredPath {
  /** A file, or a directory that stands for several files in it. */
  readonly path: RepoPath;
  /** How many files it stands for. */
  readonly files: number;
  /** The stage that writes it. */
  readonly producer?: StageName;
}

/** `avian deps suggest`: by stage, from its latest run that was watched. */
export interface DepsView {
  readonly stages: readonly {
    readonly name: StageName;
    /** What paths in the stage's declaration are relative to. */
    readonly wdir: RepoPath;
    readonly attempt: AttemptId;
    /** ISO 8601, UTC. */
    readonly startedAt: string;
    readonly by: Traced['by'];
    /** The command was another one then. */
    readonly outdated: boolean;
    readonly undeclared: Undeclared;
  }[];
  /** Stages asked about of which no run was watched here. */
  readonly unwatched: readonly StageName[];
}

const TOOLING = new Set(['.git', 'node_modules', '__pycache__', 'site-packages']);
const OWN = new Set(['pipeline.yaml', 'pipeline.lock']);

/**
 * Whether an access to a path can be an input or an out of a stage. Not avian's and git's own files,
 * nor installed packages, which `tools` declares; nor package.json, which Node asks for with
 * every module to learn what kind of module it is.
 */
export function isWatched(path: RepoPath): boolean {
  if (path === '.' || path === 'cache' || path === 'cache/v1' || OWN.has(path)) return false;
  if (path.startsWith('cache/v1/')) return false;
  const parts = path.split('/');
  return parts.at(-1) !== 'package.json' && !parts.some((part) => TOOLING.has(part));
}
