import type { Digest } from '../model/names.ts';
import { DEEPEST, decodeNode, type TreeNode } from '../model/tree.ts';
import { tooDeep, unsafe } from './closure.ts';
import { receiveSmall, type Accept } from './receive.ts';
import type { Tools, TransferPorts } from './tools.ts';

export interface WantedNode {
  readonly digest: Digest;
  /** Of its directory below the tree's root. */
  readonly depth: number;
  /** For messages. */
  readonly path: string;
}

/**
 * Tree nodes from the cache or the remote. Those that come from the remote stay in memory until all
 * that they name is in the cache: a node of the cache promises what is below it.
 */
export interface Nodes {
  /** Nodes by digest; those that neither has are absent. */
  read(wanted: readonly WantedNode[]): Promise<ReadonlyMap<Digest, TreeNode>>;
  /** The text of a node that came from the remote. */
  received(digest: Digest): string | undefined;
}

/** @param asked the index, where it is still being read: the remote is not asked for nodes before */
export const openNodes = (tools: Tools, asked?: Promise<unknown>): Nodes =>
  nodesFrom(tools.ports, async (digests, accept) => {
    await asked;
    await receiveNodes(digests, accept, tools);
  });

export const receiveNodes = (
  digests: readonly Digest[],
  accept: Accept,
  tools: Tools,
): Promise<unknown> =>
  receiveSmall(digests, { largest: LARGEST_NODE, counted: false }, tools, accept);

/** Nodes that the cache lacks are asked of `receive`, if there are any. */
export function nodesFrom(
  { objects, hash }: Pick<TransferPorts, 'objects' | 'hash'>,
  receive: (digests: readonly Digest[], accept: Accept) => Promise<unknown>,
): Nodes {
  const texts = new Map<Digest, string>();

  const decode = (text: string, { digest, depth, path }: WantedNode): TreeNode => {
    const node = decodeNode(text, depth);
    if (node.ok) return node.value;
    throw unsafe(path, `the tree ${digest} is not safe: ${node.error}`);
  };

  const fromCache = (wanted: WantedNode): TreeNode | undefined => {
    const text = texts.get(wanted.digest);
    if (text !== undefined) return decode(text, wanted);
    const read = objects.readNode(wanted.digest, wanted.depth);
    if (read.ok) return read.value.node;
    if (read.error.kind === 'refused') throw unsafe(wanted.path, read.error.cause);
    return undefined;
  };

  return {
    async read(wanted) {
      const nodes = new Map<Digest, TreeNode>();
      const away = new Map<Digest, WantedNode>();
      for (const one of wanted) {
        if (one.depth >= DEEPEST) throw tooDeep(one.path);
        const node = fromCache(one);
        if (node === undefined) away.set(one.digest, one);
        else nodes.set(one.digest, node);
      }
      if (away.size === 0) return nodes;
      await receive([...away.keys()], (digest, bytes) => {
        const text = Buffer.from(bytes).toString('utf8');
        const one = away.get(digest);
        if (one === undefined || `b3:${hash(text)}` !== digest) return false;
        nodes.set(digest, decode(text, one));
        texts.set(digest, text);
        return true;
      });
      return nodes;
    },
    received: (digest) => texts.get(digest),
  };
}

/** 4,096 entries with the longest names there are take a few megabytes. */
export const LARGEST_NODE = 64 * 1024 * 1024;
