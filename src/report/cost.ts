import type { CostView, RemoteCost } from '../model/cost-view.ts';
import type { JsonObject } from '../model/json.ts';
import type { RequestCounts } from '../model/transfer.ts';
import { oneLine } from './describe.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';
import { ago, bytes, count } from './units.ts';

export function costText(view: CostView, style: Style, now: number): string {
  if (view.remotes.length === 0) return 'no remotes\n';
  return view.remotes.map((each) => remoteText(each, view, style, now)).join('\n');
}

function remoteText(
  { remote, prices, isUsual, last, all, stored, unknown }: RemoteCost,
  { pricesAsOf }: CostView,
  style: Style,
  now: number,
): string {
  const row = (
    what: string,
    moved: { readonly requests: RequestCounts; readonly sent: number; readonly received: number },
    dollars: number,
    more: string,
  ): readonly Cell[] => [
    { text: `  ${what}` },
    { text: `${moved.requests.a} A`, right: true },
    { text: `${moved.requests.b} B`, right: true },
    { text: `${moved.requests.free} free`, right: true },
    { text: `sent ${bytes(moved.sent)}`, right: true },
    { text: `received ${bytes(moved.received)}`, right: true },
    { text: money(dollars), right: true },
    { text: oneLine(more), paint: style.faint },
  ];
  const since = all.since === undefined ? '' : `, since ${ago(all.since, now)}`;
  const rows = [
    ...(last === undefined
      ? []
      : [row('last', last, last.dollars, `${last.command}, ${ago(last.at, now)}`)]),
    row('all', all, all.dollars, `${count(all.transfers, 'transfer')} of this machine${since}`),
  ];
  const lies =
    stored === undefined
      ? unknown === undefined
        ? ''
        : style.warn(`  what is stored is not known: ${oneLine(unknown)}\n`)
      : `  stored ${style.strong(bytes(stored.bytes))} in ${count(stored.objects, 'object')}: ${money(stored.dollarsPerMonth)} a month\n`;
  const source = isUsual
    ? remote.url.startsWith('gs://')
      ? `one region's list prices of ${pricesAsOf}; yours: remotes.${remote.name}.prices in pipeline.yaml`
      : 'a directory: nothing is billed'
    : 'prices of pipeline.yaml';
  const list = `$${prices.storage} a GiB and month, $${prices.classA} per 1,000 A, $${prices.classB} per 1,000 B, $${prices.egress} a GiB received`;
  return `${style.strong(remote.name)} (${remote.url})\n${table(rows)}${lies}${style.faint(`  ${list} (${source})\n`)}`;
}

/** Cents matter here, and fractions of them when there is nothing more. */
const money = (dollars: number): string =>
  dollars === 0 || dollars >= 0.01 ? `$${dollars.toFixed(2)}` : `$${dollars.toPrecision(2)}`;

export const costJson = ({ remotes, pricesAsOf }: CostView): JsonObject => ({
  v: 1,
  pricesAsOf,
  remotes: remotes.map(({ remote, prices, isUsual, last, all, stored, unknown }) => ({
    ...{ remote: remote.name, url: remote.url, prices: { ...prices }, usualPrices: isUsual },
    ...(last !== undefined && { last: { ...last, requests: { ...last.requests } } }),
    all: { ...all, requests: { ...all.requests } },
    ...(stored !== undefined && { stored: { ...stored } }),
    ...(unknown !== undefined && { unknown }),
  })),
});
