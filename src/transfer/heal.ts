import type { Problem } from '../model/diagnostic.ts';
import type { Digest } from '../model/names.ts';
import type { Result } from '../model/result.ts';
import { listHolders, readIndex, readMarker } from './consult.ts';
import { ALONE_FROM, isAlone } from './layout.ts';
import { LARGEST_NODE } from './nodes.ts';
import { placeOf, receiveSmall } from './receive.ts';
import { receiveLarge } from './receive-large.ts';
import {
  inParallel,
  withTools,
  type OpenRemote,
  type TransferOptions,
  type TransferPorts,
} from './tools.ts';

/** Brings objects by digest, whatever they are, out of a remote into the cache; those that came. */
export async function healFrom(
  digests: readonly Digest[],
  remote: OpenRemote,
  ports: TransferPorts,
  options: TransferOptions,
): Promise<Result<ReadonlySet<Digest>, Problem>> {
  return withTools('pull', remote, ports, options, async (tools) => {
    await Promise.all([readMarker(tools), readIndex(tools)]);
    const there = new Set((await listHolders(tools)).map(({ name }) => name));
    const located = await tools.index.locate(digests);
    const healed = new Set<Digest>();
    const small: Digest[] = [];
    const large: Digest[] = [];
    for (const [digest, places] of located) {
      const at = placeOf(digest, places, { there });
      if (at === undefined || !there.has(at.holder)) continue;
      (at.size < ALONE_FROM || !isAlone(at.holder) ? small : large).push(digest);
    }
    tools.progress.phase('receiving');
    await inParallel(large, tools, async (digest, signal) => {
      const at = placeOf(digest, located.get(digest), { there });
      if (at === undefined) return;
      await receiveLarge({ digest, size: at.size }, at, signal, tools);
      healed.add(digest);
    });
    const take = (digest: Digest, bytes: Uint8Array): boolean => {
      const isRight = ports.objects.put(digest, bytes);
      if (isRight) healed.add(digest);
      return isRight;
    };
    await receiveSmall(small, { largest: LARGEST_NODE, counted: false }, { ...tools, there }, take);
    await ports.objects.sync();
    return healed;
  });
}
