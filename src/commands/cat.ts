import { problem, type Problem } from '../model/diagnostic.ts';
import { ProblemError } from '../model/problem-error.ts';
import { ok, type Result } from '../model/result.ts';
import { locate } from '../transfer/directories.ts';
import { readTrees } from '../transfer/read-trees.ts';
import {
  bringToCache,
  connector,
  notTracked,
  ownerOf,
  pathOf,
  readNamedData,
  unreadable,
  type ReadOptions,
} from './named-data.ts';
import { transferPorts, type RemoteContext } from './remote-context.ts';

export interface CatOptions extends ReadOptions {
  readonly path: string;
}

/**
 * `avian cat`: the bytes of one file by its name. What the cache lacks comes into it first, so that
 * nobody is given bytes that were not checked, and a large file goes on where it stopped.
 * @returns pieces of at most 1 MiB; reading them may throw ProblemError `cache/unreadable`
 */
export async function cat(
  options: CatOptions,
  context: RemoteContext,
): Promise<Result<AsyncIterable<Uint8Array>, Problem>> {
  const { path, jobs } = options;
  const data = await readNamedData(options, context);
  if (!data.ok) return data;
  const at = pathOf(path);
  if (!at.ok) return at;
  const { tracked, remote } = data.value;
  const owner = ownerOf(at.value, tracked);
  const want = await readTrees(
    connector(data.value, context),
    transferPorts(context),
    { jobs, signal: context.signal },
    async ({ nodes }) => {
      if (owner === undefined) throw new ProblemError(notTracked(path));
      const found = await locate(owner, at.value, nodes);
      switch (found.kind) {
        case 'nothing':
          throw new ProblemError(notTracked(path));
        case 'unreadable':
          throw new ProblemError(unreadable(found.directory.path, remote));
        case 'link':
          throw new ProblemError(noFile(path, `a link to ${found.target.slice(0, 200)}`));
        case 'content':
          if (found.want.ref.files === undefined) return found.want;
          throw new ProblemError(noFile(path, 'a directory', `avian ls ${path}`));
      }
    },
  );
  if (!want.ok) return want;
  const brought = await bringToCache([want.value], data.value, jobs, context);
  if (!brought.ok) return brought;
  const { digest, size } = want.value.ref;
  return ok(context.objects.read(digest, 0, size));
}

const noFile = (path: string, what: string, hint?: string): Problem =>
  problem('usage', 'cat/no-file', `${path} is ${what}`, hint);
