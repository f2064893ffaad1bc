import type { Digest } from './names.ts';

/** Where a service is put. `cloud-run` is reserved: its adapter comes with the shipping issue. */
export type DeployTarget = 'local' | 'cloud-run';

/** One revision put into service: who answers at a URL, from which image. */
export interface Deployment {
  readonly v: 1;
  readonly name: string;
  readonly target: DeployTarget;
  /** `<name>-00003`: counts up per name. */
  readonly revision: string;
  readonly url: string;
  readonly pid: number;
  /** Kernel clock ticks since boot at which `pid` started: a reused pid has others. */
  readonly startTicks?: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** sha256:<hex> of the image manifest, as registries name it. */
  readonly image: string;
  /** BLAKE3 digest of the image directory as an avian artifact, which lineage knows as an out. */
  readonly artifact?: Digest;
  readonly host: string;
}
