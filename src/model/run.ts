import type { ArtifactRef } from './artifact.ts';
import type { JsonObject, JsonValue } from './json.ts';
import type { AttemptId, Digest, Fingerprint, RepoPath, RunId, StageName } from './names.ts';
import type { StageFailure } from './failure.ts';

/** Everything that may change a stage's outs. Digested as canonical JSON; see engine/fingerprint.ts. */
export interface FingerprintInput {
  /** The recipe's version: a change of meaning gets a new number, and old runs still match by the old one. */
  readonly recipe: 1;
  readonly cmd: readonly string[];
  readonly wdir: RepoPath;
  /** By content, so that recomputing the same bytes upstream stops here (early cutoff). Sorted by path. */
  readonly deps: readonly DepInput[];
  /** Declared params only, by key as shown to people (`train.lr`, `other.yaml:key`). */
  readonly params: JsonObject;
  /** Which paths are promised decides what is committed, so a rename must run again. Sorted. */
  readonly outs: readonly RepoPath[];
  /** Null: the variable is not set. */
  readonly env: { readonly [name: string]: string | null };
  /** Versions by tool name; null: not found. */
  readonly tools: { readonly [tool: string]: string | null };
}

export interface DepInput {
  readonly path: RepoPath;
  readonly digest: Digest;
  readonly executable?: true;
}

/**
 * The record that a fingerprint produced these outs, when, where and from what. Immutable; its id
 * is the digest of its canonical JSON. At most 1 MiB. Failed attempts are recorded too: they carry
 * the log and the reason, and are never a cache hit.
 */
export interface RunRecord {
  readonly v: 1;
  readonly stage: StageName;
  readonly attempt: AttemptId;
  readonly fingerprint: Fingerprint;
  readonly input: FingerprintInput;
  readonly outs: { readonly [path: string]: ArtifactRef };
  readonly ending:
    { readonly kind: 'succeeded' } | { readonly kind: 'failed'; readonly failure: StageFailure };
  /** Metric file -> dotted name -> number. NaN and infinities are left out. */
  readonly metrics: { readonly [path: string]: { readonly [name: string]: number } };
  /** The whole configuration as composed for the invocation, and the override words. */
  readonly config: JsonObject;
  readonly overrides: readonly string[];
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly log?: { readonly digest: Digest; readonly size: number };
  /** Digest of what the probe printed, when the stage has one and it succeeded. */
  readonly probe?: Digest;
  readonly peakMemoryBytes?: number;
  /** No command ran: outs that lay there were taken for its result, by `avian commit` or from a DVC project. */
  readonly adopted?: Adoption;
  readonly provenance: Provenance;
}

export type Adoption = 'commit' | 'import-dvc';

export interface Provenance {
  readonly avian: string;
  readonly commit?: string;
  readonly dirty?: boolean;
  readonly host: string;
  readonly user: string;
  readonly platform: string;
  readonly executor: 'local';
  /** Facts a stage tells about itself through `avian:fact name=value` lines, such as its backend. */
  readonly facts?: { readonly [name: string]: JsonValue };
}

export interface Run extends RunRecord {
  readonly id: RunId;
}
