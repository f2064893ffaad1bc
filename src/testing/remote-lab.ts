import type { Test } from 'tap';
import { ok } from '../model/result.ts';
import type { Want } from '../transfer/closure.ts';
import { checkRemote } from '../transfer/check.ts';
import { fetch } from '../transfer/fetch.ts';
import { collectRemote, type RemoteGcRequest } from '../transfer/gc.ts';
import { push } from '../transfer/push.ts';
import { unwrap } from './fake-context.ts';
import { randomFrom } from './random.ts';
import { emptyDisk, SimulatedClient, Simulation } from './simulation.ts';

export const OPTIONS = { jobs: 4, signal: new AbortController().signal };

/** One machine and its remote, whose requests do not wait. */
export async function createLab(t: Test) {
  const random = randomFrom(1);
  const simulation = new Simulation(random);
  const { bucket } = simulation;
  const disk = await emptyDisk();
  t.teardown(() => disk.index.close());
  const client = new SimulatedClient(disk, simulation, random, bucket);
  return {
    ...{ bucket, disk, simulation, client },
    names: (prefix: string) => [...bucket.objects.keys()].filter((name) => name.startsWith(prefix)),
    keep: (files: { readonly [name: string]: string | Uint8Array }) =>
      disk.objects.keep('data', files),
    push: async (commit: string, ...wants: readonly Want[]) =>
      unwrap(
        await push(
          { wants, runs: [], commit, by: 'robin', avian: '0.1.0', dry: false },
          client.remote,
          client.ports,
          OPTIONS,
        ),
      ),
    gc: (changes: Partial<RemoteGcRequest> = {}) =>
      collectRemote(
        { drop: [], dry: false, keep: () => Promise.resolve([]), by: 'robin', ...changes },
        client.remote,
        client.ports,
        OPTIONS,
      ),
    fsck: async (repair: boolean) =>
      unwrap(await checkRemote(repair, client.remote, client.ports, OPTIONS)),
    /** Whether somebody with nothing gets all of it. */
    canPull: async (...wants: readonly Want[]): Promise<boolean> => {
      const empty = await emptyDisk();
      const { remote, ports } = new SimulatedClient(empty, simulation, random, bucket);
      const done = await fetch(() => Promise.resolve(ok(wants)), remote, ports, OPTIONS);
      empty.index.close();
      return done.ok && done.value.missing.length === 0;
    },
  };
}
