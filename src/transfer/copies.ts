import type { Problem } from '../model/diagnostic.ts';
import type { Digest } from '../model/names.ts';
import type { Result } from '../model/result.ts';
import { listHolders, readMarker } from './consult.ts';
import { lookAgain } from './look.ts';
import { withTools, type OpenRemote, type TransferOptions, type TransferPorts } from './tools.ts';

/**
 * Which objects a remote holds, as of now: the index names a pack or blob with them that is there in
 * its full size, and that no gc has condemned. Their bytes were checked when they were sent.
 */
export async function copiesIn(
  digests: readonly Digest[],
  remote: OpenRemote,
  ports: TransferPorts,
  options: TransferOptions,
): Promise<Result<ReadonlySet<Digest>, Problem>> {
  return withTools('pull', remote, ports, options, async (tools) => {
    await readMarker(tools);
    const { condemned, live } = await lookAgain(tools);
    const stored = new Map((await listHolders(tools)).map(({ name, size }) => [name, size]));
    const { holders } = await tools.index.contentOf(live.map(({ name }) => name));
    const held = new Set<Digest>();
    for (const { name, size, objects } of holders) {
      if (condemned.has(name) || stored.get(name) !== size) continue;
      for (const { digest } of objects) held.add(digest);
    }
    return new Set(digests.filter((digest) => held.has(digest)));
  });
}
