import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import type { AvianEvent } from '../../model/event.ts';
import { done, executed, output, plan, settled, started } from '../../testing/events.ts';
import { attempt } from '../../testing/samples.ts';
import { findOthersRun, type OthersRun } from './follow-events.ts';
import { openEventKeeper } from './keep-events.ts';

const AVIAN = { avian: '1.2.3', pid: process.pid, command: 'avian repro train' };

function project(t: Test) {
  const root = t.testdir({ logs: {} });
  const file = join(root, 'tmp/running/events.jsonl');
  const logs = join(root, 'logs');
  const find = (version = '1.2.3'): OthersRun | undefined =>
    findOthersRun({
      ...{ file, logs, version, pollMs: 2 },
      kill: (pid, signal) => process.kill(pid, signal),
      now: () => 99,
    });
  return {
    file,
    find,
    keeper: () => openEventKeeper(file, AVIAN),
    log: (text: string) => appendFileSync(join(logs, `${attempt()}.log`), text),
  };
}

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
};
const never = new AbortController().signal;

t.test('what was and what comes, what stages print in between, and the end', async (t) => {
  const { file, find, keeper, log } = project(t);
  t.equal(find(), undefined, 'nothing runs');
  const { keep, close } = keeper();
  const told: (readonly [number, AvianEvent])[] = [];
  keep({ at: 1, event: plan('fetch', 'train') });
  keep({ at: 2, event: started('train') });
  keep({ at: 3, event: output('train', 'not kept here\n') });
  log('epoch 1\n');
  const run = find()!;
  t.match(run.head, { pid: process.pid, command: 'avian repro train' });
  const how = run.follow(({ at, event }) => told.push([at, event]), never);
  await until(() => told.length === 3);
  log('epoch 2\n');
  await until(() => told.length === 4);
  log('the last word\n');
  keep({ at: 7, event: settled('train', executed, 5) });
  keep({ at: 8, event: done({ executed: 1 }) });
  close();
  close();
  t.equal(await how, 'over');
  t.match(told, [
    [1, plan('fetch', 'train')],
    [2, started('train')],
    [99, output('train', 'epoch 1\n')],
    [99, output('train', 'epoch 2\n')],
    [99, output('train', 'the last word\n')],
    [7, { type: 'stage-settled', outcome: { kind: 'executed' }, elapsedMs: 5 }],
    [8, { type: 'repro-done' }],
  ]);
  t.notOk(existsSync(file), 'nothing is left behind');
  t.equal(find(), undefined);
});

t.test('the configuration of a run is not copied for who looks on', async (t) => {
  const { file, keeper } = project(t);
  const { keep, close } = keeper();
  if (executed.kind !== 'executed') throw new Error('bug in a test');
  const run = { ...executed.run, config: { secret: 'x'.repeat(1000) } };
  keep({ at: 1, event: settled('train', { ...executed, run }) });
  t.notMatch(readFileSync(file, 'utf8'), 'secret');
  close();
});

t.test('a killed avian is no run, nor is one of another version', async (t) => {
  const { file, find, keeper } = project(t);
  const { keep, close } = keeper();
  keep({ at: 1, event: plan('a') });
  t.equal(find('1.2.4'), undefined);
  const text = readFileSync(file, 'utf8');
  close();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text.replace(`"pid":${process.pid}`, '"pid":4194304'));
  t.equal(find(), undefined, 'its number is free');
  writeFileSync(file, text.replace(/"startTime":"\d+"/, '"startTime":"1"'));
  t.equal(find(), undefined, 'its number went to somebody else');
});

t.test('a run that ends without a word is over; who leaves has left', async (t) => {
  const { find, keeper } = project(t);
  const { keep, close } = keeper();
  keep({ at: 1, event: plan('a') });
  const leaving = new AbortController();
  const left = find()!.follow(() => leaving.abort(), leaving.signal);
  t.equal(await left, 'left');
  const over = find()!.follow(() => undefined, never);
  close();
  t.equal(await over, 'over');
});

t.test('lines that are none, or would lead elsewhere, are passed over', async (t) => {
  const { file, find, keeper } = project(t);
  const { keep, close } = keeper();
  keep({ at: 1, event: plan('a') });
  const elsewhere = { ...started('a'), attempt: '../../../etc/passwd' };
  for (const line of ['', 'x', '[]', '{"at":1}', '{"at":1,"event":{}}', '{"at":1,"event":7}']) {
    appendFileSync(file, `${line}\n`);
  }
  appendFileSync(file, `${JSON.stringify({ at: 1, event: elsewhere })}\n`);
  const told: AvianEvent[] = [];
  const how = find()!.follow(({ event }) => told.push(event), never);
  await until(() => told.length > 0);
  close();
  t.equal(await how, 'over');
  t.same(told, [plan('a')]);
});

t.test('a disk that refuses is no reason to fail', async (t) => {
  const { file, find } = project(t);
  mkdirSync(file, { recursive: true });
  const { keep, close } = openEventKeeper(file, AVIAN);
  keep({ at: 1, event: plan('a') });
  close();
  t.equal(find(), undefined);
});

t.test('of a very long log the end is told', async (t) => {
  const { find, keeper, log } = project(t);
  const { keep, close } = keeper();
  keep({ at: 1, event: started('a') });
  log(`${'x'.repeat(99)}\n`.repeat(30_000));
  log('the end\n');
  let text = '';
  const how = find()!.follow(({ event }) => {
    if (event.type === 'stage-output') text += event.chunk;
  }, never);
  await until(() => text !== '');
  close();
  await how;
  t.ok(text.length <= 2 ** 20);
  t.match(text, /the end\n$/);
});
