import t from 'tap';
import type { Experiment } from '../model/experiment.ts';
import type { RunId } from '../model/names.ts';
import { everyColumn } from './experiment-columns.ts';

const measured = (metrics: Experiment['metrics']): Experiment => ({
  id: 'a' as RunId,
  runs: [],
  startedAt: '2026-11-25T12:00:00Z',
  durationMs: 0,
  isCurrent: true,
  commits: [],
  overrides: [],
  params: { lr: 0.1 },
  metrics,
});

t.test('a column is named as shortly as it can be told from the others', (t) => {
  const labels = (metrics: Experiment['metrics']): string[] =>
    everyColumn([measured(metrics)], []).map(({ label }) => label);
  t.same(labels({ 'out/a.json': { loss: 1 } }), ['lr', 'loss']);
  const two = labels({ 'out/a.json': { loss: 1 }, 'b.json': { loss: 2 } });
  t.same(two, ['lr', 'b.json:loss', 'a.json:loss']);
  t.same(labels({ 'out/n.json': { '': 2 } }), ['lr', 'n.json'], 'a file that is one bare number');
  t.end();
});
