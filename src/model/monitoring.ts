import type { JsonObject } from './json.ts';

/** What watches a service, as monitoring.yaml says it. */
export interface MonitoringSettings {
  readonly project: string;
  readonly region: string;
  readonly service: string;
  /** By name. */
  readonly channels: { readonly [name: string]: Channel };
  /** Names of `channels`. */
  readonly notify: readonly string[];
  readonly slos: {
    readonly availability?: Objective;
    readonly latency?: Objective & { readonly belowMs: number };
    readonly cpu?: Objective & { readonly below: number };
  };
  readonly burnRates: { readonly fast: BurnRate; readonly slow: BurnRate };
  readonly alerts: {
    /** A second. */
    readonly requests?: Threshold;
    /** Share of the CPU, 0..1. */
    readonly cpu?: Threshold;
    /** Bytes a second. */
    readonly ingress?: Threshold;
  };
  readonly dashboard: boolean;
}

/** `existing` was made by somebody else and is only pointed at. */
export type Channel =
  | { readonly kind: 'email'; readonly address: string }
  | { readonly kind: 'existing'; readonly name: string };

export interface Objective {
  /** 0..1 */
  readonly goal: number;
  readonly windowDays: number;
}

export interface BurnRate {
  readonly rate: number;
  readonly windowSeconds: number;
  readonly shortSeconds: number;
}

export interface Threshold {
  readonly above: number;
  /** Whole minutes. */
  readonly forSeconds: number;
}

/** In the order in which they are made: later ones refer to earlier ones. */
export const MONITORING_KINDS = ['service', 'slo', 'channel', 'policy', 'dashboard'] as const;
export type MonitoringKind = (typeof MONITORING_KINDS)[number];

/** A resource as it should be. `body` is what the API takes, without the name. */
export interface WantedResource {
  readonly kind: MonitoringKind;
  /** Unique among the service's resources of its kind, and the same from run to run: `slo-latency`. */
  readonly key: string;
  /** For people. */
  readonly title: string;
  readonly body: JsonObject;
}

/** A resource of ours that is there. */
export interface FoundResource {
  readonly kind: MonitoringKind;
  readonly key: string;
  /** The API's name of it. */
  readonly name: string;
  /** With whatever the API filled in. */
  readonly body: JsonObject;
}

export type MonitoringAction =
  | { readonly kind: 'create'; readonly wanted: WantedResource }
  | {
      readonly kind: 'update';
      readonly wanted: WantedResource;
      readonly found: FoundResource;
      /** Dotted paths in the body. */
      readonly changed: readonly string[];
    }
  | { readonly kind: 'keep'; readonly wanted: WantedResource; readonly found: FoundResource }
  | { readonly kind: 'delete'; readonly found: FoundResource };

export interface MonitoringView {
  readonly project: string;
  readonly region: string;
  readonly service: string;
  /** False: only said. */
  readonly applied: boolean;
  readonly actions: readonly MonitoringAction[];
}
