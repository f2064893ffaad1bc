/** One request to a service. */
export interface ProbeRequest {
  readonly url: string;
  /** Sent as a form with one file (POST); without it the request is a GET. */
  readonly form?: { readonly field: string; readonly file: string };
  /** Sent as a bearer token. */
  readonly token?: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface ProbeAnswer {
  /** Undefined when no answer came. */
  readonly status: number | undefined;
  readonly ms: number;
  /** Why no answer came, or how one that is no success begins; at most 200 characters. */
  readonly reason?: string;
}

/** Asks a service as its users do. */
export interface Prober {
  /** Files that a form sends: the file itself, or those right in a folder, in order, at most `limit`. */
  files(path: string, limit: number): readonly string[];
  /** Never fails: what went wrong is the answer. @throws the signal's reason when it aborts. */
  ask(request: ProbeRequest): Promise<ProbeAnswer>;
}
