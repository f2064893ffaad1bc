import type { ContentChange } from './artifact.ts';
import type { Deployment } from './deployment.ts';
import type { LockPlace } from './merge-locks.ts';
import type { JsonValue } from './json.ts';
import type { AttemptId, Digest, RepoPath, RunId, StageName } from './names.ts';
import type { StageFailure } from './failure.ts';
import type { Gate } from './pipeline.ts';
import type { NonEmptyArray } from './result.ts';
import type { Adoption, Run } from './run.ts';
import type { StaleReason, Verdict } from './verdict.ts';

/*
 * Answers to questions, as commands give them and report shows them: facts without words. Commands
 * build these values, report turns them into text or JSON, cli connects the two.
 */

/** `avian status`, and `avian repro --dry`: stages in topological order. */
export interface StatusView {
  readonly stages: readonly StageStatus[];
  /** Sources that branches changed apart before they were merged; absent when there are none. */
  readonly contested?: NonEmptyArray<RepoPath>;
}

export interface StageStatus {
  readonly name: StageName;
  readonly verdict: Verdict;
}

/** `avian why <stage>`: the stage's own verdict, and the way up to the change that causes it. */
export interface WhyView {
  readonly stage: StageName;
  readonly verdict: Verdict;
  /** Nearest producer first, root cause last; empty when the stage itself is the root. */
  readonly chain: readonly WhyLink[];
  /** The latest run of the stage, of any ending; what the reasons compare with. */
  readonly latest?: Run;
}

export interface WhyLink {
  readonly stage: StageName;
  /** The out of this stage through which it reaches the one before it in the chain. */
  readonly via: RepoPath;
  readonly verdict: Verdict;
}

/** `avian dag`: stages in topological order; `needs` are the producers of their deps. */
export interface DagView {
  readonly stages: readonly DagStage[];
}

export interface DagStage {
  readonly name: StageName;
  readonly needs: readonly StageName[];
  readonly outs: readonly RepoPath[];
  readonly desc?: string;
  /** Present when the question asked for it. */
  readonly verdict?: Verdict['kind'];
}

export type Direction = 'maximize' | 'minimize';

/** `avian metrics show`. */
export interface MetricsView {
  readonly files: readonly {
    readonly path: RepoPath;
    readonly stage?: StageName;
    /** By dotted name; NaN and infinities were left out when they were recorded. */
    readonly values: { readonly [name: string]: number };
    /** Names listed by a gate or a direction; others have no better or worse. */
    readonly direction?: { readonly [name: string]: Direction };
  }[];
}

/** `avian metrics diff [before] [after]`: only what differs, unless `all` was asked for. */
export interface MetricsDiffView {
  readonly before: string;
  readonly after: string;
  readonly rows: readonly {
    readonly path: RepoPath;
    readonly name: string;
    readonly before: number | undefined;
    readonly after: number | undefined;
    readonly direction?: Direction;
  }[];
}

/** `avian params diff`: only what differs, unless `all` was asked for. */
export interface ParamsDiffView {
  readonly before: string;
  readonly after: string;
  readonly rows: readonly {
    readonly key: string;
    readonly before: JsonValue | undefined;
    readonly after: JsonValue | undefined;
  }[];
}

/** `avian lineage`: a graph unrolled into a tree; what was shown before is `repeated`, without links. */
export interface LineageView {
  /** Up: artifact -> run that made it -> what that run read. Down: the other way. */
  readonly direction: 'up' | 'down';
  readonly root: LineageNode;
}

export type LineageNode =
  | {
      readonly kind: 'artifact';
      readonly path: RepoPath;
      readonly digest: Digest;
      readonly size?: number;
      readonly files?: number;
      readonly links: readonly LineageNode[];
      readonly repeated?: true;
    }
  | {
      readonly kind: 'run';
      readonly run: Run;
      readonly links: readonly LineageNode[];
      readonly repeated?: true;
    }
  | {
      readonly kind: 'deployment';
      readonly deployment: Deployment;
      /** Upwards: the image it runs, where lineage knows it. */
      readonly links: readonly LineageNode[];
    };

/** `avian logs <stage>`: one attempt's output, both streams as they came. */
export interface LogsView {
  readonly stage: StageName;
  readonly attempt: AttemptId;
  readonly run?: RunId;
  /** ISO 8601, UTC. */
  readonly startedAt?: string;
  readonly durationMs?: number;
  readonly ending?:
    { readonly kind: 'succeeded' } | { readonly kind: 'failed'; readonly failure: StageFailure };
  /** Present when no command ran, and so nothing was printed. */
  readonly adopted?: Adoption;
  readonly chunks: readonly { readonly stream: 'stdout' | 'stderr'; readonly chunk: string }[];
}

/** `avian verify`: whether pipeline.lock belongs to what is declared, configured and coded. */
export interface VerifyView {
  readonly stages: readonly {
    readonly name: StageName;
    readonly check: LockCheck;
    readonly gates: readonly GateCheck[];
  }[];
  /** Sources that branches changed apart before they were merged. */
  readonly contested: readonly RepoPath[];
  /** Stages of the lock that pipeline.yaml does not have. */
  readonly undeclared: readonly StageName[];
}

export type LockCheck =
  | { readonly kind: 'verified' }
  | { readonly kind: 'frozen' }
  | { readonly kind: 'stale'; readonly reasons: NonEmptyArray<StaleReason> }
  /** Deps inside data that is not at hand: what they hold cannot be told from the lock alone. */
  | { readonly kind: 'unchecked'; readonly beyond: NonEmptyArray<RepoPath> };

export interface GateCheck {
  readonly path: RepoPath;
  readonly gate: Gate;
  /** Unknown: the metrics of what the lock holds are not at hand. */
  readonly state: 'held' | 'failed' | 'unknown';
  readonly actual?: number;
}

/** `avian merge-lock`. */
export interface MergedLockView {
  /** False: there was nothing to merge. */
  readonly merged: boolean;
  /** Changed on both sides: stale until `repro`, `add` or a choice settles them. */
  readonly conflicts: readonly LockPlace[];
  /** Removed on one side and changed on the other. */
  readonly kept: readonly LockPlace[];
  /** git knows that its conflict is resolved. */
  readonly toldGit: boolean;
}

/** `avian doctor`: what was looked at, and what to do where it is not well. */
export interface DoctorView {
  readonly checks: NonEmptyArray<{
    readonly name: string;
    readonly state: 'ok' | 'warning' | 'failed';
    readonly detail: string;
    readonly hint?: string;
  }>;
}

/** Deployments by name with whether they answer: `avian deploy`, `stop` and `rollback` show these. */
export interface DeploymentsView {
  readonly deployments: readonly {
    readonly deployment: Deployment;
    readonly state: 'serving' | 'starting' | 'stopped' | 'dead';
  }[];
}

/** `avian checkout`, `add`, `import-url` and `update`: what was done with which path. */
export interface PathsView {
  readonly paths: readonly {
    readonly path: RepoPath;
    readonly done: 'added' | 'imported' | 'updated' | 'restored' | 'unchanged' | 'removed';
    readonly digest?: Digest;
    readonly size?: number;
    readonly files?: number;
    readonly changes?: readonly ContentChange[];
    /** Where what lay there before was moved, when it was in no cache. */
    readonly kept?: string;
  }[];
}
