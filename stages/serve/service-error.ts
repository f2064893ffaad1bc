/** What a client did wrong, or why the service cannot answer now: becomes `{error:{code,message,hint}}`. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly status: number;
  /** Permanent, for programs. */
  readonly code: ErrorCode;
  /** What to do about it, for people. */
  readonly hint: string;

  constructor(code: ErrorCode, message: string, hint: string) {
    super(message);
    this.code = code;
    this.status = errorStatus[code];
    this.hint = hint;
  }
}

export const errorStatus = {
  'no-photograph': 400,
  'bad-request': 400,
  'not-found': 404,
  'method-not-allowed': 405,
  'too-slow': 408,
  'photograph-too-large': 413,
  'not-a-form': 415,
  'unsupported-format': 415,
  'broken-photograph': 422,
  'headers-too-large': 431,
  'internal-error': 500,
  'too-busy': 503,
} as const;

export type ErrorCode = keyof typeof errorStatus;

/** The body of every error answer. */
export function errorBody(code: ErrorCode, message: string, hint: string) {
  return { error: { code, message, hint } };
}
