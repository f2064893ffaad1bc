import t from 'tap';
import type { DagView } from '../model/views.ts';
import { path, stage } from '../testing/samples.ts';
import { dagDot, dagJson, dagMermaid, dagText } from './dag.ts';
import { createStyle } from './style.ts';

const plain = createStyle({ colour: false, ascii: false });

/** One stage a line, its needs after it. */
const dag = (text: string): DagView => ({
  stages: text
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', ...needs] = line.trim().split(/\s+/);
      return { name: stage(name), needs: needs.map(stage), outs: [path(`out/${name}`)] };
    }),
});

const FLAGSHIP = dag(`
  fetch
  stats fetch
  train fetch stats
  evaluate train fetch
  quantize train fetch
  image quantize
  deploy image`);

t.test('drawn for a terminal', async (t) => {
  t.equal(
    dagText(FLAGSHIP, plain),
    `●            fetch
├─●          stats
├─┴─●        train
├───┼─●      evaluate
╰───┴─●      quantize
      ╰─●    image
        ╰─●  deploy
`,
  );
  t.equal(
    dagText(dag('a\nb\nc a\nd b\ne c d\nf'), createStyle({ colour: false, ascii: true })),
    `*          a
| *        b
\`-|-*      c
  \`-|-*    d
    \`-+-*  e
*          f
`,
    'lines that pass behind are not joined',
  );
  t.equal(dagText({ stages: [] }, plain), '');
});

t.test('with verdicts and descriptions', async (t) => {
  const [first] = FLAGSHIP.stages;
  if (first === undefined) throw new Error('no stage');
  t.equal(
    dagText({ stages: [{ ...first, verdict: 'up-to-date', desc: 'draws\nbirds' }] }, plain),
    '●  fetch  up to date, draws birds\n',
  );
});

t.test('every edge arrives: columns are never lost, whatever the graph', async (t) => {
  const seed = Date.now() % 2 ** 31;
  t.comment(`seed ${seed}`);
  let state = seed;
  const random = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  for (let round = 0; round < 200; round += 1) {
    const size = 1 + random(12);
    const lines = Array.from({ length: size }, (_, index) => {
      const needs = Array.from({ length: index }, (__, i) => `s${i}`).filter(() => random(3) === 0);
      return [`s${index}`, ...needs].join(' ');
    });
    const view = dag(lines.join('\n'));
    const rows = dagText(view, plain).trimEnd().split('\n');
    view.stages.forEach(({ needs, name }, index) => {
      const drawing = rows[index]?.split(name)[0] ?? '';
      const joints = drawing.match(/[├╰┴┼]/g)?.length ?? 0;
      if (joints !== needs.length) t.fail(`seed ${seed}, ${name}`, { lines, rows });
    });
  }
});

t.test('mermaid, dot, JSON', async (t) => {
  const small = dag('fetch\ntrain@a fetch');
  t.equal(
    dagMermaid(small),
    `flowchart TD
  s0["fetch"]
  s1["train@a"]
  s0 --> s1
`,
  );
  t.equal(
    dagDot(small),
    `digraph pipeline {
  node [shape=box];
  "fetch";
  "train@a";
  "fetch" -> "train@a";
}
`,
  );
  t.same(dagJson(small), {
    v: 1,
    stages: [
      { name: 'fetch', needs: [], outs: ['out/fetch'] },
      { name: 'train@a', needs: ['fetch'], outs: ['out/train@a'] },
    ],
  });
});
