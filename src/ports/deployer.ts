import type { DeployTarget } from '../model/deployment.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { Result } from '../model/result.ts';
import type { StoredImage } from './image-store.ts';

/** What makes two revisions the same one: equal settings need no new revision. */
export interface RevisionSettings {
  /** Manifest digest, `sha256:<hex>`. */
  readonly image: string;
  /** Path that answers 200 when the service is ready, such as `/readyz`. */
  readonly health: string;
  /** Added to the image's own environment. */
  readonly env: { readonly [name: string]: string };
}

/** A layout on this machine, or what a registry has under a digest. */
export type DeployableImage =
  | { readonly kind: 'layout'; readonly image: StoredImage }
  | {
      readonly kind: 'reference';
      /** `HOST/NAME@sha256:<hex>` */
      readonly reference: string;
    };

export interface RevisionView {
  /** `<name>-00003`. */
  readonly revision: string;
  readonly settings: RevisionSettings;
  /** False when its content is gone (pruned, or it never became healthy). */
  readonly restorable: boolean;
}

/** The revision that gets the traffic. */
export interface LiveRevision {
  readonly revision: string;
  readonly url: string;
  readonly image: string;
  /** Of the service itself, where the target has processes. */
  readonly pid?: number;
  /** Start time of that process in kernel clock ticks since boot: tells a reused pid. */
  readonly startTicks?: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** How often the supervisor had to start it again since it went live. */
  readonly restarts: number;
}

export type Condition =
  | { readonly kind: 'healthy' }
  /** Should be serving and is not. */
  | { readonly kind: 'unhealthy'; readonly reason: string }
  | { readonly kind: 'stopped' };

export interface DeploymentView {
  readonly name: string;
  readonly condition: Condition;
  /** The revision meant to be in service; also after `stop`, or when it has died. */
  readonly live?: LiveRevision;
  /** Oldest first. */
  readonly revisions: readonly RevisionView[];
}

/**
 * Somewhere services run. Verbs are small enough that a command can compose them and a cloud
 * service can provide them: `prepare` makes a revision without traffic, `activate` checks its health
 * and moves the traffic, both idempotent.
 */
export interface Deployer {
  readonly target: DeployTarget;
  /** One command at a time per deployment; a second one waits and is told so through `onWait`. */
  exclusively<T>(
    name: string,
    options: { readonly signal: AbortSignal; readonly onWait: () => void },
    work: () => Promise<T>,
  ): Promise<T>;
  names(): Promise<readonly string[]>;
  /** Asks the live service for its health (at most 3 s). Undefined when nothing was ever deployed. */
  inspect(name: string): Promise<DeploymentView | undefined>;
  prepare(
    name: string,
    revision: string,
    image: DeployableImage,
    settings: RevisionSettings,
  ): Promise<Result<void, Problem>>;
  /**
   * Starts the revision, waits for its health, then moves the traffic; the old one drains.
   * On failure whatever served before still serves, and the problem carries the last log lines.
   */
  activate(
    name: string,
    revision: string,
    options: ActivateOptions,
  ): Promise<Result<LiveRevision, Problem>>;
  /** Takes the service down; revisions stay, so that `activate` can bring one back. False when it was down. */
  stop(name: string, signal: AbortSignal): Promise<Result<boolean, Problem>>;
  /** Removes the content of revisions not in `content`, and everything of those not in `records`. */
  prune(
    name: string,
    keep: { readonly content: readonly string[]; readonly records: readonly string[] },
  ): Promise<void>;
}

export interface ActivateOptions {
  /** Undefined: the port of before, else a free one. */
  readonly port: number | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}
