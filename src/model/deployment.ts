import type { Digest } from './names.ts';

/** Where a service is put: processes or containers of this machine, or Cloud Run. */
export type DeployTarget = 'local' | 'docker' | 'cloud-run';

/** What stood between a revision and its traffic, and the number that was found. */
export interface GateResult {
  /** As people read it: `artifacts/metrics.json: accuracy >= 0.9`. */
  readonly gate: string;
  /** As found, with its unit; absent when nothing was there to be measured. */
  readonly actual?: string;
  readonly passed: boolean;
}

/** One revision put into service: who answers at a URL, from which image. */
export interface Deployment {
  readonly v: 1;
  readonly name: string;
  readonly target: DeployTarget;
  /** `<name>-00003`: counts up per name. */
  readonly revision: string;
  readonly url: string;
  /** Of the service, where the target has processes on this machine. */
  readonly pid?: number;
  /** Kernel clock ticks since boot at which `pid` started: a reused pid has others. */
  readonly startTicks?: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** sha256:<hex> of the image manifest, as registries name it. */
  readonly image: string;
  /** Where the target pulled it from: `HOST/NAME@sha256:<hex>`. */
  readonly reference?: string;
  /** BLAKE3 digest of the image directory as an avian artifact, which lineage knows as an out. */
  readonly artifact?: Digest;
  /** The host that deployed it. */
  readonly host: string;
  /** The service's own name at the target: `projects/p/locations/r/services/s`. */
  readonly resource?: string;
  /** Percent of the requests at `url`; absent: all of them. */
  readonly traffic?: number;
  readonly gates?: readonly GateResult[];
  /** Why a gate that did not hold was no reason to stop. */
  readonly override?: string;
}
