import type { Remote } from './remote.ts';
import type { Prices, RequestCounts, Transfer } from './transfer.ts';

/** What lies in a remote. */
export interface Stored {
  readonly objects: number;
  readonly bytes: number;
}

export interface RemoteCost {
  readonly remote: Remote;
  readonly prices: Prices;
  /** True while pipeline.yaml does not say any. */
  readonly isUsual: boolean;
  readonly last?: Transfer & { readonly dollars: number };
  readonly all: {
    readonly transfers: number;
    readonly requests: RequestCounts;
    readonly sent: number;
    readonly received: number;
    readonly dollars: number;
    /** ISO 8601, UTC. */
    readonly since?: string;
  };
  readonly stored?: Stored & { readonly dollarsPerMonth: number };
  /** Why it is not known what is stored. */
  readonly unknown?: string;
}

/** `avian cost`: of the transfers of this machine. */
export interface CostView {
  readonly remotes: readonly RemoteCost[];
  /** When the prices that pipeline.yaml does not say were read, as a date. */
  readonly pricesAsOf: string;
}
