import type { Digest } from './names.ts';

/** Content with an address. `size` is in bytes, summed over files; `files` counts regular files and links. */
export type Artifact = Blob | Tree;

export interface Blob {
  readonly kind: 'blob';
  readonly digest: Digest;
  readonly size: number;
  readonly executable: boolean;
}

export interface Tree {
  readonly kind: 'tree';
  readonly digest: Digest;
  readonly size: number;
  readonly files: number;
}

/** What the lock and a run record hold of an artifact: enough to restore it. `files` only for a tree. */
export interface ArtifactRef {
  readonly digest: Digest;
  readonly size: number;
  readonly files?: number;
  /** Present and true when a blob carries the executable bit. */
  readonly executable?: true;
}

export const toRef = (artifact: Artifact): ArtifactRef => ({
  digest: artifact.digest,
  size: artifact.size,
  ...(artifact.kind === 'tree' && { files: artifact.files }),
  ...(artifact.kind === 'blob' && artifact.executable && { executable: true as const }),
});

export const fromRef = (ref: ArtifactRef): Artifact =>
  ref.files === undefined
    ? { kind: 'blob', digest: ref.digest, size: ref.size, executable: ref.executable === true }
    : { kind: 'tree', digest: ref.digest, size: ref.size, files: ref.files };

/** A directory of which no more than its digest is known, such as a dep in an old record. */
export interface TreeDigest {
  readonly tree: Digest;
}

/** Same bytes and, for a file, the same executable bit. */
export const sameContent = (a: ArtifactRef, b: ArtifactRef): boolean =>
  a.digest === b.digest &&
  (a.files === undefined) === (b.files === undefined) &&
  (a.executable === true) === (b.executable === true);

/** Whether `outs` has all that `wanted` has, with the same content; it may have more. */
export const covers = (
  outs: { readonly [path: string]: ArtifactRef },
  wanted: { readonly [path: string]: ArtifactRef },
): boolean =>
  Object.entries(wanted).every(([path, ref]) => {
    const found = outs[path];
    return found !== undefined && sameContent(found, ref);
  });

/** One difference between two artifacts; `path` is relative to the artifact, `''` for a file itself. */
export interface ContentChange {
  readonly path: string;
  readonly kind: 'added' | 'removed' | 'modified';
}
