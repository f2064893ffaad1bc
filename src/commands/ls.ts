import type { Problem } from '../model/diagnostic.ts';
import { contains, ROOT, type Digest } from '../model/names.ts';
import { ProblemError } from '../model/problem-error.ts';
import { ok, type Result } from '../model/result.ts';
import type { LsEntry, LsView } from '../model/read-views.ts';
import type { TreeEntry } from '../model/tree.ts';
import type { Tracked } from '../transfer/choose.ts';
import type { Want } from '../transfer/closure.ts';
import { entriesOf, locate, refOf } from '../transfer/directories.ts';
import type { Nodes } from '../transfer/nodes.ts';
import { readTrees } from '../transfer/read-trees.ts';
import {
  connector,
  notTracked,
  ownerOf,
  pathOf,
  readNamedData,
  unreadable,
  type NamedData,
  type ReadOptions,
} from './named-data.ts';
import { transferPorts, type RemoteContext } from './remote-context.ts';

export interface LsOptions extends ReadOptions {
  readonly path: string | undefined;
  /** Every file below, no directories. */
  readonly recursive: boolean;
}

/**
 * `avian ls`: what pipeline.lock names, or what lies in one of its directories. Directories are read
 * from the cache, and from the remote where it lacks them. With a remote named, what is not there is marked.
 */
export async function ls(
  options: LsOptions,
  context: RemoteContext,
): Promise<Result<LsView, Problem>> {
  const { path = ROOT, jobs, recursive } = options;
  const data = await readNamedData(options, context);
  if (!data.ok) return data;
  const at = pathOf(path);
  if (!at.ok) return at;
  const { tracked, remote } = data.value;
  const named = tracked.filter((each) => contains(at.value, each.path));
  const owner = ownerOf(at.value, tracked);
  const listed = await readTrees(
    connector(data.value, context),
    transferPorts(context),
    { jobs, signal: context.signal },
    async (trees) => {
      const { nodes } = trees;
      const lister = createLister(nodes, data.value);
      let found: readonly Listed[] = named.map((want) => listedOf(want, 0));
      if (owner !== undefined) found = await lister.at(owner, at.value);
      // Nothing at all is no mistake where everything was asked for.
      else if (found.length === 0 && at.value !== ROOT) throw new ProblemError(notTracked(path));
      const all = recursive ? await lister.below(found) : found;
      if (options.remote === undefined) return all.map(({ entry }) => entry);
      const there = await trees.has(all.flatMap(({ entry }) => digestsOf(entry)));
      return all.map(({ entry }) =>
        entry.kind === 'link' || there === undefined
          ? entry
          : { ...entry, there: there.has(entry.digest) },
      );
    },
  );
  if (!listed.ok) return listed;
  return ok({
    ...{ path: at.value, entries: listed.value },
    ...(options.remote !== undefined && remote !== undefined && { remote: remote.name }),
  });
}

const digestsOf = (entry: LsEntry): readonly Digest[] =>
  entry.kind === 'link' ? [] : [entry.digest];

/** An entry, and for a directory how deep it lies in its tree. */
interface Listed {
  readonly entry: LsEntry;
  readonly depth: number;
}

function createLister(nodes: Nodes, { remote }: NamedData) {
  const inside = async (want: Want, depth: number): Promise<readonly Listed[]> => {
    const entries = await entriesOf(want, depth, nodes);
    if (entries === undefined) throw new ProblemError(unreadable(want.path, remote));
    return entries.map((entry) => entryOf(want.path, entry, depth + 1));
  };

  return {
    /** A file or link is listed itself, of a directory what lies in it. */
    async at(owner: Tracked, at: Tracked['path']): Promise<readonly Listed[]> {
      const found = await locate(owner, at, nodes);
      switch (found.kind) {
        case 'nothing':
          throw new ProblemError(notTracked(at));
        case 'unreadable':
          throw new ProblemError(unreadable(found.directory.path, remote));
        case 'link':
          return [{ entry: { kind: 'link', path: found.path, target: found.target }, depth: 0 }];
        case 'content': {
          const { want, depth } = found;
          if (want.ref.files !== undefined) return inside(want, depth);
          return [listedOf(want === owner ? owner : want, depth)];
        }
      }
    },

    /** Files and links below; a directory only where nothing lies in it. Level by level, so that one request brings many. */
    async below(start: readonly Listed[]): Promise<readonly Listed[]> {
      const found: Listed[] = [];
      let level = start;
      while (level.length > 0) {
        const directories = level.flatMap(({ entry, depth }) =>
          entry.kind === 'directory' ? [{ digest: entry.digest, depth, path: entry.path }] : [],
        );
        await nodes.read(directories);
        const next: Listed[] = [];
        for (const each of level) {
          const { entry, depth } = each;
          const members =
            entry.kind === 'directory' ? await inside(wantOf(entry), depth) : undefined;
          if (members === undefined || members.length === 0) found.push(each);
          else next.push(...members);
        }
        level = next;
      }
      return found.sort((a, b) => (a.entry.path < b.entry.path ? -1 : 1));
    },
  };
}

const wantOf = (entry: Extract<LsEntry, { kind: 'directory' }>): Want => ({
  path: entry.path,
  ref: { digest: entry.digest, size: entry.size, files: entry.files },
});

function listedOf({ path, ref, stage }: Want & Pick<Tracked, 'stage'>, depth: number): Listed {
  const { digest, size, files, executable } = ref;
  const named = { path, digest, size, ...(stage !== undefined && { stage }) };
  const entry: LsEntry =
    files === undefined
      ? { ...named, kind: 'file', ...(executable === true && { executable }) }
      : { ...named, kind: 'directory', files };
  return { entry, depth };
}

function entryOf(folder: string, entry: TreeEntry, depth: number): Listed {
  const path = `${folder}/${entry.name}`;
  if (entry.kind !== 'link') return listedOf({ path, ref: refOf(entry) }, depth);
  return { entry: { kind: 'link', path, target: entry.target }, depth };
}
