import { problem } from '../model/diagnostic.ts';
import type { Digest } from '../model/names.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { Root, SizedObject } from '../model/remote.ts';
import { DEEPEST, decodeNode } from '../model/tree.ts';
import type { Want } from './closure.ts';
import { LARGEST_NODE, openNodes } from './nodes.ts';
import { receiveSmall } from './receive.ts';
import type { Tools } from './tools.ts';
import { walkTrees } from './trees.ts';

/** Objects that must not go. */
export interface Needs {
  /** What roots name, down to the last file, and their runs. */
  readonly promised: ReadonlySet<Digest>;
  /** What is needed beside them, as far as the remote has it. */
  readonly kept: ReadonlySet<Digest>;
}

/**
 * Follows the trees of roots, and of whatever else is to be kept, in the cache or the remote.
 * @param keep digests, whether of files or of trees
 * @throws UnknownTree when a tree can be read nowhere: what it names is not known
 */
export async function needsOf(
  roots: readonly Root[],
  keep: readonly Digest[],
  tools: Tools,
): Promise<Needs> {
  const nodes = openNodes(tools);
  const below = async (wants: readonly Want[]): Promise<readonly Digest[]> => {
    const { children, blobs, absent } = await walkTrees(wants, nodes);
    const [unknown] = absent;
    if (unknown === undefined) return [...children.keys(), ...blobs.map(({ digest }) => digest)];
    const by = roots.find(({ refs }) => refs.some(({ ref }) => ref.digest === unknown));
    throw new UnknownTree(unknown, by, tools.bucket.url);
  };
  const runs = roots.flatMap((root) => root.runs.map((run) => `b3:${run}` as Digest));
  const kept = await tools.index.locate(keep);
  const trees = await treesAmong(
    [...kept].flatMap(([digest, [at]]) => (at === undefined ? [] : [{ digest, size: at.size }])),
    tools,
  );
  const wants = [...trees].map((digest) => ({ path: digest, ref: { digest, size: 0, files: 0 } }));
  return {
    promised: new Set([...runs, ...(await below(roots.flatMap(({ refs }) => refs)))]),
    kept: new Set([...kept.keys(), ...(await below(wants))]),
  };
}

/** How every node begins; see model/tree.ts. */
const NODE_HEAD = Buffer.from('{"tree":1,');

/** Which of some objects are tree nodes: nothing but their bytes says so. */
async function treesAmong(
  objects: readonly SizedObject[],
  tools: Tools,
): Promise<ReadonlySet<Digest>> {
  const trees = new Set<Digest>();
  const look = (digest: Digest, bytes: Uint8Array): boolean => {
    const right = tools.objects.startDigest();
    right.update(bytes);
    if (right.digest() !== digest) return false;
    const text = Buffer.from(bytes);
    const isNode =
      text.subarray(0, NODE_HEAD.length).equals(NODE_HEAD) &&
      decodeNode(text.toString('utf8'), DEEPEST).ok;
    if (isNode) trees.add(digest);
    return true;
  };
  const small = objects.filter(({ size }) => size <= LARGEST_NODE);
  const away = new Set(tools.objects.missing(small).map(({ digest }) => digest));
  for (const { digest, size } of small) {
    if (away.has(digest)) continue;
    const pieces: Uint8Array[] = [];
    for await (const piece of tools.objects.read(digest, 0, size)) pieces.push(piece);
    if (!look(digest, Buffer.concat(pieces))) away.add(digest);
  }
  await receiveSmall([...away], { largest: LARGEST_NODE, counted: false }, tools, look);
  return trees;
}

export class UnknownTree extends ProblemError {
  readonly tree: Digest;

  constructor(tree: Digest, by: Root | undefined, url: string) {
    const named = by?.commit === undefined ? '' : ` that commit ${by.commit.slice(0, 12)} keeps`;
    super(
      problem(
        'corruption',
        'gc/unknown-tree',
        `neither the cache nor ${url} has the directory ${tree}${named}: what it names is not known`,
        'nothing was removed; where the cache has it: `avian fsck --remote --repair`',
      ),
    );
    this.tree = tree;
  }
}
