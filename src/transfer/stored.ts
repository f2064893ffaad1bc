import type { Stored } from '../model/cost-view.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { Result } from '../model/result.ts';
import { orThrow } from './problems.ts';
import {
  withTools,
  quietCall,
  type OpenRemote,
  type TransferOptions,
  type TransferPorts,
} from './tools.ts';

/** Everything that lies in a remote, by one listing. */
export async function storedIn(
  remote: OpenRemote,
  ports: TransferPorts,
  options: TransferOptions,
): Promise<Result<Stored, Problem>> {
  return withTools('pull', remote, ports, options, async (tools) => {
    const listed = orThrow(await tools.bucket.list('', quietCall(tools)), remote.bucket.url);
    return {
      objects: listed.length,
      bytes: listed.reduce((sum, { size }) => sum + size, 0),
    };
  });
}
