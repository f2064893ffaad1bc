import type { Problem } from '../model/diagnostic.ts';
import type { Result } from '../model/result.ts';
import { closureOf, type Want } from './closure.ts';
import { readIndex, readMarker } from './consult.ts';
import {
  withTools,
  type OpenRemote,
  type Tools,
  type TransferOptions,
  type TransferPorts,
} from './tools.ts';

export interface Whereabouts {
  readonly want: Want;
  readonly here: boolean;
  readonly there: boolean;
}

/** For each want whether all of it is in the cache, and whether all of it is in the remote. Writes nothing. */
export async function survey(
  wants: readonly Want[],
  remote: OpenRemote,
  ports: TransferPorts,
  options: TransferOptions,
): Promise<Result<readonly Whereabouts[], Problem>> {
  return withTools('pull', remote, ports, options, async (tools) => {
    await Promise.all([readMarker(tools), readIndex(tools)]);
    const found: Whereabouts[] = [];
    for (const want of wants) {
      found.push({ want, ...(await whereabouts(want, tools)) });
    }
    return found;
  });
}

/** By what is remembered of the remote; nobody is asked. */
export async function whereabouts(
  want: Want,
  { objects, index }: Pick<Tools, 'objects' | 'index'>,
): Promise<Pick<Whereabouts, 'here' | 'there'>> {
  const { nodes, blobs, absent } = closureOf([want], objects);
  // A tree that is not here is as good as its node: a segment names no tree without what is below.
  const digests = [...absent.keys(), ...[...nodes, ...blobs].map(({ digest }) => digest)];
  const located = await index.locate(digests);
  return {
    here: absent.size === 0 && objects.missing([...nodes, ...blobs]).length === 0,
    there: digests.every((digest) => located.has(digest)),
  };
}
