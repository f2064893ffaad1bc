import { problem } from '../model/diagnostic.ts';
import type { ArtifactRef } from '../model/artifact.ts';
import type { Digest } from '../model/names.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { SizedObject } from '../model/remote.ts';
import { DEEPEST } from '../model/tree.ts';
import type { TransferObjects } from '../ports/transfer-objects.ts';

/** Something of the project with its content: a source, an out, or a part of one. */
export interface Want {
  readonly path: string;
  readonly ref: ArtifactRef;
}

/** Every object that wants consist of, each once: tree nodes top down, blobs in the order of the trees. */
export interface Closure {
  readonly nodes: readonly SizedObject[];
  readonly blobs: readonly SizedObject[];
  /** Tree nodes that the cache does not have, with a path of their directory. */
  readonly absent: ReadonlyMap<Digest, string>;
}

/** Walks the trees of the cache. */
export function closureOf(
  wants: readonly Want[],
  objects: Pick<TransferObjects, 'readNode'>,
): Closure {
  const nodes = new Map<Digest, SizedObject>();
  const blobs = new Map<Digest, SizedObject>();
  const absent = new Map<Digest, string>();

  const walk = (digest: Digest, path: string, depth: number): void => {
    if (nodes.has(digest) || absent.has(digest)) return;
    if (depth >= DEEPEST) throw tooDeep(path);
    const read = objects.readNode(digest, depth);
    if (!read.ok) {
      if (read.error.kind === 'refused') throw unsafe(path, read.error.cause);
      absent.set(digest, path);
      return;
    }
    const { node, size } = read.value;
    nodes.set(digest, { digest, size });
    if (node.kind === 'split') {
      for (const part of node.parts) walk(part.digest, path, depth);
      return;
    }
    for (const entry of node.entries) {
      if (entry.kind === 'file')
        blobs.set(entry.digest, { digest: entry.digest, size: entry.size });
      else if (entry.kind === 'directory') walk(entry.digest, `${path}/${entry.name}`, depth + 1);
    }
  };
  for (const { path, ref } of wants) {
    if (ref.files === undefined) blobs.set(ref.digest, { digest: ref.digest, size: ref.size });
    else walk(ref.digest, path, 0);
  }
  return { nodes: [...nodes.values()], blobs: [...blobs.values()], absent };
}

export const tooDeep = (path: string): ProblemError =>
  new ProblemError(
    problem(
      'corruption',
      'remote/unsafe-tree',
      `${path.slice(0, 200)} is refused: it lies more than ${DEEPEST} directories deep`,
    ),
  );

export const unsafe = (path: string, cause: string): ProblemError =>
  new ProblemError(
    problem(
      'corruption',
      'remote/unsafe-tree',
      `${path.slice(0, 200)} is refused: ${cause}`,
      'nothing of it was written',
    ),
  );
