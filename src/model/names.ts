declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** `b3:<64 hex>`: the BLAKE3 digest of an object's bytes, and so its address. */
export type Digest = Branded<string, 'Digest'>;
/** `f1:<64 hex>`: BLAKE3 of a stage's fingerprint input; the number is the recipe's version. */
export type Fingerprint = Branded<string, 'Fingerprint'>;
/** 64 hex digits: BLAKE3 of a run record's canonical JSON. */
export type RunId = Branded<string, 'RunId'>;
/** A path relative to the project's root, POSIX separators, normalised, never leaving it. `.` is the root. */
export type RepoPath = Branded<string, 'RepoPath'>;
export type StageName = Branded<string, 'StageName'>;
/** Names one attempt to run a stage before its record exists: `20261123T101500Z-7f3a9c`. Sorts by time. */
export type AttemptId = Branded<string, 'AttemptId'>;

export const parseDigest = (text: string): Digest | undefined =>
  /^b3:[0-9a-f]{64}$/.test(text) ? (text as Digest) : undefined;

export const parseFingerprint = (text: string): Fingerprint | undefined =>
  /^f[1-9][0-9]*:[0-9a-f]{64}$/.test(text) ? (text as Fingerprint) : undefined;

/** `20261123T101500Z-7f3a9c`: sorts by time, unique by the nonce of six hex digits. */
export const attemptId = (now: number, nonce: string): AttemptId =>
  `${new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z-${nonce}` as AttemptId;

export const parseAttemptId = (text: string): AttemptId | undefined =>
  /^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}$/.test(text) ? (text as AttemptId) : undefined;

/**
 * Letters, digits, `_`, `-` and `.`, not starting with `-` or `.`. Behind an `@` a member of a group
 * has the value that it was made for, with any characters but control characters.
 */
export const parseStageName = (text: string): StageName | undefined =>
  /^[A-Za-z0-9_][A-Za-z0-9_.-]*(@[^\x00-\x1f\x7f]*)?$/.test(text) ? (text as StageName) : undefined;

/** `train` of `train@a`; undefined for a stage that is no member of a group. */
export function groupOf(name: StageName): string | undefined {
  const at = name.indexOf('@');
  return at < 0 ? undefined : name.slice(0, at);
}

/**
 * Normalises a path that is relative to `base` (itself relative to the root).
 * Undefined when it is absolute, empty, contains a NUL or a backslash, or leaves the project.
 */
export function parseRepoPath(text: string, base: RepoPath = ROOT): RepoPath | undefined {
  if (text === '' || text.startsWith('/') || /[\0\\]/.test(text)) return undefined;
  const parts: string[] = base === ROOT ? [] : base.split('/');
  for (const part of text.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return (parts.length === 0 ? '.' : parts.join('/')) as RepoPath;
}

export const ROOT = '.' as RepoPath;

/** True when `inner` is `outer` or lies below it. */
export const contains = (outer: RepoPath, inner: RepoPath): boolean =>
  outer === ROOT || inner === outer || inner.startsWith(`${outer}/`);

/** True when they are one path, or one of them lies below the other. */
export const overlap = (a: RepoPath, b: RepoPath): boolean => contains(a, b) || contains(b, a);
