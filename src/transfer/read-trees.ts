import type { Problem } from '../model/diagnostic.ts';
import type { Digest } from '../model/names.ts';
import type { Result } from '../model/result.ts';
import { readIndex, readMarker } from './consult.ts';
import { nodesFrom, receiveNodes, type Nodes } from './nodes.ts';
import { asResult } from './problems.ts';
import { lookingAgain } from './receive.ts';
import {
  openTools,
  type OpenRemote,
  type Tools,
  type TransferOptions,
  type TransferPorts,
} from './tools.ts';

/** Directories of the cache, and of a remote that is asked once something is not there. */
export interface Trees {
  readonly nodes: Nodes;
  /** Those of `digests` that the remote has; undefined without a remote. */
  has(digests: readonly Digest[]): Promise<ReadonlySet<Digest> | undefined>;
}

/** Works with trees wherever they lie; nothing is stored. */
export async function readTrees<T>(
  connect: (() => Promise<OpenRemote>) | undefined,
  ports: TransferPorts,
  options: TransferOptions,
  work: (trees: Trees) => Promise<T>,
): Promise<Result<T, Problem>> {
  let tools: Tools | undefined;
  let consulted: Promise<Tools> | undefined;
  const consult = async (): Promise<Tools> => {
    if (connect === undefined) throw new Error('bug: there is no remote to be asked');
    tools ??= openTools('pull', await connect(), ports, options);
    await Promise.all([readMarker(tools), readIndex(tools)]);
    return tools;
  };
  const nodes = nodesFrom(ports, async (digests, accept) => {
    if (connect === undefined) return;
    await lookingAgain(await (consulted ??= consult()), async (there) => {
      if (there !== undefined) consulted = consult();
      const found = await (consulted ??= consult());
      await receiveNodes(digests, accept, { ...found, ...(there !== undefined && { there }) });
    });
  });
  const trees: Trees = {
    nodes,
    async has(digests) {
      if (connect === undefined) return undefined;
      const { index } = await (consulted ??= consult());
      return new Set((await index.locate(digests)).keys());
    },
  };
  const result = await asResult(() => work(trees));
  tools?.progress.stop();
  return result;
}
