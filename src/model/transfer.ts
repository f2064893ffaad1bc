/** Requests as Google bills them: A creates and lists, B reads, deleting is free. */
export interface RequestCounts {
  readonly a: number;
  readonly b: number;
  readonly free: number;
}

/** What one command asked of one remote. Every try counts, and so do those that failed. */
export interface Transfer {
  /** ISO 8601, UTC: when it ended. */
  readonly at: string;
  /** `avian push`. */
  readonly command: string;
  readonly remote: string;
  readonly url: string;
  readonly requests: RequestCounts;
  /** Bytes of objects that were sent and received. */
  readonly sent: number;
  readonly received: number;
  readonly durationMs: number;
}

/** What a remote costs, in US dollars; `gb` is 2^30 bytes, as Google counts. */
export interface Prices {
  /** Of one GB stored for a month. */
  readonly storage: number;
  /** Of 1,000 requests of each class. */
  readonly classA: number;
  readonly classB: number;
  /** Of one GB received. */
  readonly egress: number;
}
