import type { Span } from './diagnostic.ts';
import type { JsonObject, JsonValue } from './json.ts';
import type { RepoPath, StageName } from './names.ts';
import type { PlotDeclaration } from './plot.ts';
import type { Remotes } from './remote.ts';

/**
 * A validated `pipeline.yaml`. Plain JSON throughout, so that it can be cached by the digests of
 * the files it came from and loaded without a YAML parser.
 */
export interface Pipeline {
  readonly stages: readonly Stage[];
  readonly tasks: readonly Task[];
  /** Charts that belong to no stage; absent where none are declared. */
  readonly plots?: readonly PlotDeclaration[];
  /** Absent where none are declared. */
  readonly remotes?: Remotes;
}

export interface Stage {
  readonly name: StageName;
  /** Run in order by `sh -c`, in `wdir`; the first failure ends the stage. */
  readonly cmd: readonly string[];
  readonly wdir: RepoPath;
  readonly desc?: string;
  /** What the stage reads, relative to the root; globs are not expanded here. */
  readonly deps: readonly RepoPath[];
  readonly params: readonly ParamSelector[];
  /** Artifacts, metrics and plots alike. */
  readonly outs: readonly Out[];
  /** Environment variables whose values enter the fingerprint. */
  readonly env: readonly EnvInput[];
  /** `node`, `npm:<package>`: versions that enter the fingerprint. */
  readonly tools: readonly string[];
  readonly resources: Resources;
  readonly timeoutMs?: number;
  readonly retry: Retry;
  /** The stage is given a directory that survives a kill and is cleared when its inputs change. */
  readonly checkpoint: boolean;
  /** A run older than this is stale. */
  readonly ttlMs?: number;
  /** A command; failing or changing its output makes the stage stale. At most 5 s. */
  readonly probe?: string;
  /** Changes the outside: judged by its latest run on this machine and its probe, never restored. */
  readonly effect: boolean;
  readonly executor: 'local';
  readonly frozen: boolean;
  readonly alwaysChanged: boolean;
  readonly meta?: JsonValue;
  readonly span: Span;
}

export interface ParamSelector {
  /** Root-relative file; `params.yaml` means the composed configuration, overrides included. */
  readonly file: RepoPath;
  /** Dotted key; absent for the whole file. */
  readonly key?: string;
}

/** `NAME` takes avian's own environment, `NAME: value` sets it for the command. */
export interface EnvInput {
  readonly name: string;
  readonly value?: string;
}

/** How a restored file holds its bytes: as a copy (sharing blocks where possible), or as one more name of the object. */
export type LinkKind = 'copy' | 'hardlink';

export interface Out {
  readonly path: RepoPath;
  readonly role: 'artifact' | 'metrics' | 'plots';
  /** False: stays in the workspace (and git), is digested but not stored. */
  readonly cache: boolean;
  readonly push: boolean;
  /** Not moved aside before the command starts. */
  readonly persist: boolean;
  /** Absent for copies. Never for an out that persists: its command writes into it. */
  readonly link?: 'hardlink';
  readonly desc?: string;
  readonly type?: string;
  readonly meta?: JsonValue;
  /** Metrics only: which way is better, by dotted metric name or `*`. */
  readonly direction?: { readonly [metric: string]: 'maximize' | 'minimize' };
  /** Metrics only: the stage fails when one does not hold. */
  readonly gates?: readonly Gate[];
  /** Plots only: x, y, template, title, labels as declared. */
  readonly plot?: JsonObject;
  readonly span: Span;
}

export interface Gate {
  readonly metric: string;
  readonly comparison: '>=' | '>' | '<=' | '<' | '==';
  readonly bound: number;
}

export function holds({ comparison, bound }: Gate, actual: number): boolean {
  switch (comparison) {
    case '>=':
      return actual >= bound;
    case '>':
      return actual > bound;
    case '<=':
      return actual <= bound;
    case '<':
      return actual < bound;
    case '==':
      return actual === bound;
  }
}

/** Slots a stage occupies while it runs. `memory` in bytes. */
export interface Resources {
  readonly cpu: number;
  readonly gpu: number;
  readonly memory: number;
}

export interface Retry {
  /** Further attempts after the first failure. */
  readonly times: number;
  readonly delayMs: number;
}

/** A program of the project that is no stage, run by `avian run <task>`. */
export interface Task {
  readonly name: string;
  readonly cmd: readonly string[];
  readonly wdir: RepoPath;
  readonly desc?: string;
  readonly params: readonly ParamSelector[];
  readonly env: readonly EnvInput[];
}

/** What reading a project gives: the pipeline, and the configuration composed for this invocation. */
export interface Project {
  readonly pipeline: Pipeline;
  /** `params.yaml` composed with its config groups and the overrides. */
  readonly config: JsonObject;
  /** Parameter files other than `params.yaml` that some stage names, parsed. */
  readonly paramFiles: { readonly [file: string]: JsonValue };
  /** Override words as given, in order. */
  readonly overrides: readonly string[];
}
