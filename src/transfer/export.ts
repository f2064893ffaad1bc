import type { Problem } from '../model/diagnostic.ts';
import type { Result } from '../model/result.ts';
import { DEEPEST, type TreeNode } from '../model/tree.ts';
import type { Digest } from '../model/names.ts';
import type { Content } from '../ports/bucket.ts';
import type { ExportTarget, PlainFile, Put } from '../ports/export-target.ts';
import type { TransferObjects } from '../ports/transfer-objects.ts';
import { tooDeep, unsafe, type Want } from './closure.ts';
import { asResult } from './problems.ts';
import type { Progress } from './progress.ts';
import { inParallel } from './tools.ts';

/** Content spread out by the names in its trees. */
export interface PlainTree {
  readonly files: readonly PlainFile[];
  readonly links: readonly { readonly name: string; readonly target: string }[];
  /** Those with nothing in them. */
  readonly empty: readonly string[];
}

/** Walks trees that the cache has whole. @throws ProblemError where it does not */
export function plainTree(
  wants: readonly Want[],
  objects: Pick<TransferObjects, 'readNode'>,
): PlainTree {
  // By name: a part of a directory may be wanted beside the whole.
  const files = new Map<string, PlainFile>();
  const links = new Map<string, PlainTree['links'][number]>();
  const empty = new Set<string>();

  const nodeOf = (digest: Digest, name: string, depth: number): TreeNode => {
    if (depth >= DEEPEST) throw tooDeep(name);
    const read = objects.readNode(digest, depth);
    if (read.ok) return read.value.node;
    const { error } = read;
    throw unsafe(name, error.kind === 'refused' ? error.cause : `its tree ${digest} is damaged`);
  };
  const walk = (digest: Digest, name: string, depth: number): number => {
    const node = nodeOf(digest, name, depth);
    if (node.kind === 'split') {
      return node.parts.reduce((sum, part) => sum + walk(part.digest, name, depth), 0);
    }
    for (const entry of node.entries) {
      const inner = `${name}/${entry.name}`;
      if (entry.kind === 'link') links.set(inner, { name: inner, target: entry.target });
      else if (entry.kind === 'file') files.set(inner, { ...entry, name: inner });
      else if (walk(entry.digest, inner, depth + 1) === 0) empty.add(inner);
    }
    return node.entries.length;
  };
  for (const { path, ref } of wants) {
    const { digest, size, executable } = ref;
    if (ref.files === undefined) {
      files.set(path, { name: path, digest, size, executable: executable === true });
    } else if (walk(digest, path, 0) === 0) empty.add(path);
  }
  return { files: [...files.values()], links: [...links.values()], empty: [...empty] };
}

export interface Exported {
  readonly files: number;
  readonly bytes: number;
  /** Files and links that were there already. */
  readonly same: number;
  /** Names at which something else lies, and still does. */
  readonly differing: readonly string[];
  /** Links and empty directories that the target cannot hold. */
  readonly leftOut: readonly string[];
}

export interface ExportOptions {
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly replace: boolean;
  readonly objects: Pick<TransferObjects, 'read'>;
  /** Ended here. */
  readonly progress: Progress;
}

/** Writes a plain tree; what lies there and differs is told, and the rest is written all the same. */
export async function exportTo(
  target: ExportTarget,
  { files, links, empty }: PlainTree,
  { objects, progress, jobs, signal, replace }: ExportOptions,
): Promise<Result<Exported, Problem>> {
  const done = { files: 0, bytes: 0, same: 0 };
  const differing: string[] = [];
  const leftOut: string[] = [];
  const note = (name: string, put: Put): void => {
    if (put === 'same') done.same += 1;
    else if (put === 'differs') differing.push(name);
    else if (put === 'unable') leftOut.push(name);
  };
  const sendFile = async (file: PlainFile, inner: AbortSignal): Promise<void> => {
    const { name, digest, size } = file;
    const content: Content = { size, read: (from, to) => objects.read(digest, from, to) };
    const put = await target.file(file, content, progress.call(name, inner, size), { replace });
    if (put === 'written') {
      done.files += 1;
      done.bytes += size;
    } else note(name, put);
    progress.done(name, 1);
  };

  const result = await asResult(async () => {
    progress.expect(
      files.length,
      files.reduce((sum, { size }) => sum + size, 0),
    );
    progress.phase('sending');
    await inParallel(files, { jobs, signal }, sendFile);
    progress.phase('finishing');
    for (const { name, target: to } of links) note(name, await target.link(name, to, { replace }));
    for (const name of empty) {
      // One that is there is no news.
      if ((await target.directory(name)) === 'unable') leftOut.push(name);
    }
    return { ...done, differing: differing.sort(), leftOut: leftOut.sort() };
  });
  progress.stop();
  return result;
}
