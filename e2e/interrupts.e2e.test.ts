import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import { createRig, type Rig } from './rig.ts';
import { hasEnded, until } from './waiting.ts';

const onLinux = process.platform === 'linux' ? {} : { skip: 'needs /proc' };

/** A project with a good out, whose stage is now going to do something else. */
async function stubborn(t: Test, script: string): Promise<Rig> {
  const rig = createRig(t, {
    'pipeline.yaml': 'stages:\n  slow:\n    cmd: sh slow.sh\n    deps: [slow.sh]\n    outs: [x]\n',
    'slow.sh': 'echo good > x\n',
  });
  const { code, stderr } = await rig.avian('repro');
  t.equal(code, 0, stderr);
  rig.write('slow.sh', `echo half > x; ${script}\n`);
  return rig;
}

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  t.test(
    `${signal} ends the stage, puts the old out back and exits ${status}`,
    onLinux,
    async (t) => {
      const rig = await stubborn(t, 'echo $$ > pid; sleep 600');
      const going = rig.start(['repro']);
      await until(() => rig.read('pid') !== '');
      going.kill(signal);
      const { exitCode, stderr } = await going;
      t.equal(exitCode, status, stderr);
      t.equal(rig.read('x'), 'good\n');
      t.ok(hasEnded(rig.read('pid')));
      t.notMatch(stderr, /bug/);
    },
  );
}

t.test(
  'Ctrl-C twice kills a stage that ignores SIGTERM, and the old out is back',
  onLinux,
  async (t) => {
    const rig = await stubborn(t, "trap '' TERM; echo $$ > pid; while :; do sleep 1; done");
    const going = rig.start(['repro']);
    await until(() => rig.read('pid') !== '');
    const pressed = performance.now();
    going.kill('SIGINT');
    await sleep(100);
    going.kill('SIGINT');
    const { exitCode, stderr } = await going;
    t.equal(exitCode, 130, stderr);
    t.ok(hasEnded(rig.read('pid')));
    t.equal(rig.read('x'), 'good\n');
    t.comment(`${Math.round(performance.now() - pressed)} ms`);
  },
);

t.test('a stage that left a daemon behind is ended with it when cancelled', onLinux, async (t) => {
  const rig = await stubborn(t, '(echo $$ > pid; exec sleep 600) & echo $! > daemon; sleep 600');
  const going = rig.start(['repro']);
  await until(() => rig.read('daemon') !== '');
  going.kill('SIGTERM');
  t.equal((await going).exitCode, 143);
  t.ok(hasEnded(rig.read('daemon')));
});

t.test('a terminal that is gone is no error: the run ends by its signal', onLinux, async (t) => {
  const rig = await stubborn(t, 'echo $$ > pid; sleep 600');
  const going = rig.start(['repro']);
  await until(() => rig.read('pid') !== '');
  going.stdout.destroy();
  going.stderr.destroy();
  going.kill('SIGHUP');
  t.equal((await going).exitCode, 129);
  t.equal(rig.read('x'), 'good\n');
});

t.test(
  'stopped and continued, avian goes on where it was, and keeps its lock',
  onLinux,
  async (t) => {
    const rig = await stubborn(
      t,
      'echo $$ > pid; while [ ! -e go ]; do sleep 0.02; done; echo new > x',
    );
    const going = rig.start(['repro']);
    await until(() => rig.read('pid') !== '');
    going.kill('SIGSTOP');
    const second = rig.start(['repro']);
    let told = '';
    second.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
    await until(() => told.includes(`${going.pid}`));
    rig.write('go', '');
    going.kill('SIGCONT');
    const [one, two] = await Promise.all([going, second]);
    t.same([one.exitCode, two.exitCode], [0, 0], one.stderr + two.stderr);
    t.match(two.stderr, /1 up to date/);
    t.equal(rig.read('x'), 'new\n');
  },
);

t.test('two that are killed together leave nothing that a third trips over', onLinux, async (t) => {
  const rig = await stubborn(t, 'echo $$ > pid; [ -e quick ] || sleep 600; echo new > x');
  const first = rig.start(['repro']);
  await until(() => rig.read('pid') !== '');
  const second = rig.start(['repro']);
  let told = '';
  second.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
  await until(() => /wait/.test(told));
  first.kill('SIGKILL');
  second.kill('SIGKILL');
  await Promise.all([first, second]);
  const orphan = rig.read('pid');
  rig.write('quick', '');
  const third = await rig.avian('repro');
  t.equal(third.code, 0, third.stderr);
  t.match(third.stderr, /stage\/orphan-ended.*slow/);
  t.ok(hasEnded(orphan));
  t.equal(rig.read('x'), 'new\n');
});

for (const [what, cmd, words] of [
  ['killed for its memory', 'kill -9 $$', /SIGKILL.*out of memory/],
  ['with a child that was', "sh -c 'kill -9 $$'; exit 137", /SIGKILL.*out of memory/],
  ['not there', 'no-such-program', /127 -> command not found.*no-such-program/s],
  ['not executable', './slow.sh', /126 -> the command is not executable/],
] as const) {
  t.test(`a command that is ${what} is told as that`, async (t) => {
    const rig = createRig(t, {
      'pipeline.yaml': `stages:\n  one:\n    cmd: ${JSON.stringify(cmd)}\n`,
      'slow.sh': 'echo\n',
    });
    const { code, stderr } = await rig.avian('repro');
    t.equal(code, 1);
    t.match(stderr, words);
  });
}

/** Ended, though its number may be taken until init has asked how it ended. */

t.test('a command whose answer will never come ends as a bug, not as a success', async (t) => {
  const rig = createRig(t, {
    'pipeline.yaml': 'stages:\n  one:\n    cmd: touch x\n    outs: [x]\n',
    // git is asked, and nobody calls back.
    'fault.cjs': "require('node:child_process').execFile = () => ({ stdin: { end() {} } });\n",
  });
  const ended = await rig.avian('repro', {
    NODE_OPTIONS: `--require ${join(rig.root, 'fault.cjs')}`,
  });
  t.equal(ended.code, 70);
  t.match(ended.stderr, 'waits for something that will never come');
  t.equal((await rig.avian('status')).code, 0, 'and nothing is in the way of the next one');
});
