import t from 'tap';
import { createRig } from './rig.ts';
import { hasEnded, until } from './waiting.ts';

t.test('independent stages run at the same time', async (t) => {
  const names = Array.from({ length: 8 }, (_, index) => `s${index}`);
  const stages = names.map(
    // Each waits until all eight have started: were they run in turn, none would ever end.
    (name) =>
      `  ${name}:\n    cmd: touch ${name}.on; while [ $(ls *.on | wc -l) -lt 8 ]; do sleep 0.02; done; touch ${name}\n    outs: [${name}]\n`,
  );
  const rig = createRig(t, { 'pipeline.yaml': `stages:\n${stages.join('')}` });
  const { code, stderr } = await rig.avian('repro -j8');
  t.equal(code, 0, stderr);
});

t.test(
  'two repro at once: both succeed, each stage ran once, the second says whom it waits for',
  async (t) => {
    const rig = createRig(t, {
      'pipeline.yaml': `
stages:
  slow:
    cmd: touch started; while [ ! -e go ]; do sleep 0.02; done; echo ran >> ran.log; touch done
    outs: [done]
`,
    });
    const first = rig.start(['repro']);
    await until(() => rig.read('started') === '');
    const second = rig.start(['repro']);
    let told = '';
    second.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
    await until(() => /wait/i.test(told));
    t.match(told, /avian repro/, 'names the command');
    t.match(told, new RegExp(String(first.pid)), 'names the process');

    const third = rig.start(['repro']);
    third.stderr.on('data', (chunk: Buffer) => {
      if (/wait/i.test(chunk.toString())) third.kill('SIGINT');
    });
    const impatient = await third;
    t.equal(impatient.exitCode, 130, 'a third one may give up waiting');
    t.notMatch(impatient.stderr, 'bug');

    rig.write('go', '');
    const [one, two] = await Promise.all([first, second]);
    t.equal(one.exitCode, 0, one.stderr);
    t.equal(two.exitCode, 0, two.stderr);
    t.equal(rig.read('ran.log'), 'ran\n');
  },
);

t.test('Ctrl-C ends the stage, puts the old out back and exits 130', async (t) => {
  const rig = createRig(t, {
    'pipeline.yaml': 'stages:\n  slow:\n    cmd: sh slow.sh\n    deps: [slow.sh]\n    outs: [x]\n',
    'slow.sh': 'echo good > x\n',
  });
  await rig.avian('repro');
  rig.write('slow.sh', 'echo half > x; echo $$ > pid; sleep 60\n');
  const going = rig.start(['repro']);
  await until(() => rig.read('pid') !== '');
  going.kill('SIGINT');
  const { exitCode, stderr } = await going;
  t.equal(exitCode, 130, stderr);
  t.equal(rig.read('x'), 'good\n');
  t.ok(hasEnded(rig.read('pid')), 'the command is gone');
});

t.test('kill -9: the next run ends the orphan and is as if nothing had been', async (t) => {
  const rig = createRig(t, {
    'pipeline.yaml': 'stages:\n  slow:\n    cmd: sh slow.sh\n    deps: [slow.sh]\n    outs: [x]\n',
    'slow.sh': 'echo good > x\n',
  });
  await rig.avian('repro');
  rig.write(
    'slow.sh',
    'echo half > x; [ -e quick ] || { echo $$ > pid; sleep 60; }; echo new > x\n',
  );
  const going = rig.start(['repro']);
  await until(() => rig.read('pid') !== '');
  going.kill('SIGKILL');
  await going;
  const status = await rig.avian('status');
  t.match(status.stdout, /interrupted/);
  rig.write('quick', '');
  const next = await rig.avian('repro');
  t.equal(next.code, 0, next.stderr);
  t.equal(rig.read('x'), 'new\n');
  t.ok(hasEnded(rig.read('pid')), 'the orphan is gone');
});
