import type { FoundResource, MonitoringKind, WantedResource } from '../model/monitoring.ts';
import type { Result } from '../model/result.ts';

/** Whose resources: those that carry these labels are ours, and no others are ever touched. */
export interface MonitoringScope {
  readonly project: string;
  readonly region: string;
  readonly service: string;
}

/** Why the API did not do it. `cause` is what it said. */
export type MonitoringFailure =
  | { readonly kind: 'no-client'; readonly cause: string }
  | { readonly kind: 'no-credentials'; readonly cause: string }
  | { readonly kind: 'denied'; readonly cause: string }
  | { readonly kind: 'quota'; readonly cause: string }
  | { readonly kind: 'unavailable'; readonly cause: string }
  /** `isGone`: there is none of that name. */
  | { readonly kind: 'refused'; readonly cause: string; readonly isGone: boolean };

/** Where what watches a service is kept. */
export interface Monitoring {
  /** Our resources of every kind, sorted by kind and key. */
  list(): Promise<Result<readonly FoundResource[], MonitoringFailure>>;
  /** Makes it with our labels; gives its name. */
  create(wanted: WantedResource): Promise<Result<string, MonitoringFailure>>;
  update(name: string, wanted: WantedResource): Promise<Result<void, MonitoringFailure>>;
  /** What is gone already counts as removed. */
  remove(kind: MonitoringKind, name: string): Promise<Result<void, MonitoringFailure>>;
  close(): Promise<void>;
}
