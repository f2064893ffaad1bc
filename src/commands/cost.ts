import type { CostView, RemoteCost, Stored } from '../model/cost-view.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { Remote } from '../model/remote.ts';
import { ok, type Result } from '../model/result.ts';
import type { Prices, Transfer } from '../model/transfer.ts';
import type { TransferLog } from '../ports/transfer-log.ts';
import { storedIn } from '../transfer/stored.ts';
import { readProject } from './load-workload.ts';
import { transferPorts, type RemoteContext } from './remote-context.ts';

/**
 * Google Cloud Storage, standard storage in one region (us-central1), data sent out to the Internet in the
 * Americas and EMEA, first TB: https://cloud.google.com/storage/pricing, read 2026-09-20.
 */
const DEFAULT_PRICES: Prices = {
  ...{ storage: 0.02, classA: 0.005, classB: 0.0004, egress: 0.12 },
};
const PRICES_AS_OF = '2026-09-20';

const FREE: Prices = { storage: 0, classA: 0, classB: 0, egress: 0 };
const GB = 2 ** 30;

export interface CostContext extends RemoteContext {
  readonly transferLog: TransferLog;
}

/** `avian cost`: what transfers from this machine asked of each remote, and what lies there. */
export async function cost(
  { names, ask }: { readonly names: readonly string[]; readonly ask: boolean },
  context: CostContext,
): Promise<Result<CostView, Problem>> {
  const project = await readProject([], context);
  if (!project.ok) return project;
  const known = project.value.pipeline.remotes?.known ?? [];
  const transfers = await context.transferLog.all();
  const remotes: RemoteCost[] = [];
  for (const remote of known.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const mine = transfers.filter(({ url }) => url === remote.url);
    const stored = ask ? await look(remote, context) : undefined;
    remotes.push(costOf(remote, mine, stored));
  }
  return ok({ remotes, pricesAsOf: PRICES_AS_OF });
}

async function look(
  remote: Remote,
  context: CostContext,
): Promise<Result<Stored, Problem> | undefined> {
  const opened = await context.connect(remote);
  return storedIn(opened, transferPorts(context), { jobs: 1, signal: context.signal });
}

function costOf(
  remote: Remote,
  transfers: readonly Transfer[],
  stored: Result<Stored, Problem> | undefined,
): RemoteCost {
  const usual = remote.url.startsWith('gs://') ? DEFAULT_PRICES : FREE;
  const prices = { ...usual, ...remote.prices };
  // Asking what is stored is no transfer that anybody thinks of.
  const last = transfers.findLast(({ command }) => !command.startsWith('avian cost'));
  return {
    ...{ remote, prices, isUsual: remote.prices === undefined },
    ...(last !== undefined && { last: { ...last, dollars: dollarsOf([last], prices) } }),
    all: {
      transfers: transfers.length,
      requests: {
        a: sum(transfers, ({ requests }) => requests.a),
        b: sum(transfers, ({ requests }) => requests.b),
        free: sum(transfers, ({ requests }) => requests.free),
      },
      sent: sum(transfers, (each) => each.sent),
      received: sum(transfers, (each) => each.received),
      dollars: dollarsOf(transfers, prices),
      ...(transfers[0] !== undefined && { since: transfers[0].at }),
    },
    ...(stored?.ok === true && {
      stored: {
        ...stored.value,
        dollarsPerMonth: (stored.value.bytes / GB) * prices.storage,
      },
    }),
    ...(stored?.ok === false && { unknown: stored.error.diagnostics[0]?.message ?? '' }),
  };
}

const dollarsOf = (transfers: readonly Transfer[], prices: Prices): number =>
  sum(
    transfers,
    ({ requests, received }) =>
      (requests.a * prices.classA + requests.b * prices.classB) / 1000 +
      (received / GB) * prices.egress,
  );

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0);
