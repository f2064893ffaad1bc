import type { Stored } from '../model/cost-view.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { Result } from '../model/result.ts';
import { asResult, orThrow } from './problems.ts';
import {
  openTools,
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
  const tools = openTools('pull', remote, ports, options);
  const result = await asResult(async () => {
    const listed = orThrow(await tools.bucket.list('', quietCall(tools)), remote.bucket.url);
    return {
      objects: listed.length,
      bytes: listed.reduce((sum, { size }) => sum + size, 0),
    };
  });
  tools.progress.stop();
  return result;
}
