import type { Deployment, DeployTarget, GateResult } from './deployment.ts';

/** One revision of a service, and how much of the requests it gets. */
export interface RolloutRevision {
  readonly revision: string;
  readonly percent: number;
  readonly ready: boolean;
  /** `HOST/NAME@sha256:…`, or the digest alone. */
  readonly image: string;
  readonly tags: readonly { readonly tag: string; readonly url?: string }[];
  /** As this project recorded it last; undefined for what others deployed. */
  readonly deployment?: Deployment;
}

/** `avian rollout status`: who gets which requests, and what is easily overlooked about it. */
export interface RolloutView {
  readonly name: string;
  readonly target: DeployTarget;
  readonly url?: string;
  readonly resource?: string;
  /** `ready`, `reconciling`, `stopped`, or why it is neither. */
  readonly condition: string;
  /** Newest first. */
  readonly revisions: readonly RolloutRevision[];
  /** A change that a command of this machine began and did not see the end of. */
  readonly pending?: { readonly operation: string; readonly startedAt: string };
  readonly notes: readonly string[];
}

/** How `deploy` and `rollout promote` ended on a target that splits traffic. */
export interface Promoted {
  /** `kept`: all was as asked for. `tagged`: a revision without traffic, as asked for. */
  readonly kind: 'kept' | 'deployed' | 'tagged';
  readonly deployment: Deployment;
  readonly gates: readonly GateResult[];
  /** Leads to the revision alone, while it has a tag. */
  readonly tagUrl?: string;
  readonly notes: readonly string[];
}
