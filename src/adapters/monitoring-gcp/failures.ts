import type { MonitoringFailure } from '../../ports/monitoring.ts';

/** An answer of the Dashboards API that is no success. */
export class DashboardFailure extends Error {
  /** The gRPC code that the API itself gives such an HTTP status. */
  readonly code: number;

  constructor(status: number, message: string) {
    super(message);
    this.code = CODES[status] ?? (status >= 500 ? UNAVAILABLE : INVALID);
  }
}

const [INVALID, DEADLINE, NOT_FOUND, DENIED, EXHAUSTED, UNAVAILABLE, UNAUTHENTICATED] = [
  3, 4, 5, 7, 8, 14, 16,
] as const;

const CODES: { readonly [status: number]: number } = {
  400: INVALID,
  401: UNAUTHENTICATED,
  403: DENIED,
  404: NOT_FOUND,
  429: EXHAUSTED,
};

/** What an error of Google's client means. Anything that is none, a bug, is thrown on. */
export function failureOf(error: unknown): MonitoringFailure {
  if (!(error instanceof Error)) throw error;
  const { code } = error as Error & { readonly code?: unknown };
  const cause = error.message.replaceAll(/\s+/g, ' ').trim();
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') {
    return { kind: 'no-client', cause: 'the package @google-cloud/monitoring is not installed' };
  }
  if (
    /default credentials|credentials? file|does not exist, or it is not a file|invalid_grant|invalid_rapt/i.test(
      cause,
    )
  ) {
    return { kind: 'no-credentials', cause };
  }
  switch (code) {
    case UNAUTHENTICATED:
      return { kind: 'no-credentials', cause };
    case DENIED:
      return { kind: 'denied', cause };
    case EXHAUSTED:
      return { kind: 'quota', cause };
    case UNAVAILABLE:
    case DEADLINE:
      return { kind: 'unavailable', cause };
    case NOT_FOUND:
      return { kind: 'refused', cause, isGone: true };
    default:
      // A code of gRPC is a number, one of Node's network a text; an error with neither is ours.
      if (typeof code === 'number') return { kind: 'refused', cause, isGone: false };
      if (typeof code === 'string') return { kind: 'unavailable', cause };
      throw error;
  }
}
