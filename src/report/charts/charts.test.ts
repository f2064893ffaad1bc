import t from 'tap';
import type { Drawing } from '../../model/plot.ts';
import { gantt } from './gantt.ts';
import { graphChart, MOST_NODES } from './graph.ts';
import { lineChart, movingMean, thinned } from './lines.ts';
import { parallelChart } from './parallel.ts';

type Lines = Extract<Drawing, { kind: 'lines' }>;

const lines = (points: Lines['series'][number]['points'], changes: Partial<Lines> = {}): Lines => ({
  kind: 'lines',
  x: { label: 'epoch', scale: 'number' },
  y: { label: 'loss' },
  series: [{ revision: 'workspace', name: 'loss', points }],
  ...{ smooth: false, scattered: false },
  ...changes,
});

/** Every number in the drawing's coordinates is one. */
const isWhole = (text: string): boolean => !/NaN|Infinity|undefined/.test(text);

t.test('a curve goes from its first to its last point, higher values higher up', async (t) => {
  const { text } = lineChart(
    lines([
      { x: 1, y: 4 },
      { x: 2, y: 2 },
      { x: 3, y: 0 },
    ]),
    'loss',
  );
  const [, path = ''] = /class="curve c0"[^>]*?d="([^"]+)"/.exec(text) ?? [];
  const points = [...path.matchAll(/([\d.]+),([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
  t.equal(points.length, 3);
  const [first = [], second = [], third = []] = points;
  t.ok((first[0] ?? 0) < (second[0] ?? 0) && (second[0] ?? 0) < (third[0] ?? 0));
  t.ok((first[1] ?? 0) < (second[1] ?? 0) && (second[1] ?? 0) < (third[1] ?? 0));
  t.match(text, /<title\s*>2\nloss: 2<\/title/, 'values can be read where one points');
  t.ok(isWhole(text));
});

t.test(
  'one point, equal values, negative ones, texts and nothing make whole drawings',
  async (t) => {
    for (const chart of [
      lines([{ x: 1, y: 5 }]),
      lines([
        { x: 1, y: 5 },
        { x: 2, y: 5 },
      ]),
      lines([
        { x: 0, y: 0 },
        { x: 0, y: 0 },
      ]),
      lines([
        { x: -2, y: -1e300 },
        { x: 3, y: 1e300 },
      ]),
      lines([{ x: 'a', y: 1 }], { x: { label: 'day', scale: 'text' } }),
      lines([{ x: 1, y: 5 }], { scattered: true }),
      lines([]),
    ]) {
      const { text } = lineChart(chart, 'loss');
      t.ok(isWhole(text), text.slice(0, 200));
      t.match(text, /role="img" ?\n?aria-label="loss"/);
    }
  },
);

t.test('a long curve keeps its spikes and loses its length', async (t) => {
  const points = Array.from({ length: 100_000 }, (_, x) => ({ x, y: x === 77_777 ? 1000 : x % 7 }));
  const kept = thinned(points);
  t.ok(kept.length < 1000, `${kept.length} points`);
  t.ok(kept.some(({ y }) => y === 1000));
  t.ok(
    kept.every(({ x }, at) => at === 0 || x > (kept[at - 1]?.x ?? 0)),
    'in order',
  );
});

t.test('a moving mean lies between the values and keeps their number', async (t) => {
  const points = Array.from({ length: 80 }, (_, x) => ({ x, y: x % 2 }));
  const mean = movingMean(points);
  t.equal(mean.length, 80);
  t.ok(mean.every(({ y }) => y >= 0.3 && y <= 0.7));
});

t.test('times: a bar a span, as long as it took', async (t) => {
  const { text } = gantt(
    [
      { name: 'fetch', startMs: 0, durationMs: 1000 },
      { name: 'train', startMs: 1000, durationMs: 3000 },
    ],
    'times',
  );
  const widths = [...text.matchAll(/<rect[^>]*?width="([\d.]+)"/g)].map(([, width]) =>
    Number(width),
  );
  t.equal(widths.length, 2);
  t.ok(Math.abs((widths[1] ?? 0) / (widths[0] ?? 1) - 3) < 0.01);
  t.match(text, /train: 3.0s, from 1.0s on/);
  t.ok(isWhole(gantt([{ name: 'x', startMs: 0, durationMs: 0 }], 'times').text));
});

t.test('graphs: a box a node, an arrow an edge; none for more than can be read', async (t) => {
  const node = (id: string) => ({ id, lines: [id], look: 'stage', about: id });
  const { text } = graphChart(
    ['a', 'b', 'c'].map(node),
    [
      { from: 'a', to: 'b' },
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c', look: 'older' },
      { from: 'gone', to: 'c' },
    ],
    'graph',
  );
  t.equal(text.match(/class="node stage"/g)?.length, 3);
  t.equal(text.match(/class="edge /g)?.length, 3);
  t.ok(isWhole(text));
  t.equal(graphChart([], [], 'graph').text, '');
  const many = Array.from({ length: MOST_NODES + 1 }, (_, n) => node(String(n)));
  t.equal(graphChart(many, [], 'graph').text, '');
});

t.test('parallel coordinates: numbers, texts, orders of magnitude, gaps', async (t) => {
  const runs = ['a', 'b', 'c'].map((id) => ({ id, about: id, isCurrent: id === 'b' }));
  const { text } = parallelChart(
    [
      { label: 'lr', values: [0.0001, 0.1, 0.01] },
      { label: 'model', values: ['small', 'large', 'small'] },
      { label: 'same', values: [1, 1, 1] },
      { label: 'accuracy', values: [0.5, 0.9, undefined] },
    ],
    runs,
    'experiments',
  );
  t.equal(text.match(/class="run/g)?.length, 3);
  t.equal(text.match(/class="run current"/g)?.length, 1);
  t.ok(isWhole(text));
  t.equal(parallelChart([{ label: 'lr', values: [1, 2] }], runs, 'x').text, '', 'one axis is none');
});
