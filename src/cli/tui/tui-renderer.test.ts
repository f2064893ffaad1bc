import t from 'tap';
import type { AvianEvent } from '../../model/event.ts';
import { createPlainRenderer } from '../../report/plain.ts';
import { createManualTicker, sampleRun, stage } from '../../testing/samples.ts';
import { done, executed, failed, output, plan, settled, started } from '../../testing/events.ts';
import { screenOf } from '../../tui/testing.ts';
import { createStore } from '../../tui/store.ts';
import type { Io } from '../io.ts';
import type { Surface } from './surface.ts';
import { createTuiRenderer } from './tui-renderer.ts';

function watched() {
  const said: string[] = [];
  const io = {
    stdout: (text: string) => void said.push(`out ${text}`),
    stderr: (text: string) => void said.push(text),
    env: { CI: '1' },
    colour: false,
    ascii: false,
    columns: undefined,
    cwd: '/',
  } as unknown as Io;
  const store = createStore(screenOf(), {
    clock: { now: () => 0, monotonic: () => 0, after: () => () => undefined },
    onEffect: () => undefined,
    onError: (error) => t.error(error),
  });
  const surface: Surface = {
    store,
    io,
    close: () => void said.push('[closed]\n'),
    release: () => void said.push('[released]\n'),
  };
  const renderer = createTuiRenderer(io, surface, (attempt) => `logs/${attempt}.log`);
  return { renderer, text: () => said.join('') };
}

const RUN: readonly AvianEvent[] = [
  plan('fetch', 'train', 'evaluate', 'deploy'),
  settled('fetch', { kind: 'restored', run: sampleRun(), bytes: 2048 }, 5),
  started('train'),
  output('train', 'loss 0.5\n'),
  {
    type: 'diagnostic',
    diagnostic: { severity: 'warning', code: 'a/b', message: 'odd' },
  },
  settled('train', executed, 2000),
  started('evaluate'),
  settled('evaluate', failed, 100),
  settled('deploy', { kind: 'blocked', by: stage('evaluate') }),
  done({ restored: 1, executed: 1, failed: 1, blocked: 1 }),
];

t.test('after the screen: a line a stage, the paths of the logs, and the end', async (t) => {
  const { renderer, text } = watched();
  for (const event of RUN) renderer.onEvent(event);
  t.equal(text(), '', 'nothing is written while the screen is there');
  renderer.close();
  renderer.close();
  t.match(
    text(),
    `[closed]
plan  4 stages: fetch, train, evaluate, deploy
↺ fetch     restored from run 3f2a91`,
  );
  t.match(
    text(),
    `warning[a/b]: odd
✓ train     executed 2.0s
✗ evaluate  failed after 100 ms: exit 1
⊘ deploy    blocked by evaluate
logs  logs/20261123T101500Z-7f3a9c.log
      logs/20261123T101500Z-7f3a9c.log

✗ evaluate: exit 1
  boom
  the whole log: avian logs evaluate
done in 12s: 1 executed, 1 restored, 1 failed, 1 blocked
[released]
`,
  );
});

t.test('the end is what plain lines say, word for word', async (t) => {
  const { renderer, text } = watched();
  for (const event of RUN) renderer.onEvent(event);
  renderer.close();
  let plain = '';
  const lines = createPlainRenderer({
    out: () => undefined,
    err: (said) => void (plain += said),
    ticker: createManualTicker(),
    colour: false,
    ascii: false,
  });
  for (const event of RUN) lines.onEvent(event);
  const end = plain.slice(plain.indexOf('\n✗ evaluate: exit 1'));
  t.ok(end.length > 50);
  t.ok(text().includes(end));
});

t.test('a run whose screen goes away goes on in plain lines', async (t) => {
  const { renderer, text } = watched();
  for (const event of RUN.slice(0, 4)) renderer.onEvent(event);
  renderer.toPlain('the screen failed');
  renderer.onEvent(output('train', 'loss 0.4\n'));
  for (const event of RUN.slice(5)) renderer.onEvent(event);
  renderer.close();
  t.match(
    text(),
    /^\[closed\]\nthe screen failed\nplan .*\n↺ fetch .*\n▶ train .*\n\[released\]\ntrain +\| loss 0\.4\n✓ train/,
  );
  t.match(text(), /done in 12s: .*\n$/);
});

t.test('of several runs the last is told', async (t) => {
  const { renderer, text } = watched();
  for (const event of RUN) renderer.onEvent(event);
  renderer.onEvent(plan('fetch'));
  renderer.onEvent(settled('fetch', { kind: 'skipped' }));
  renderer.onEvent(done({ skipped: 1 }));
  renderer.close();
  t.notMatch(text(), 'evaluate');
  t.match(text(), /done in 12s: 1 up to date\n/);
});
