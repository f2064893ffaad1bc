import t from 'tap';
import type { RunId } from '../model/names.ts';
import { NOON, sampleRun } from '../testing/samples.ts';
import { runHistoryText } from './run-history.ts';
import { createStyle } from './style.ts';

const STYLE = createStyle({ colour: false, ascii: false });

t.test('a run a line: when, how long, how it ended, whose, what it measured', async (t) => {
  const runs = [
    sampleRun({
      metrics: { 'm.json': { a: 1, b: 0.5, c: 2, d: 3, 'e\x1b[2J': 4 } },
    }),
    sampleRun({
      id: '88c01d'.padEnd(64, '0') as RunId,
      durationMs: 12_000,
      startedAt: '2026-11-19T11:00:00Z',
      ending: { kind: 'failed', failure: { kind: 'exited', code: 1, tail: '' } },
      metrics: {},
    }),
    sampleRun({ adopted: 'commit', metrics: {} }),
  ];
  t.equal(
    runHistoryText(runs, STYLE, NOON),
    `3f2a91  3 days ago  2m 10s  ok                 ana@host  0a1b2c3d  a 1, b 0.5, c 2, d 3, +1 more
88c01d  4 days ago     12s  failed             ana@host  0a1b2c3d  exit 1
3f2a91  3 days ago          adopted by commit  ana@host  0a1b2c3d
`,
  );
  t.equal(runHistoryText([], STYLE, NOON), 'it has not run here\n');
});
