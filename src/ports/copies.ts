import type { Digest } from '../model/names.ts';

/** Whether objects of this cache also lie somewhere else. */
export interface Copies {
  /** Those of the digests that another place was just seen to hold whole, or why nobody can say. */
  verified(digests: readonly Digest[]): Promise<
    | { readonly kind: 'verified'; readonly digests: ReadonlySet<Digest> }
    | { readonly kind: 'no-remote' }
    /** There are remotes, and none of them answered. */
    | { readonly kind: 'unreachable'; readonly cause: string }
  >;
}
