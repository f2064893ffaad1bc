import type { Problem } from '../model/diagnostic.ts';
import type { Digest } from '../model/names.ts';
import { ok, type Result } from '../model/result.ts';
import type { Supplied, Supply } from '../ports/supply.ts';
import { fetch } from './fetch.ts';
import { whereabouts } from './survey.ts';
import type { OpenRemote, TransferOptions, TransferPorts } from './tools.ts';

/**
 * A remote as a supply of what the cache lacks. Learns its index and takes in every run record first;
 * what it offers is told from that, without a request.
 */
export async function openSupply(
  name: string,
  remote: OpenRemote,
  ports: TransferPorts,
  options: TransferOptions,
): Promise<Result<Supply, Problem>> {
  const { objects } = ports;
  const { index } = remote;
  const gone = new Set<Digest>();
  let last: Promise<unknown> = Promise.resolve();

  const bring = async (wanted: readonly Supplied[]): Promise<Result<void, Problem>> => {
    const done = await fetch(() => Promise.resolve(ok(wanted)), remote, ports, options);
    if (!done.ok) return done;
    for (const { ref } of wanted) if (!(await objects.holds(ref))) gone.add(ref.digest);
    return ok(undefined);
  };

  const nothing = await bring([]);
  if (!nothing.ok) return nothing;
  return ok({
    name,
    async offers(ref) {
      if (gone.has(ref.digest)) return false;
      return (await whereabouts({ path: '', ref }, { objects, index })).there;
    },
    bring(wanted) {
      // A large object has one place to come in, and the line is full with one fetch.
      const turn = last.then(
        () => bring(wanted),
        () => bring(wanted),
      );
      last = turn;
      return turn;
    },
  });
}
