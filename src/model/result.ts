/** How an operation ended when failing is expected. Bugs throw instead. */
export type Result<T, E> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });
export const err = <E>(error: E): { readonly ok: false; readonly error: E } => ({
  ok: false,
  error,
});

export type NonEmptyArray<T> = readonly [T, ...T[]];

export const isNonEmpty = <T>(array: readonly T[]): array is NonEmptyArray<T> => array.length > 0;

/** For the default branch of a switch over a union: the compiler finds a forgotten member. */
export function assertNever(value: never): never {
  throw new Error(`bug: no branch for ${JSON.stringify(value)}`);
}
