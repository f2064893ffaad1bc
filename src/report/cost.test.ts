import t from 'tap';
import type { CostView, RemoteCost } from '../model/cost-view.ts';
import { costJson, costText } from './cost.ts';
import { createStyle } from './style.ts';

const style = createStyle({ colour: false, ascii: true });
const NOW = Date.parse('2026-11-25T12:00:00.000Z');

const lab: RemoteCost = {
  remote: { name: 'lab', url: 'gs://birds/team' },
  prices: { storage: 0.02, classA: 0.005, classB: 0.0004, egress: 0.12 },
  isUsual: true,
  last: {
    ...{
      at: '2026-11-25T11:00:00.000Z',
      command: 'avian push',
      remote: 'lab',
      url: 'gs://birds/team',
    },
    ...{ requests: { a: 8, b: 1, free: 0 }, sent: 5 * 2 ** 20, received: 40, durationMs: 900 },
    dollars: 0.0000404,
  },
  all: {
    ...{ transfers: 12, requests: { a: 100, b: 40, free: 3 }, sent: 2 ** 30, received: 2 ** 31 },
    ...{ dollars: 0.24, since: '2026-11-22T11:00:00.000Z' },
  },
  stored: { objects: 40, bytes: 5 * 2 ** 30, dollarsPerMonth: 0.1 },
};

t.test('requests, bytes and what they cost', (t) => {
  const view: CostView = { remotes: [lab], pricesAsOf: '2026-09-20' };
  t.equal(
    costText(view, style, NOW),
    [
      'lab (gs://birds/team)',
      '  last    8 A   1 B  0 free  sent 5.0 MiB     received 40 B  $0.000040  avian push, 1 hour ago',
      '  all   100 A  40 B  3 free  sent 1.0 GiB  received 2.0 GiB      $0.24  12 transfers of this machine, since 3 days ago',
      '  stored 5.0 GiB in 40 objects: $0.10 a month',
      "  $0.02 a GiB and month, $0.005 per 1,000 A, $0.0004 per 1,000 B, $0.12 a GiB received (one region's list prices of 2026-09-20; yours: remotes.lab.prices in pipeline.yaml)",
      '',
    ].join('\n'),
  );
  t.match(costJson(view), { v: 1, remotes: [{ remote: 'lab', stored: { dollarsPerMonth: 0.1 } }] });
  t.end();
});

t.test('a remote that nothing was asked of, and that does not answer', (t) => {
  const { remote, prices, isUsual } = lab;
  const all = { transfers: 0, requests: { a: 0, b: 0, free: 0 }, sent: 0, received: 0, dollars: 0 };
  const quiet = { remote, prices, isUsual, all, unknown: 'gs://birds/team could not be reached' };
  const text = costText({ remotes: [quiet], pricesAsOf: '2026-09-20' }, style, NOW);
  t.match(text, /0 transfers of this machine\n/);
  t.match(text, /what is stored is not known: gs:\/\/birds\/team could not be reached/);
  t.equal(costText({ remotes: [], pricesAsOf: '2026-09-20' }, style, NOW), 'no remotes\n');
  t.end();
});
